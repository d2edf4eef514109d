#!/usr/bin/env python3
"""Writes images of ten classes that a small net can learn, the same each time: images.py FILE.npz TRAIN TEST"""

import random
import struct
import sys
import zipfile

SIDE, CLASSES = 32, 10


def npy(sizes: tuple[int, ...], data: bytes) -> bytes:
    """An array of bytes in NumPy's format, version 1.0."""
    header = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {sizes}, }}".encode()
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + data


def image(draw: random.Random, label: int) -> bytes:
    """A colour of the class, with noise."""
    colour = [40 + 17 * ((label * step) % CLASSES) for step in (1, 3, 7)]
    noise = draw.randbytes(3 * SIDE * SIDE)
    return bytes(
        min(255, channel + noise[i * SIDE * SIDE + pixel] // 6)
        for i, channel in enumerate(colour)
        for pixel in range(SIDE * SIDE)
    )


def main() -> None:
    path, *counts = sys.argv[1:]
    draw = random.Random(0)
    with zipfile.ZipFile(path, "w") as archive:
        for split, count in zip(("train", "test"), map(int, counts), strict=True):
            labels = [draw.randrange(CLASSES) for _ in range(count)]
            pixels = b"".join(image(draw, label) for label in labels)
            archive.writestr(f"x_{split}.npy", npy((count, 3, SIDE, SIDE), pixels))
            archive.writestr(f"y_{split}.npy", npy((count,), bytes(labels)))


main()
