"""No shortcut: one more convolution in each stage."""

import torch

from base import Base


class ExtraL1L2L3(Base):
    def __init__(self):
        super().__init__(extra=(1, 2, 3))


def smoke() -> None:
    net = ExtraL1L2L3()
    logits = net(torch.randn(4, 3, 32, 32))
    assert logits.shape == (4, 10)
    assert sum(p.numel() for p in net.parameters()) == 4_655_424
