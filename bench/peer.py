"""One measurement of PyTorch: whole training steps and whole evaluations of a net of the article.

usage: bench/peer.py NET --batch N --steps N --tests N [--bf16] [--compile] [--params]

A training step augments a batch of images that are in memory, as bytes, runs forward and backward, and steps
SGD with Nesterov momentum. Prints one line of JSON: images per second of `steps` training steps, and of `tests`
evaluation images in batches of 1000, after a warm-up of two steps and of one batch.
"""

import argparse
import json
import time

import torch
from nets import NETS
from torch.nn import functional as F

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("net", choices=NETS)
parser.add_argument("--batch", type=int, default=128)
parser.add_argument("--steps", type=int, default=8)
parser.add_argument("--tests", type=int, default=2000, help="a multiple of 1000")
parser.add_argument("--bf16", action="store_true")
parser.add_argument("--compile", action="store_true")
parser.add_argument("--params", action="store_true", help="print the number of trained numbers, and measure nothing")
args = parser.parse_args()

torch.manual_seed(0)
net = NETS[args.net]().to(memory_format=torch.channels_last)
if args.params:
    print(sum(p.numel() for p in net.parameters()))
    raise SystemExit
run = torch.compile(net, dynamic=False) if args.compile else net
optimiser = torch.optim.SGD(net.parameters(), lr=0.1 / args.batch, momentum=0.9, nesterov=True, weight_decay=5e-4 * args.batch)
count = args.batch * args.steps
images = torch.randint(0, 256, (max(count, args.tests), 3, 32, 32), dtype=torch.uint8)
labels = torch.randint(0, 10, (len(images),))
mean, std = torch.tensor([125.31, 122.95, 113.87]).view(3, 1, 1), torch.tensor([62.99, 62.09, 66.70]).view(3, 1, 1)


def normalise(batch):
    return ((batch.float() - mean) / std).contiguous(memory_format=torch.channels_last)


def augment(batch):
    """A crop of the image padded by 4, mirrored half of the time, with an 8 x 8 square cut out; all of a batch at once."""
    n = len(batch)
    padded = F.pad(normalise(batch), (4, 4, 4, 4), "reflect")
    rows = torch.randint(0, 9, (n, 1)) + torch.arange(32)
    columns = torch.randint(0, 9, (n, 1)) + torch.where(torch.rand(n, 1) < 0.5, torch.arange(32), torch.arange(31, -1, -1))
    out = padded[torch.arange(n)[:, None, None], :, rows[:, :, None], columns[:, None, :]]
    top, left = torch.randint(0, 25, (2, n, 1))
    inside = torch.arange(32)
    cut = ((inside >= top) & (inside < top + 8))[:, :, None] & ((inside >= left) & (inside < left + 8))[:, None, :]
    return out.masked_fill_(cut[..., None], 0).permute(0, 3, 1, 2)


def train(steps):
    net.train()
    start = time.perf_counter()
    for step in range(steps):
        part = slice(step * args.batch, (step + 1) * args.batch)
        with torch.autocast("cpu", torch.bfloat16, enabled=args.bf16):
            loss = F.cross_entropy(run(augment(images[part])), labels[part], reduction="sum")
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
    return time.perf_counter() - start


@torch.no_grad()
def test(count):
    net.eval()
    right = 0
    start = time.perf_counter()
    for first in range(0, count, 1000):
        with torch.autocast("cpu", torch.bfloat16, enabled=args.bf16):
            right += (run(normalise(images[first : first + 1000])).argmax(1) == labels[first : first + 1000]).sum()
    int(right)
    return time.perf_counter() - start


train(min(2, args.steps)), test(1000)
print(json.dumps({"train": count / train(args.steps), "test": args.tests / test(args.tests)}))
