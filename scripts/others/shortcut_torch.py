"""The net of shortcut.net in PyTorch, with its mistake: a shortcut around a stride of 2."""
import sys

import torch
from torch import nn


class Down(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, stride=2, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(outputs)

    def forward(self, x):
        return torch.relu(self.bn(self.conv(x))) + x


class Shortcut(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 16, 3, padding=1, bias=False)
        self.body = Down(16, 32)
        self.head = nn.Linear(32 * 16 * 16, 10)

    def forward(self, x):
        return self.head(self.body(self.stem(x)).flatten(1))


net = Shortcut()
print("built")
if "--torchinfo" in sys.argv:
    import torchinfo

    torchinfo.summary(net, (1, 3, 32, 32))
else:
    net(torch.zeros(1, 3, 32, 32))
