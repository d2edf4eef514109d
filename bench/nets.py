"""The article's nets as a good PyTorch user would write them: modules, channels last, no tricks that the net does not ask for."""

import torch
from torch import nn


def conv_bn(inside, outside, kernel=3, stride=1):
    return nn.Sequential(
        nn.Conv2d(inside, outside, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(outside), nn.ReLU(inplace=True)
    )


class Residual(nn.Module):
    def __init__(self, body):
        super().__init__()
        self.body = body

    def forward(self, x):
        return x + self.body(x)


def residual(width):
    return Residual(nn.Sequential(conv_bn(width, width), conv_bn(width, width)))


class Scale(nn.Module):
    def forward(self, x):
        return x * 0.125


def searched(res=(), extra=(), width=64):
    layers = [conv_bn(3, width)]
    for stage in (1, 2, 3):
        out = width << stage
        layers += [conv_bn(out // 2, out), nn.MaxPool2d(2)]
        layers += [residual(out)] if stage in res else []
        layers += [conv_bn(out, out)] if stage in extra else []
    return nn.Sequential(*layers, nn.MaxPool2d(4), nn.Flatten(), nn.Linear(8 * width, 10, bias=False), Scale())


class Pools(nn.Module):
    """Global average and maximum pool side by side."""

    def forward(self, x):
        return torch.cat([nn.functional.max_pool2d(x, 4), nn.functional.avg_pool2d(x, 4)], 1)


def backbone_3x3(width=64):
    sizes = [(1, 2), (2, 4), (4, 4)]
    layers = [conv_bn(a * width, b * width, stride=2) for a, b in sizes]
    return nn.Sequential(conv_bn(3, width), *layers, Pools(), nn.Flatten(), nn.Linear(8 * width, 10))


class Preact(nn.Module):
    def __init__(self, inside, outside, stride=1):
        super().__init__()
        self.norm = nn.BatchNorm2d(inside)
        self.body = nn.Sequential(
            nn.Conv2d(inside, outside, 3, stride, 1, bias=False),
            nn.BatchNorm2d(outside),
            nn.ReLU(inplace=True),
            nn.Conv2d(outside, outside, 3, 1, 1, bias=False),
        )
        same = stride == 1 and inside == outside
        self.short = nn.Identity() if same else nn.Conv2d(inside, outside, 1, stride, bias=False)

    def forward(self, x):
        x = torch.relu(self.norm(x))
        return self.body(x) + self.short(x)


def dawnbench(width=64):
    sizes = [(1, 1, 1), (1, 1, 1), (1, 2, 2), (2, 2, 1), (2, 4, 2), (4, 4, 1), (4, 4, 2), (4, 4, 1)]
    blocks = [Preact(a * width, b * width, stride) for a, b, stride in sizes]
    stem = nn.Conv2d(3, width, 3, 1, 1, bias=False)
    return nn.Sequential(stem, *blocks, Pools(), nn.Flatten(), nn.Linear(8 * width, 10))


NETS = {
    "resnet9": lambda: searched(res=(1, 3)),
    "base": searched,
    "extra_l1l2l3": lambda: searched(extra=(1, 2, 3)),
    "backbone_3x3": backbone_3x3,
    "dawnbench": dawnbench,
}
