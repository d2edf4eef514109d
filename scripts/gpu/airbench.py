"""Runs the authors' own script of airbench94, which is not a part of netc.

airbench.py SCRIPT DATA

DATA is a folder with CIFAR-10 in its binary form, which becomes the files cifar10/*.pt that SCRIPT
reads. Of torchvision it needs Normalize alone; where torchvision is missing, there is one here.
"""

import importlib.machinery
import importlib.util
import os
import pathlib
import runpy
import sys
import tempfile
import types

import torch

script, data = (pathlib.Path(word).resolve() for word in sys.argv[1:])


class Normalize:
    """As in torchvision.transforms."""

    def __init__(self, mean, std):
        self.mean, self.std = (torch.as_tensor(numbers).view(-1, 1, 1) for numbers in (mean, std))

    def __call__(self, images):
        return (images - self.mean.to(images)) / self.std.to(images)


def convert(names, target):
    rows = bytearray(b"".join((data / name).read_bytes() for name in names))
    rows = torch.frombuffer(rows, dtype=torch.uint8).view(-1, 3073)
    images = rows[:, 1:].view(-1, 3, 32, 32).permute(0, 2, 3, 1).contiguous()
    torch.save({"images": images, "labels": rows[:, 0].long(), "classes": list(range(10))}, target)


def stand_in():
    """What there is of torchvision where it is missing."""
    vision, transforms = (types.ModuleType(f"torchvision{end}") for end in ("", ".transforms"))
    vision.transforms, transforms.Normalize = transforms, Normalize
    for module in (vision, transforms):
        module.__spec__ = importlib.machinery.ModuleSpec(module.__name__, None)
        sys.modules[module.__name__] = module
    print("torchvision is missing: its Normalize is that of airbench.py")


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    os.mkdir("cifar10")
    convert([f"data_batch_{i}.bin" for i in range(1, 6)], "cifar10/train.pt")
    convert(["test_batch.bin"], "cifar10/test.pt")
    if not importlib.util.find_spec("torchvision"):
        stand_in()
    sys.argv = [str(script)]
    runpy.run_path(str(script), run_name="__main__")
