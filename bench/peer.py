"""One measurement of PyTorch: whole training steps and whole evaluations of a net.

usage: bench/peer.py NET --batch N --steps N --tests N [--source FILE] [--bf16] [--compile [BACKEND]] [--test-only]

The net is one of bench/nets.py, or the module that `netc export --to pytorch` wrote into FILE. A training step augments a
batch of images that are in memory, as bytes, runs forward and backward, and steps SGD with Nesterov momentum. Prints one line
of JSON: images per second of `steps` training steps, and of `tests` evaluation images in batches of at most 1000, after a warm-up.
"""

import argparse
import importlib.util
import json
import time

import torch
from nets import NETS
from torch import nn
from torch.nn import functional as F

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("net")
parser.add_argument("--source", help="a module that netc exported")
parser.add_argument("--image", type=int, nargs=3, default=[3, 32, 32])
parser.add_argument("--classes", type=int, default=10)
parser.add_argument("--batch", type=int, default=128)
parser.add_argument("--steps", type=int, default=8)
parser.add_argument("--tests", type=int, default=2000)
parser.add_argument("--bf16", action="store_true")
parser.add_argument("--compile", nargs="?", const="inductor", help="by this backend")
parser.add_argument("--test-only", action="store_true", help="frozen weights, no training")
parser.add_argument("--params", action="store_true", help="print the number of trained numbers, and measure nothing")
args = parser.parse_args()


def load():
    if args.net in NETS:
        return NETS[args.net]()
    spec = importlib.util.spec_from_file_location("exported", args.source)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    own = [c for c in vars(module).values() if isinstance(c, type) and issubclass(c, nn.Module) and c.__module__ == "exported"]
    net = own[-1]()
    for part in net.modules():
        if isinstance(part, (nn.ReLU, nn.ReLU6)):
            part.inplace = True
    return net


torch.manual_seed(0)
net = load().to(memory_format=torch.channels_last)
if args.params:
    print(sum(p.numel() for p in net.parameters()))
    raise SystemExit
if args.compile == "zentorch":
    import zentorch  # noqa: F401 registers its backend
if args.test_only:
    import torch._inductor.config

    torch._inductor.config.freezing = True
    net.eval()
run = torch.compile(net, dynamic=False, backend=args.compile) if args.compile else net
trained = [p for p in net.parameters() if p.requires_grad]
optimiser = torch.optim.SGD(trained, lr=0.1 / args.batch, momentum=0.9, nesterov=True, weight_decay=5e-4 * args.batch, fused=True)
count = args.batch * args.steps
channels, height, width = args.image
tested = min(args.tests, 1000)
images = torch.randint(0, 256, (max(count, args.tests), *args.image), dtype=torch.uint8)
labels = torch.randint(0, args.classes, (len(images),))
mean, std = torch.tensor([125.31, 122.95, 113.87]).view(3, 1, 1), torch.tensor([62.99, 62.09, 66.70]).view(3, 1, 1)


def normalise(batch):
    return ((batch.float() - mean) / std).contiguous(memory_format=torch.channels_last)


def augment(batch):
    """A crop of the image padded by 4, mirrored half of the time, with an 8 x 8 square cut out; all of a batch at once."""
    n = len(batch)
    padded = F.pad(normalise(batch), (4, 4, 4, 4), "reflect")
    across = torch.arange(width)
    rows = torch.randint(0, 9, (n, 1)) + torch.arange(height)
    columns = torch.randint(0, 9, (n, 1)) + torch.where(torch.rand(n, 1) < 0.5, across, across.flip(0))
    out = padded[torch.arange(n)[:, None, None], :, rows[:, :, None], columns[:, None, :]]

    def within(size):
        first, inside = torch.randint(0, size - 7, (n, 1)), torch.arange(size)
        return (inside >= first) & (inside < first + 8)

    cut = within(height)[:, :, None] & within(width)[:, None, :]
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
    for first in range(0, count, tested):
        with torch.autocast("cpu", torch.bfloat16, enabled=args.bf16):
            right += (run(normalise(images[first : first + tested])).argmax(1) == labels[first : first + tested]).sum()
    int(right)
    return time.perf_counter() - start


found = {}
if not args.test_only:
    train(min(2, args.steps))
    found["train"] = count / train(args.steps)
test(tested)
found["test"] = args.tests / test(args.tests)
print(json.dumps(found))
