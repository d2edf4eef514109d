"""The kernels of weights that scripts/gpu/kernels_check.py checks."""

import struct

import torch

from kernel_device import Outputs, new_state
from kernel_layer import KINDS

CHUNK, SCALE = 2048, 0.25
RATES = [(0.4 / (group + 1), group % 3 * 2e-2) for group in range(8)]


def on_device(data):
    return torch.frombuffer(bytearray(data), dtype=torch.uint8).to(torch.get_default_device())


def chunks_of(counts):
    """The table of chunks, and the grid."""
    data = b"".join(
        struct.pack("<2I", number, first)
        for number, count in enumerate(counts)
        for first in range(0, count, CHUNK)
    )
    return on_device(data), (len(data) // 8, 1)


class Weight:
    """Weights with `filters`, and `channels` of `padded` ones in the gradient and the copy."""

    def __init__(self, outputs, kind, filters, channels, padded, pixels, planes, wide, copied):
        shape = (filters, channels, pixels) if planes else (filters, pixels, channels)
        self.channels, self.planes, self.wide, self.copied = channels, planes, wide, copied
        self.weight, self.first = (outputs.new(like=torch.randn(shape)) for _ in range(2))
        self.second = outputs.new(like=torch.rand(shape))
        grad = torch.randn(filters, pixels, padded)
        self.grad = grad if wide else grad.to(KINDS[kind])
        self.copy = outputs.new(like=torch.full_like(grad, 3, dtype=KINDS[kind]))
        self.old = [t.double() for t in (self.weight, self.first, self.second)]
        self.fields = (self.weight.numel(), channels, padded, pixels if planes else 1)

    def entry(self, group):
        pointers = [t.data_ptr() for t in (self.weight, self.first, self.second, self.grad)]
        pointers.append(self.copy.data_ptr() * self.copied)
        return struct.pack("<5Q6I", *pointers, *self.fields, group, self.wide)

    def of(self, padded):
        """The numbers of the weight, in its order, among those of the gradient or the copy."""
        own = padded[..., : self.channels]
        return own.transpose(1, 2) if self.planes else own

    def check_copy(self, result, kind, padding):
        if not self.copied:
            return
        same = torch.equal(self.of(self.copy), self.weight.to(KINDS[kind]))
        result.demand(same, "the copy is not the weight")
        rest = self.copy[..., self.channels :]
        result.demand(bool((rest == padding).all()), "the padding of the copy")

    def moved(self, states):
        sizes = 8 * states * self.weight.numel() + self.grad.nbytes
        return sizes + self.copied * self.copy.nbytes


class Weights:
    """The convolutions of resnet9, and what else there may be."""

    def __init__(self, result, kind):
        emulated = result.device.emulated
        convolutions = [(24, 16), (5, 7)] if emulated else [(128, 64), (128, 128), (128, 128)]
        if not emulated:
            convolutions += [(256, 128), (512, 256), (512, 512), (512, 512)]
        shapes = [(filters, c, c, 9, 0, 0, 1) for filters, c in convolutions]
        shapes += [(64, 3, 8, 9, 0, 0, 1), (64, 3, 8, 9, 1, 0, 1), (10, 512, 512, 1, 0, 0, 1)]
        shapes += [(512, 1, 1, 1, 0, 1, 0), (3, 5, 16, 4, 0, 1, 1)]
        self.outputs = Outputs()
        self.all = [Weight(self.outputs, kind, *shape) for shape in shapes]
        self.table = on_device(b"".join(w.entry(i % 8) for i, w in enumerate(self.all)))
        self.chunks, self.grid = chunks_of([w.weight.numel() for w in self.all])
        self.state = new_state(self.outputs)
        floats = self.state.view(torch.float32)
        floats[16] = SCALE
        floats[24:42] = torch.tensor([number for rate in RATES for number in rate] + [5, 20])

    def rated(self):
        return ((w, *RATES[i % 8]) for i, w in enumerate(self.all))

    def skipped(self, result, call):
        """A step with a gradient that is not finite changes nothing."""
        before = [t.clone() for w in self.all for t in (w.weight, w.first, w.second, w.copy)]
        self.state.view(torch.int32)[20] = 1
        call()
        after = [t for w in self.all for t in (w.weight, w.first, w.second, w.copy)]
        same = all(torch.equal(old, new) for old, new in zip(before, after))
        result.demand(same, "it takes a gradient that is not finite")
        self.state.view(torch.int32)[20] = 0
        result.demand(self.outputs.intact(), "it writes beyond its outputs")


def sgd(result, kind):
    weights, momentum = Weights(result, kind), 0.9

    def call():
        operands = (weights.table, weights.chunks, weights.state, momentum, 1)
        result.device.launch(f"sgd_{kind}", weights.grid, *operands)

    call()
    for w, rate, decay in weights.rated():
        change = -rate * w.of(w.grad).double() / SCALE - decay * w.old[0]
        faster = momentum * w.old[1] + change
        result.error(w.first, faster, 1e-6)
        result.error(w.weight, w.old[0] + momentum * faster + change, 1e-6)
        w.check_copy(result, kind, 3)
    weights.skipped(result, call)
    result.time(sum(w.moved(2) for w in weights.all), call)


def adamw(result, kind):
    weights, beta1, beta2, eps, inverse = Weights(result, kind), 0.9, 0.99, 0.1, 0.125

    def call():
        operands = (weights.table, weights.chunks, weights.state, beta1, beta2, eps, inverse)
        result.device.launch(f"adamw_{kind}", weights.grid, *operands)

    call()
    for w, rate, decay in weights.rated():
        g = w.of(w.grad).double() * inverse / SCALE
        mean = beta1 * w.old[1] + (1 - beta1) * g
        square = beta2 * w.old[2] + (1 - beta2) * g * g
        result.error(w.first, mean, 1e-5)
        result.error(w.second, square, 1e-5)
        moved = w.old[0] * (1 - decay) - rate * 5 * mean / (square.sqrt() * 20 + eps)
        result.error(w.weight, moved, 1e-5)
        w.check_copy(result, kind, 3)
    weights.skipped(result, call)
    result.time(sum(w.moved(3) for w in weights.all), call)


def finite(result, kind):
    weights = Weights(result, kind)
    words = weights.state.view(torch.int32)

    def call():
        operands = (weights.table, weights.chunks, weights.state)
        result.device.launch(f"finite_{kind}", weights.grid, *operands)

    call()
    result.demand(int(words[20]) == 0, "it finds what is not there")
    for w in weights.all:
        own = w.of(w.grad)
        for number in (float("inf"), float("nan")):
            at = tuple(size - 1 for size in own.shape)
            old, words[20] = own[at].clone(), 0
            own[at] = number
            call()
            result.demand(int(words[20]) == 1, "it does not find a number that is not finite")
            own[at] = old
    words[20] = 0
    result.demand(weights.outputs.intact(), "it writes beyond its outputs")
    result.time(sum(w.grad.nbytes for w in weights.all), call)


def copy_weights(result, kind):
    weights = Weights(result, kind)

    def call():
        result.device.launch(f"copy_weights_{kind}", weights.grid, weights.table, weights.chunks)

    call()
    for w in weights.all:
        w.check_copy(result, kind, 0)
    result.demand(weights.outputs.intact(), "it writes beyond its outputs")
    result.time(sum(w.weight.nbytes + w.copy.nbytes for w in weights.all), call)


def lerp(result):
    outputs, part = Outputs(), 0.125
    counts = [1, 257, 5000] if result.device.emulated else [1, 257, 5000, 4 << 20]
    to, source = ([outputs.new(like=torch.randn(n)) for n in counts] for _ in range(2))
    expected = [torch.lerp(t.double(), f.double(), part) for t, f in zip(to, source)]
    table = b"".join(
        struct.pack("<2Q2I", t.data_ptr(), f.data_ptr(), len(t), 0) for t, f in zip(to, source)
    )
    (chunks, grid), state, table = chunks_of(counts), new_state(outputs), on_device(table)
    state.view(torch.float32)[24 + 20] = part

    def call():
        result.device.launch("lerp", grid, table, chunks, state, 20)

    call()
    for found, exact in zip(to, expected):
        result.error(found, exact, 1e-6)
    result.demand(outputs.intact(), "it writes beyond its outputs")
    result.time(3 * sum(t.nbytes for t in to), call)


def advance(result):
    outputs, steps, batch = Outputs(), 9, 512
    state, rows = new_state(outputs), torch.randn(steps, 32)
    words, floats = state.view(torch.int32), state.view(torch.float32)
    floats[16] = 1

    def call():
        result.device.launch("advance", (1, 1), state, rows, batch, 4, threads=32)

    for step in range(steps):
        words[20] = step == 5
        call()
        told = [step + 1, step + 1, step * batch, 0, int(step >= 5)]
        result.demand(words[17:22].tolist() == told, f"its numbers of step {step}")
        scale = 1 if step < 3 or 5 <= step < 9 else 2
        result.demand(float(floats[16]) == scale, f"the scale of step {step}")
        result.demand(torch.equal(floats[24:], rows[step]), f"the scalars of step {step}")
    result.demand(outputs.intact(), "it writes beyond its outputs")

    def again():
        words[17] = 0
        call()

    result.time(state.nbytes, again)
