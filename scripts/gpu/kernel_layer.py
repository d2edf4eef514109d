"""The normalisations that scripts/gpu/kernels_check.py checks, with torch's results in fp64."""

import ctypes
import functools

import torch
from torch.nn import functional as F

from kernel_device import Outputs

EPS, MOMENTUM = 1e-5, 0.1
KINDS = {"f16": torch.float16, "b16": torch.bfloat16, "f32": torch.float32}
HALVES = ["f16", "b16"]
# By code: what torch computes, and the parameter.
ACTIVATIONS = [
    (lambda x: x, 0.0),
    (F.relu, 0.0),
    (F.gelu, 0.0),
    (functools.partial(F.celu, alpha=0.5), 0.5),
    (F.silu, 0.0),
    (torch.sigmoid, 0.0),
]
# What the relative error of a result in this format may be.
ROUNDED = {"f16": 1e-3, "b16": 5e-3, "f32": 1e-5}


class Layer:
    """A normalisation and what follows it, in fp64; activations are [images, height, width, C]."""

    def __init__(self, images, height, width, channels, kind, v, pool, activation, two):
        torch.manual_seed(channels + height)
        self.kind, self.v, self.pool, self.two = kind, v, pool, two
        apply, parameter = ACTIVATIONS[activation]
        self.activation = (activation, parameter)
        self.channels, self.pixels = channels, images * height * width
        self.out = (height // 2, width // 2) if pool else (height, width)
        self.out_pixels = images * self.out[0] * self.out[1]
        self.suffix = f"v{v}_{kind}"
        self.name = ("pool_" if pool else "") + self.suffix
        offsets = torch.randn(channels)
        self.input = (self.random(images, height, width) + offsets).to(KINDS[kind])
        self.second, self.grad = self.random(images, *self.out), self.random(images, *self.out)
        self.gamma, self.beta, self.mean, self.var = (torch.rand(channels) + 0.5 for _ in range(4))
        exact = [t.double().requires_grad_() for t in (self.input, self.gamma, self.beta)]
        self.running = self.mean.double(), self.var.double()
        x = exact[0].permute(0, 3, 1, 2)
        y = F.batch_norm(x, *self.running, exact[1], exact[2], True, MOMENTUM, EPS)
        y = apply(y)
        y = (F.max_pool2d(y, 2) if pool else y).permute(0, 2, 3, 1)
        grad = self.grad.double() + (self.second.double() if two else 0)
        self.grads = torch.autograd.grad(y, exact, grad)
        self.output = y.detach() + (self.second.double() if two else 0)
        flat = exact[0].detach().view(-1, channels)
        mean, inverse = flat.mean(0), (flat.var(0, unbiased=False) + EPS).rsqrt()
        scale = self.gamma.double() * inverse
        self.moments = torch.stack([mean, inverse, scale, self.beta.double() - scale * mean])
        b = -scale * inverse * self.grads[1] / self.pixels
        self.factors = torch.stack([scale, b, -scale * self.grads[2] / self.pixels - b * mean])

    def random(self, *shape):
        return torch.randn(*shape, self.channels).to(KINDS[self.kind])

    def reduction(self, outputs, grid):
        """Partials and tickets."""
        return outputs.new(grid[0] * grid[1], 128), torch.zeros(grid[1], dtype=torch.int32)

    def optional(self):
        return self.second if self.two else None

    def statistics(self, result):
        outputs = Outputs()
        grid = result.device.grid(self.pixels, self.channels, self.v, True)
        partials, tickets = self.reduction(outputs, grid)
        moments = outputs.new(4, self.channels)
        mean, var = outputs.new(like=self.mean), outputs.new(like=self.var)

        def call():
            result.device.launch(
                f"statistics_{self.suffix}", grid, self.input, self.gamma, self.beta, mean, var,
                moments, partials, tickets, self.pixels, self.channels,
                ctypes.c_double(MOMENTUM), ctypes.c_double(EPS),
            )  # fmt: skip

        call()
        for found, exact in zip([*moments, mean, var], [*self.moments, *self.running]):
            result.error(found, exact, 2e-5)
        self.repeated(result, call, tickets, [moments])
        result.demand(outputs.intact(), "it writes beyond its outputs")
        result.time(self.input.nbytes, call)

    def normalise(self, result):
        outputs = Outputs()
        output, moments = outputs.new(*self.grad.shape, kind=KINDS[self.kind]), self.moments.float()
        grid = result.device.grid(self.out_pixels, self.channels, self.v, False)

        def call():
            result.device.launch(
                f"normalise_{self.name}", grid, self.input, output, self.optional(), moments,
                self.out_pixels, self.channels, self.out[1], *self.activation,
            )  # fmt: skip

        call()
        result.error(output, self.output, ROUNDED[self.kind])
        result.demand(outputs.intact(), "it writes beyond its outputs")
        result.time(self.input.nbytes + output.nbytes * (1 + self.two), call)

    def gradient_sums(self, result):
        outputs = Outputs()
        grid = result.device.grid(self.out_pixels, self.channels, self.v, True)
        partials, tickets = self.reduction(outputs, grid)
        by, factors = outputs.new(2, self.channels), outputs.new(3, self.channels)
        moments = self.moments.float()

        def call():
            result.device.launch(
                f"gradient_sums_{self.name}", grid, self.input, self.grad, self.optional(), moments,
                self.gamma, by[0], by[1], factors, partials, tickets, self.out_pixels,
                self.channels, self.out[1], *self.activation,
            )  # fmt: skip

        call()
        for found, exact in zip([*by, *factors], [*self.grads[1:], *self.factors]):
            result.error(found, exact, 2e-3)
        self.repeated(result, call, tickets, [by, factors])
        result.demand(outputs.intact(), "it writes beyond its outputs")
        result.time(self.input.nbytes + self.grad.nbytes * (1 + self.two), call)

    def gradient_input(self, result):
        outputs = Outputs()
        moments, factors = self.moments.float(), self.factors.float()
        grad = outputs.new(*self.input.shape, kind=KINDS[self.kind])
        in_place = outputs.new(like=self.input)
        grid = result.device.grid(self.out_pixels, self.channels, self.v, False)

        def call(source=self.input, target=grad):
            result.device.launch(
                f"gradient_input_{self.name}", grid, source, self.grad, self.optional(), target,
                moments, factors, self.out_pixels, self.channels, self.out[1], *self.activation,
            )  # fmt: skip

        call()
        call(in_place, in_place)
        result.error(grad, self.grads[0], 2 * ROUNDED[self.kind])
        result.demand(torch.equal(grad, in_place), "in place it gives something else")
        result.demand(outputs.intact(), "it writes beyond its outputs")
        result.time(2 * self.input.nbytes + self.grad.nbytes * (1 + self.two), call)

    def repeated(self, result, call, tickets, found):
        before = [tensor.clone() for tensor in found]
        for _ in range(1 if result.device.emulated else 20):
            call()
            same = all(torch.equal(old, new) for old, new in zip(before, found))
            result.demand(same, "it gives something else when it is repeated")
        result.demand(not tickets.any(), "it leaves tickets")
