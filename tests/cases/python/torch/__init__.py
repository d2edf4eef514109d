"""What an exported module needs of PyTorch to be made and loaded: the names of weights, not their numbers."""

from collections import OrderedDict

from . import nn

Tensor = object
__all__ = ["OrderedDict", "Tensor", "nn"]
