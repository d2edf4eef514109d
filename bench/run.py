"""netc and PyTorch on the same nets, batches and cores, in turn.

usage: bench/run.py [--nets resnet9,base] [--batches 128,512] [--rounds 3] [--kept] [--netc PATH] [--python PATH]

Each round measures every contender once, one after another, each in a process of its own. Prints for each net and
batch the median of images per second for training and for evaluation, and the median over the rounds of netc's
ratio to each other contender, with the smallest and the largest: of `netc bf16` in bf16, of `netc fp32` in fp32. PyTorch is that of the environment which scripts/parity.sh makes.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess

from measure import rates

HERE = pathlib.Path(__file__).resolve().parent
parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--nets", default="resnet9,base,backbone_3x3,dawnbench,extra_l1l2l3")
parser.add_argument("--batches", default="128,512")
parser.add_argument("--rounds", type=int, default=3)
parser.add_argument("--images", type=int, default=1024, help="of a training measurement")
parser.add_argument("--tests", type=int, default=2000, help="of an evaluation, a multiple of 1000")
parser.add_argument("--kept", action="store_true", help="leave PyTorch out where its allocator is as it comes")
parser.add_argument("--netc", default=str(HERE.parent / "target/release/netc"))
parser.add_argument("--python", default=str(HERE.parent / ".venv/bin/python"))
args = parser.parse_args()


# What netc sets for itself: glibc keeps large freed blocks. Without it PyTorch pays for their page faults in each step.
KEPT = {"MALLOC_MMAP_THRESHOLD_": str(1 << 30), "MALLOC_TRIM_THRESHOLD_": str((1 << 31) - 1), "MALLOC_TOP_PAD_": str(256 << 20)}


def netc(net, batch, precision, *options):
    return rates(args, net, batch, "--precision", precision, *options)


def pytorch(net, batch, *options, allocator={}):
    command = [args.python, HERE / "peer.py", net, "--batch", str(batch), "--steps", str(max(1, args.images // batch))]
    output = subprocess.run([*command, "--tests", str(args.tests), *options], check=True, capture_output=True, env=os.environ | allocator)
    return json.loads(output.stdout)


CONTENDERS = {"netc bf16, --conv library": lambda net, batch: netc(net, batch, "bf16", "--conv", "library")}
for precision, flags in (("bf16", ["--bf16"]), ("fp32", [])):
    CONTENDERS |= {
        f"netc {precision}": lambda net, batch, p=precision: netc(net, batch, p),
        f"PyTorch {precision}": lambda net, batch, f=flags: pytorch(net, batch, *f),
        f"PyTorch {precision}, kept memory": lambda net, batch, f=flags: pytorch(net, batch, *f, allocator=KEPT),
        f"PyTorch {precision}, compiled, kept memory": lambda net, batch, f=flags: pytorch(net, batch, *f, "--compile", allocator=KEPT),
    }
if args.kept:
    CONTENDERS = {name: run for name, run in CONTENDERS.items() if "PyTorch" not in name or "kept" in name}


def spread(values):
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


print("| net | batch | contender | training images/s | netc relative to it | evaluation images/s | netc relative to it |\n|---|---|---|---|---|---|---|")
for net in args.nets.split(","):
    for batch in map(int, args.batches.split(",")):
        rounds = [{name: measure(net, batch) for name, measure in CONTENDERS.items()} for _ in range(args.rounds)]
        for name in CONTENDERS:
            own = "netc bf16" if "bf16" in name else "netc fp32"
            cells = []
            for what in ("train", "test"):
                cells.append(f"{statistics.median(r[name][what] for r in rounds):.0f}")
                cells.append("" if name == own else spread([r[own][what] / r[name][what] for r in rounds]))
            print(f"| {net} | {batch} | {name} | " + " | ".join(cells) + " |", flush=True)
