"""The kernels that scripts/gpu/kernels_check.py checks, with their operands and torch's results."""

import ctypes
import functools
import struct

import torch
from torch.nn import functional as F

from kernel_device import Outputs
from kernel_layer import HALVES, KINDS, ROUNDED, Layer

# The normalisations of resnet9: name, side of the input, channels, whether a pool follows, whether a
# residual is added, whether two gradients come back.
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
    channels, side, images = (512, 4, result.batch) if v == 8 else (10, 5, min(result.batch, 64))
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


def new_state(outputs):
    """The state: the loss, correct predictions, step, first, and eight pairs of rates."""
    return outputs.new(like=torch.zeros(11, dtype=torch.float64))


def cross_entropy(result, kind, lanes):
    classes, scale, smoothing = (10, 0.125, 0.2) if lanes == "thread" else (100, 1.0, 0.1)
    logits = torch.randn(result.batch, classes).mul(2 / scale).to(KINDS[kind])
    labels = torch.randint(classes, (result.batch,), dtype=torch.int32)
    outputs = Outputs()
    grad, state = outputs.new(*logits.shape, kind=KINDS[kind]), new_state(outputs)
    exact = logits.double().requires_grad_()
    loss = F.cross_entropy(exact * scale, labels.long(), reduction="sum", label_smoothing=smoothing)
    expected = torch.autograd.grad(loss, exact)[0] * 2

    def call(to=grad):
        name, sizes = f"cross_entropy_{lanes}_{kind}", (result.batch, classes)
        factors = (scale, smoothing, 2.0)
        result.device.launch(name, (1, 1), logits, labels, to, state, *sizes, *factors, threads=512)

    call()
    # The first of equal logits, as the kernel takes it.
    best = (logits == logits.amax(1, keepdim=True)).int().argmax(1)
    right = int((best == labels).sum())
    result.error(state[:1], loss.view(1), 1e-5)
    result.error(grad, expected, ROUNDED[kind])
    result.demand(int(state[1:2].view(torch.int64)) == right, "it counts other predictions")
    call(None)
    result.error(state[:1], 2 * loss.view(1), 1e-5)
    result.demand(outputs.intact(), "it writes beyond its outputs")
    result.time(2 * logits.nbytes, call)


def augment(result, kind):
    side, pad, channels, cutout, count = (32, 4, 3, 8, 2 * result.batch + 3)
    images = torch.randint(
        256, (count, side + 2 * pad, side + 2 * pad, channels), dtype=torch.uint8
    )
    labels = torch.randint(10, (count,), dtype=torch.int32)
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
    labels_out, state = outputs.new(result.batch, kind=torch.int32), new_state(outputs)
    state.view(torch.int32)[5] = first

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


