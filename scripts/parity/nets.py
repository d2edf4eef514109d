"""Three nets of the article, written in PyTorch from its description and sharing nothing with netc."""

import torch
from torch import nn
from torch.nn import functional as F


class ConvBN(nn.Sequential):
    def __init__(self, c_in, c_out):
        super().__init__()
        self.conv = nn.Conv2d(c_in, c_out, 3, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(c_out)
        self.relu = nn.ReLU()


class Residual(nn.Module):
    """x + f(x), with no activation after the sum."""

    def __init__(self, c):
        super().__init__()
        self.f = nn.Sequential(ConvBN(c, c), ConvBN(c, c))

    def forward(self, x):
        return x + self.f(x)


class Fast(nn.Module):
    """A backbone of four widths; `more(stage, channels)` gives what follows each stage's max pool."""

    def __init__(self, more):
        super().__init__()
        self.prep = ConvBN(3, 64)
        self.layer1 = nn.Sequential(ConvBN(64, 128), nn.MaxPool2d(2), *more(1, 128))
        self.layer2 = nn.Sequential(ConvBN(128, 256), nn.MaxPool2d(2), *more(2, 256))
        self.layer3 = nn.Sequential(ConvBN(256, 512), nn.MaxPool2d(2), *more(3, 512))
        self.linear = nn.Linear(512, 10, bias=False)

    def forward(self, x):
        x = self.layer3(self.layer2(self.layer1(self.prep(x))))
        return 0.125 * self.linear(F.max_pool2d(x, 4).flatten(1))


def resnet9():
    return Fast(lambda stage, c: [Residual(c)] if stage in (1, 3) else [])


def extra_l1l2l3():
    return Fast(lambda stage, c: [ConvBN(c, c)])


class PreAct(nn.Module):
    """Pre-activation block: both branches start from the shared BN-ReLU."""

    def __init__(self, c_in, c_out, stride):
        super().__init__()
        self.bn1 = nn.BatchNorm2d(c_in)
        self.conv1 = nn.Conv2d(c_in, c_out, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(c_out)
        self.conv2 = nn.Conv2d(c_out, c_out, 3, 1, 1, bias=False)
        projects = stride != 1 or c_in != c_out
        self.shortcut = nn.Conv2d(c_in, c_out, 1, stride, bias=False) if projects else nn.Identity()

    def forward(self, x):
        x = F.relu(self.bn1(x))
        return self.conv2(F.relu(self.bn2(self.conv1(x)))) + self.shortcut(x)


class DawnBench(nn.Module):
    def __init__(self):
        super().__init__()
        self.prep = nn.Conv2d(3, 64, 3, padding=1, bias=False)
        self.layer1 = nn.Sequential(PreAct(64, 64, 1), PreAct(64, 64, 1))
        self.layer2 = nn.Sequential(PreAct(64, 128, 2), PreAct(128, 128, 1))
        self.layer3 = nn.Sequential(PreAct(128, 256, 2), PreAct(256, 256, 1))
        self.layer4 = nn.Sequential(PreAct(256, 256, 2), PreAct(256, 256, 1))
        self.linear = nn.Linear(512, 10)

    def forward(self, x):
        x = self.layer4(self.layer3(self.layer2(self.layer1(self.prep(x)))))
        pooled = torch.cat([F.adaptive_max_pool2d(x, 1), F.adaptive_avg_pool2d(x, 1)], 1)
        return self.linear(pooled.flatten(1))


# Name: constructor, parameters in the article, and how a name here becomes netc's path (patterns of re.sub).
NETS = {
    "resnet9": (resnet9, 6_573_120, [
        (r"^(layer\d)\.0\.", r"\1.conv_bn."),
        (r"^(layer\d)\.2\.f\.0\.", r"\1.residual.conv_bn_1."),
        (r"^(layer\d)\.2\.f\.1\.", r"\1.residual.conv_bn_2."),
        (r"^linear\.", r"head.linear."),
    ]),
    "dawnbench": (DawnBench, 5_205_834, [
        (r"^(layer\d)\.0\.", r"\1.preact_1."),
        (r"^(layer\d)\.1\.", r"\1.preact_2."),
        (r"\.bn1\.", r".pre.bn."),
        (r"\.bn2\.", r".bn."),
        (r"\.conv(\d)\.", r".conv_\1."),
        (r"\.shortcut\.", r".short."),
        (r"^linear\.", r"head.linear."),
    ]),
    "extra_l1l2l3": (extra_l1l2l3, 4_655_424, [
        (r"^(layer\d)\.0\.", r"\1.conv_bn_1."),
        (r"^(layer\d)\.2\.", r"\1.conv_bn_2."),
        (r"^linear\.", r"head.linear."),
    ]),
}
