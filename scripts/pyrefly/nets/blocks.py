"""The blocks of lib.net, with the shapes that Pyrefly checks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import nn
from torch.nn import functional as F

if TYPE_CHECKING:
    from shape_extensions import Int, IntVar
    from torch import Tensor


class ConvBN[I: IntVar, O: IntVar](nn.Module):
    def __init__(self, c_in: Int[I], c_out: Int[O]):
        super().__init__()
        self.conv = nn.Conv2d(c_in, c_out, 3, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(c_out)

    def forward[B: IntVar, H: IntVar, W: IntVar](
        self, x: Tensor[[B, I, H, W]]
    ) -> Tensor[[B, O, H, W]]:
        return F.relu(self.bn(self.conv(x)))


class Residual[C: IntVar](nn.Module):
    """x + f(x), with no activation after the sum."""

    def __init__(self, c: Int[C]):
        super().__init__()
        self.conv1 = ConvBN(c, c)
        self.conv2 = ConvBN(c, c)

    def forward[B: IntVar, H: IntVar, W: IntVar](
        self, x: Tensor[[B, C, H, W]]
    ) -> Tensor[[B, C, H, W]]:
        return x + self.conv2(self.conv1(x))


class PreAct[C: IntVar](nn.Module):
    """Pre-activation: both branches start from bn -> relu."""

    def __init__(self, c: Int[C]):
        super().__init__()
        self.bn1 = nn.BatchNorm2d(c)
        self.conv1 = nn.Conv2d(c, c, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(c)
        self.conv2 = nn.Conv2d(c, c, 3, padding=1, bias=False)

    def forward[B: IntVar, H: IntVar, W: IntVar](
        self, x: Tensor[[B, C, H, W]]
    ) -> Tensor[[B, C, H, W]]:
        pre = F.relu(self.bn1(x))
        out = self.conv1(pre)
        out = self.conv2(F.relu(self.bn2(out)))
        return out + pre


class PreActDown[I: IntVar, O: IntVar](nn.Module):
    """PreAct with stride 2, whose shortcut is a projection."""

    def __init__(self, c_in: Int[I], c_out: Int[O]):
        super().__init__()
        self.bn1 = nn.BatchNorm2d(c_in)
        self.short = nn.Conv2d(c_in, c_out, 1, stride=2, bias=False)
        self.conv1 = nn.Conv2d(c_in, c_out, 3, stride=2, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(c_out)
        self.conv2 = nn.Conv2d(c_out, c_out, 3, padding=1, bias=False)

    def forward[B: IntVar, H: IntVar, W: IntVar](
        self, x: Tensor[[B, I, H, W]]
    ) -> Tensor[[B, O, (H - 1) // 2 + 1, (W - 1) // 2 + 1]]:
        pre = F.relu(self.bn1(x))
        out = self.conv1(pre)
        out = self.conv2(F.relu(self.bn2(out)))
        return out + self.short(pre)


class Shortcut[C: IntVar](nn.Module):
    """The shortest path through PreAct."""

    def __init__(self, c: Int[C]):
        super().__init__()
        self.bn = nn.BatchNorm2d(c)

    def forward[B: IntVar, H: IntVar, W: IntVar](
        self, x: Tensor[[B, C, H, W]]
    ) -> Tensor[[B, C, H, W]]:
        return F.relu(self.bn(x))


class ShortcutDown[I: IntVar, O: IntVar](nn.Module):
    """The shortest path through PreActDown."""

    def __init__(self, c_in: Int[I], c_out: Int[O]):
        super().__init__()
        self.bn = nn.BatchNorm2d(c_in)
        self.conv = nn.Conv2d(c_in, c_out, 1, stride=2, bias=False)

    def forward[B: IntVar, H: IntVar, W: IntVar](
        self, x: Tensor[[B, I, H, W]]
    ) -> Tensor[[B, O, (H - 1) // 2 + 1, (W - 1) // 2 + 1]]:
        return self.conv(F.relu(self.bn(x)))