def sgd(result, kind, at):
    # The convolutions of resnet9, and what else there may be: filters, input channels, those of the
    # copy, pixels, whether planes are innermost, whether the gradient is fp32, whether there is a copy.
    convolutions = (
        [(24, 16), (5, 7)] if result.device.emulated else [(128, 64), (128, 128), (128, 128)]
    )
    if not result.device.emulated:
        convolutions += [(256, 128), (512, 256), (512, 512), (512, 512)]
    shapes = [(filters, c, c, 9, 0, 0, 1) for filters, c in convolutions]
    shapes += [(64, 3, 8, 9, 0, 0, 1), (64, 3, 8, 9, 1, 0, 1), (10, 512, 512, 1, 0, 0, 1)]
    shapes += [(512, 1, 1, 1, 0, 1, 0), (3, 5, 16, 4, 0, 1, 1)]
    outputs, table, chunks, weights, moved = Outputs(), b"", b"", [], 0
    rates = [(0.4 / (group + 1), group % 3 * 2e-4) for group in range(8)]
    for number, (filters, c, padded, pixels, planes, wide, copied) in enumerate(shapes):
        shape = (filters, c, pixels) if planes else (filters, pixels, c)
        weight, velocity = (outputs.new(like=torch.randn(shape)) for _ in range(2))
        grad = torch.randn(filters, pixels, padded)
        grad = grad if wide else grad.to(KINDS[kind])
        copy = outputs.new(like=torch.full_like(grad, 3, dtype=KINDS[kind]))
        group, count = number % 8, weight.numel()
        pointers = [t.data_ptr() for t in (weight, velocity, grad)] + [copy.data_ptr() * copied]
        fields = (count, c, padded, pixels if planes else 1, group, wide)
        table += struct.pack("<4Q6I", *pointers, *fields)
        chunks += b"".join(struct.pack("<2I", number, f) for f in range(0, count, 2048))
        old = (weight.clone(), velocity.clone())
        weights.append((weight, velocity, grad, copy, copied, planes, rates[group], *old))
        moved += 16 * count + grad.nbytes + copied * copy.nbytes
    table, parts = (
        torch.frombuffer(bytearray(b), dtype=torch.uint8).to(torch.get_default_device())
        for b in (table, chunks)
    )
    momentum, nesterov, state = 0.9, 1, new_state(outputs)
    flat = [number for pair in rates for number in pair]
    state.view(torch.float32)[6:] = torch.tensor(flat)
    grid = (len(chunks) // 8, 1)

    def call():
        given = (ctypes.c_float * 16)(*flat) if at else state
        name = f"sgd_at_{kind}" if at else f"sgd_{kind}"
        result.device.launch(name, grid, table, parts, given, momentum, nesterov)

    call()
    for weight, velocity, grad, copy, copied, planes, (rate, decay), old, speed in weights:
        c = weight.shape[1 if planes else 2]
        g = grad[..., :c].double()
        g = g.transpose(1, 2) if planes else g
        change = -rate * g - decay * old.double()
        faster = momentum * speed.double() + change
        expected = old.double() + momentum * faster + change
        result.error(velocity, faster, 1e-6)
        result.error(weight, expected, 1e-6)
        if copied:
            rounded = copy[..., :c].transpose(1, 2) if planes else copy[..., :c]
            result.demand(
                torch.equal(rounded, weight.to(KINDS[kind])), "the copy is not the weight"
            )
            result.demand(bool((copy[..., c:] == 3).all()), "it writes into the padding")
    result.demand(outputs.intact(), "it writes beyond its outputs")
    result.time(moved, call)


def advance(result):
    outputs = Outputs()
    state, steps, batch, decay = new_state(outputs), 98, 512, 5e-4 * 512
    knots, values = (torch.tensor(v, dtype=torch.float64) for v in ([0, 5, 24], [0.0, 0.4, 0.0]))
    scales = torch.tensor([1.0, 64.0])

    def call():
        rest = (3, scales, 2, steps, batch, ctypes.c_double(decay))
        result.device.launch("advance", (1, 1), state, knots, values, *rest, threads=32)

    found, expected, words = [], [], []
    for step in range(250):
        call()
        epoch = (step + 1) / steps
        rate = 0.4 * epoch / 5
        found.append(state.view(torch.float32)[6:10].clone())
        words.append(state.view(torch.int32)[4:6].clone())
        row = [rate / batch, rate * decay, rate * 64 / batch, rate * decay]
        expected.append([*row, step + 1, step % steps * batch])
    expected = torch.tensor(expected, dtype=torch.float64)
    result.error(torch.stack(found), expected[:, :4], 1e-6)
    result.error(torch.stack(words), expected[:, 4:], 1e-12)
    result.demand(outputs.intact(), "it writes beyond its outputs")
    result.time(state.nbytes, call)


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
                for relu, two in ((0, 1), (1, 0)):
                    tail = " relu" * relu + " two" * two
                    for kernel in STEPS:
                        if kernel == "statistics" and (pool or relu):
                            continue
                        name = "_pool" * (pool and kernel != "statistics") + f"_v{v}_{kind}"
                        name = f"{kernel}{name} small{tail if kernel != 'statistics' else ''}"
                        of_layer(name, kernel, (3, 6, 10, channels, kind, v, pool, relu, two))
    for kind in HALVES:
        for v in (8, 1):
            for name, backward in (("global_max", False), ("global_max_gradient", True)):
                found[f"{name}_v{v}_{kind}"] = functools.partial(
                    global_max, kind=kind, v=v, backward=backward
                )
        for lanes in ("thread", "warp"):
            found[f"cross_entropy_{lanes}_{kind}"] = functools.partial(
                cross_entropy, kind=kind, lanes=lanes
            )
        found[f"augment_{kind}"] = functools.partial(augment, kind=kind)
        found[f"sgd_{kind}"] = functools.partial(sgd, kind=kind, at=False)
        found[f"sgd_at_{kind}"] = functools.partial(sgd, kind=kind, at=True)
    found["advance"] = advance
    for name, (side, channels, pool, residual, two) in LAYERS.items():
        for kernel in STEPS:
            # A residual is added forward, a second gradient backward.
            second = residual if kernel == "normalise" else two
            shape = (batch, side, side, channels, "f16", 8, pool, 1, second)
            kind = "_pool" * (pool and kernel != "statistics") + "_v8_f16"
            of_layer(f"{kernel}{kind} {name}", kernel, shape)
    return found
