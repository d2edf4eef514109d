"""The kernels that scripts/gpu/kernels_check.py checks, with operands and torch's results."""

import ctypes
import functools

import torch
from torch.nn import functional as F

import kernel_weights as weights
from kernel_device import Outputs, new_state
from kernel_layer import ACTIVATIONS, HALVES, KINDS, ROUNDED, Layer

# The normalisations of resnet9: name, side of the input, channels, whether a pool follows, whether
# a residual is added, whether two gradients come back.
LAYERS = {
    "prep": (32, 64, 0, 0, 0),
    "layer1": (32, 128, 1, 0, 1),
    "res1a": (16, 128, 0, 0, 0),
    "res1b": (16, 128, 0, 1, 0),
    "layer2": (16, 256, 1, 0, 0),
    "layer3": (8, 512, 1, 0, 1),
    "res3a": (4, 512, 0, 0, 0),
    "res3b": (4, 512, 0, 1, 0),
}


@functools.lru_cache(maxsize=2)
def layer(*of):
    return Layer(*of)


def global_max(result, kind, v, backward):
    channels, side, images = (512, 4, result.batch) if v > 1 else (10, 5, min(result.batch, 64))
    x = torch.randn(images, side, side, channels).to(KINDS[kind])
    x = (x * 4).round() / 4  # many equal ones
    grad = torch.randn(images, channels).to(KINDS[kind])
    exact = x.double().requires_grad_()
    y = F.max_pool2d(exact.permute(0, 3, 1, 2), side).flatten(1)
    outputs, grid = Outputs(), (-(-images * (channels // v) // 256), 1)
    found = outputs.new(*(x.shape if backward else grad.shape), kind=KINDS[kind])
    sizes = (images, side * side, channels)

    def call():
        if backward:
            result.device.launch(f"global_max_gradient_v{v}_{kind}", grid, x, grad, found, *sizes)
        else:
            result.device.launch(f"global_max_v{v}_{kind}", grid, x, found, *sizes)

    call()
    expected = torch.autograd.grad(y, exact, grad.double())[0] if backward else y
    result.error(found, expected, 1e-9)
    result.demand(outputs.intact(), "it writes beyond its outputs")
    result.time((1 + backward) * x.nbytes + grad.nbytes, call)


def max_pool(result, kind, v, backward):
    channels, side, images = (72, 8, result.batch) if v > 1 else (10, 7, min(result.batch, 64))
    x = (torch.randn(images, side, side, channels) * 4).round().div(4).to(KINDS[kind])
    grad = torch.randn(images, side // 2, side // 2, channels).to(KINDS[kind])
    exact = x.double().requires_grad_()
    y = F.max_pool2d(exact.permute(0, 3, 1, 2), 2).permute(0, 2, 3, 1)
    outputs, pixels = Outputs(), images * (side // 2) ** 2
    grid = result.device.grid(pixels, channels, v, False)
    found = outputs.new(*(x.shape if backward else grad.shape), kind=KINDS[kind])
    sizes = (pixels, channels, side, side)

    def call():
        if backward:
            result.device.launch(f"max_pool_gradient_v{v}_{kind}", grid, x, grad, found, *sizes)
        else:
            result.device.launch(f"max_pool_v{v}_{kind}", grid, x, found, *sizes)

    call()
    expected = torch.autograd.grad(y, exact, grad.double())[0] if backward else y
    result.error(found, expected, 1e-9)
    result.demand(outputs.intact(), "it writes beyond its outputs")
    result.time((1 + backward) * x.nbytes + grad.nbytes, call)


def dropout(result, kind):
    count, keep, outputs = result.batch * 1000 + 5, 0.75, Outputs()
    x = torch.randn(count).to(KINDS[kind])
    x[x == 0] = 1
    state = new_state(outputs)
    y, again = (outputs.new(count, kind=KINDS[kind]) for _ in range(2))
    grid = (-(-count // 2048), 1)

    def call(to=y, step=7):
        state.view(torch.int32)[18] = step
        seed = ctypes.c_ulonglong(0x123456789ABCDEF)
        result.device.launch(f"dropout_{kind}", grid, x, to, state, seed, keep, count)

    call()
    kept = y != 0
    result.error(y, torch.where(kept, x.double() / keep, 0.0), ROUNDED[kind])
    result.demand(abs(float(kept.double().mean()) - keep) < 3 / count**0.5, "it keeps other parts")
    call(again)
    result.demand(torch.equal(y, again), "it gives something else when it is repeated")
    call(again, 8)
    result.demand(not torch.equal(y, again), "it keeps the same in the next step")
    result.demand(outputs.intact(), "it writes beyond its outputs")
    result.time(x.nbytes + y.nbytes, call)


def cross_entropy(result, kind, lanes):
    classes, smoothing = (10, 0.2) if lanes == "thread" else (100, 0.1)
    logits = torch.randn(result.batch, classes).mul(2).to(KINDS[kind])
    labels = torch.randint(classes, (result.batch,))
    outputs = Outputs()
    grad, state = outputs.new(*logits.shape, kind=KINDS[kind]), new_state(outputs)
    state.view(torch.float32)[16] = 2
    exact = logits.double().requires_grad_()
    loss = F.cross_entropy(exact, labels, reduction="sum", label_smoothing=smoothing)
    expected = torch.autograd.grad(loss, exact)[0] * 2

    def call(to=grad):
        name, sizes = f"cross_entropy_{lanes}_{kind}", (result.batch, classes)
        operands = (logits, labels, to, state)
        result.device.launch(name, (1, 1), *operands, *sizes, smoothing, threads=512)

    call()
    # The first of equal logits, as the kernel takes it.
    best = (logits == logits.amax(1, keepdim=True)).int().argmax(1)
    right = int((best == labels).sum())
    result.error(state[:1], loss.view(1), 1e-5)
    result.error(grad, expected, ROUNDED[kind])
    result.demand(int(state[1]) == right, "it counts other predictions")
    call(None)
    result.error(state[:1], 2 * loss.view(1), 1e-5)
    result.demand(outputs.intact(), "it writes beyond its outputs")
    result.time(2 * logits.nbytes, call)


def augment(result, kind):
    side, pad, channels, cutout, count = (32, 4, 3, 8, 2 * result.batch + 3)
    images = torch.randint(
        256, (count, side + 2 * pad, side + 2 * pad, channels), dtype=torch.uint8
    )
    labels = torch.randint(10, (count,))
    first = 5

    def draw(end):
        return torch.randint(end, (first + result.batch,), dtype=torch.int32)

    image, flip = draw(count), draw(2)
    top, left, cut_top, cut_left = (draw(e) for e in [2 * pad + 1] * 2 + [side - cutout + 1] * 2)
    draws = torch.stack([image, top | left << 16, cut_top | cut_left << 16, flip], 1).contiguous()
    mean, deviation = [120.0 + 5 * c for c in range(8)], [60.0 + c for c in range(8)]
    colours = (ctypes.c_float * 16)(*mean, *deviation)
    outputs = Outputs()
    output = outputs.new(result.batch, side, side, 8, kind=KINDS[kind])
    labels_out, state = outputs.new(result.batch, kind=torch.int64), new_state(outputs)
    state.view(torch.int32)[19] = first

    def call():
        sizes = (side, side, pad, channels, cutout, colours)
        operands = (images, labels, draws, state, output, labels_out)
        result.device.launch(f"augment_{kind}", (result.batch, 1), *operands, *sizes)

    call()
    image, top, left, cut_top, cut_left, flip = (
        t[first:].long().view(-1, 1, 1) for t in (image, top, left, cut_top, cut_left, flip)
    )
    y = torch.arange(side).view(1, -1, 1)
    x = torch.arange(side).view(1, 1, -1)
    expected = torch.zeros(result.batch, side, side, 8, dtype=torch.float64)
    pixels = images[image, top + y, left + torch.where(flip > 0, side - 1 - x, x)].double()
    for c in range(channels):
        expected[..., c] = (pixels[..., c] - mean[c]) / deviation[c]
    cut = (y >= cut_top) & (y < cut_top + cutout) & (x >= cut_left) & (x < cut_left + cutout)
    expected[cut] = 0
    result.error(output, expected, ROUNDED[kind])
    result.demand(torch.equal(labels_out, labels[image.flatten()]), "it takes other labels")
    result.demand(outputs.intact(), "it writes beyond its outputs")
    result.time(result.batch * (side + 2 * pad) ** 2 * channels + output.nbytes, call)


CURVES = range(2, len(ACTIVATIONS))
STEPS = ["statistics", "normalise", "gradient_sums", "gradient_input"]


def cases(batch):
    """By name: what is called with a result. The name begins with that of the kernel."""
    found = {}

    def of_layer(name, kernel, shape):
        def check(result):
            getattr(layer(*shape), kernel)(result)

        found[name] = check

    # All formats and accesses, at sizes with a rest of everything.
    for kind in KINDS:
        for v, channels in ((4 if kind == "f32" else 8, 72), (1, 10)):
            for pool in (0, 1):
                for activation, two in [(0, 1), (1, 0)] + [(a, a % 2) for a in CURVES]:
                    tail = f" {activation}" + " two" * two
                    for kernel in STEPS:
                        if kernel == "statistics" and (pool or activation):
                            continue
                        name = "_pool" * (pool and kernel != "statistics") + f"_v{v}_{kind}"
                        name = f"{kernel}{name} small{tail if kernel != 'statistics' else ''}"
                        of_layer(name, kernel, (3, 6, 10, channels, kind, v, pool, activation, two))
    for kind in KINDS:
        for v in (4 if kind == "f32" else 8, 1):
            for name, check in (("global_max", global_max), ("max_pool", max_pool)):
                for end, backward in (("", False), ("_gradient", True)):
                    found[f"{name}{end}_v{v}_{kind}"] = functools.partial(
                        check, kind=kind, v=v, backward=backward
                    )
        for lanes in ("thread", "warp"):
            found[f"cross_entropy_{lanes}_{kind}"] = functools.partial(
                cross_entropy, kind=kind, lanes=lanes
            )
        found[f"augment_{kind}"] = functools.partial(augment, kind=kind)
        found[f"dropout_{kind}"] = functools.partial(dropout, kind=kind)
    for kind in HALVES:
        for check in (weights.sgd, weights.adamw, weights.finite, weights.copy_weights):
            found[f"{check.__name__}_{kind}"] = functools.partial(check, kind=kind)
    found["lerp"], found["advance"] = weights.lerp, weights.advance
    for name, (side, channels, pool, residual, two) in LAYERS.items():
        for kernel in STEPS:
            # A residual is added forward, a second gradient backward.
            second = residual if kernel == "normalise" else two
            shape = (batch, side, side, channels, "f16", 8, pool, 1, second)
            kind = "_pool" * (pool and kernel != "statistics") + "_v8_f16"
            of_layer(f"{kernel}{kind} {name}", kernel, shape)
    return found
