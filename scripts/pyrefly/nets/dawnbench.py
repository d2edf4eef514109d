"""The DAWNBench net that the article starts from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn import functional as F

from blocks import PreAct, PreActDown

if TYPE_CHECKING:
    from shape_extensions import IntVar
    from torch import Tensor


class DawnBench(nn.Module):
    def __init__(self):
        super().__init__()
        self.prep = nn.Conv2d(3, 64, 3, padding=1, bias=False)
        self.layer1 = nn.Sequential(PreAct(64), PreAct(64))
        self.layer2 = nn.Sequential(PreActDown(64, 128), PreAct(128))
        self.layer3 = nn.Sequential(PreActDown(128, 256), PreAct(256))
        self.layer4 = nn.Sequential(PreActDown(256, 256), PreAct(256))
        self.linear = nn.Linear(512, 10)

    def forward[B: IntVar](self, x: Tensor[[B, 3, 32, 32]]) -> Tensor[[B, 10]]:
        x1 = self.layer1(self.prep(x))
        x2 = self.layer2(x1)
        x3 = self.layer3(x2)
        x4 = self.layer4(x3)
        avg = F.avg_pool2d(x4, 4)
        features = torch.cat((F.max_pool2d(x4, 4), avg), dim=1)
        return self.linear(features.flatten(1))


def smoke() -> None:
    net = DawnBench()
    logits = net(torch.randn(4, 3, 32, 32))
    assert logits.shape == (4, 10)
    assert sum(p.numel() for p in net.parameters()) == 5_205_834
