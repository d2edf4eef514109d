#!/usr/bin/env python3
"""How the time of each phase grows with the depth and with the width of a net, from the start of the process to a training step.

usage: scripts/bench-growth.py [--depths 10,100,1000,10000] [--widths 8,16,32,64,128,256] [--runs 3] [--netc PATH] [OPTIONS...]

Nets of convolutions, batch normalisations and ReLUs on images of 8 x 8: as deep as asked with 8 channels, and 12 ops deep with as many
channels as asked. Each is profiled as a process of its own, `netc profile --format json OPTIONS`, and the median of the runs counts.
Milliseconds. The last line of a table says by which power of the depth or width a phase grows between the two largest.
"""

import argparse
import json
import math
import pathlib
import statistics
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--depths", default="10,100,1000,10000")
parser.add_argument("--widths", default="8,16,32,64,128,256")
parser.add_argument("--batch", type=int, default=16)
parser.add_argument("--runs", type=int, default=3)
parser.add_argument("--netc", default=str(ROOT / "target/release/netc"))
args, options = parser.parse_known_args()

PHASES = ["start", "parse", "resolve", "check", "passes", "weights", "schedule", "tuning", "first step", "second step"]


def net(layers, width):
    """So many ops, six on a line."""
    ops = [["conv(%d)" % width, "bn", "relu"][i % 3] for i in range(layers)]
    stages = [f"  s{i}: " + " -> ".join(ops[i : i + 6]) for i in range(0, layers, 6)]
    tail = ["  head: globalavgpool -> flatten -> linear(10)", "  output logits: [N, 10]", "}", ""]
    return "\n".join(["net growing {", "  input image: [N, 3, 8, 8]", *stages, *tail])


def measure(layers, width):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "growing.net")
        path.write_text(net(layers, width))
        command = [args.netc, "profile", path, "--batch", str(args.batch), "--steps", "3", "--format", "json", *options]
        runs = [json.loads(subprocess.run(command, check=True, capture_output=True).stdout) for _ in range(args.runs)]
    row = {phase: statistics.median(run["phases"].get(phase, 0) for run in runs) * 1e3 for phase in PHASES}
    row["step"] = statistics.median(run["step"] for run in runs) * 1e3
    return row


def table(name, sizes, rows):
    columns = [*PHASES, "step"]
    print(f"\n{name:>9}" + "".join(f"{column:>13}" for column in columns))
    for size, row in zip(sizes, rows):
        print(f"{size:>9,}" + "".join(f"{row[column]:>13.2f}" for column in columns), flush=True)
    if len(sizes) > 1:
        times = math.log(sizes[-1] / sizes[-2])
        powers = [math.log(max(rows[-1][c], 1e-3) / max(rows[-2][c], 1e-3)) / times for c in columns]
        print(f"{'power':>9}" + "".join(f"{power:>13.2f}" for power in powers))


for name, sizes, make in (
    ("depth", args.depths, lambda depth: measure(depth, 8)),
    ("width", args.widths, lambda width: measure(12, width)),
):
    sizes = [int(size) for size in sizes.split(",") if size]
    if sizes:
        table(name, sizes, [make(size) for size in sizes])
