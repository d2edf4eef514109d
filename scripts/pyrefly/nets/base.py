"""The base of the search: the searched nets are values of `res` and `extra`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import torch
from torch import nn
from torch.nn import functional as F

from blocks import ConvBN, Residual

if TYPE_CHECKING:
    from shape_extensions import Int, IntVar
    from torch import Tensor


type Stages = tuple[Literal[1, 2, 3], ...]


class Stage[I: IntVar, O: IntVar](nn.Module):
    def __init__(self, c_in: Int[I], c_out: Int[O], res: bool, extra: bool):
        super().__init__()
        self.conv = ConvBN(c_in, c_out)
        self.pool = nn.MaxPool2d(2)
        self.res = Residual(c_out) if res else nn.Identity()
        self.extra = ConvBN(c_out, c_out) if extra else nn.Identity()

    def forward[B: IntVar, H: IntVar, W: IntVar](
        self, x: Tensor[[B, I, H, W]]
    ) -> Tensor[[B, O, H // 2, W // 2]]:
        out = self.pool(self.conv(x))
        return self.extra(self.res(out))


class Base(nn.Module):
    def __init__(self, res: Stages = (), extra: Stages = ()):
        super().__init__()
        self.prep = ConvBN(3, 64)
        self.layer1 = Stage(64, 128, 1 in res, 1 in extra)
        self.layer2 = Stage(128, 256, 2 in res, 2 in extra)
        self.layer3 = Stage(256, 512, 3 in res, 3 in extra)
        self.linear = nn.Linear(512, 10, bias=False)

    def forward[B: IntVar](self, x: Tensor[[B, 3, 32, 32]]) -> Tensor[[B, 10]]:
        x1 = self.layer1(self.prep(x))
        x2 = self.layer2(x1)
        x3 = self.layer3(x2)
        features = F.max_pool2d(x3, 4).flatten(1)
        return self.linear(features) * 0.125


def smoke() -> None:
    net = Base()
    logits = net(torch.randn(4, 3, 32, 32))
    assert logits.shape == (4, 10)
    assert sum(p.numel() for p in net.parameters()) == 1_557_056
