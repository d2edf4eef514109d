"""The arithmetic of docs/scaling.md: a search of 10,000 variants, and the gradients of resnet9 over a wire.

usage: scripts/scaling.py [--seconds S] [--params P] [--runs R] [--save-every S]
"""

import argparse

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--seconds", type=float, default=66, help="of one run on one GPU (article: resnet9, 20 epochs, V100)")
parser.add_argument("--params", type=int, default=6_573_120, help="of a net (resnet9)")
parser.add_argument("--variants", type=int, default=10_000)
parser.add_argument("--runs", type=int, default=5, help="of each variant")
parser.add_argument("--epochs", type=int, default=20)
parser.add_argument("--save-every", type=float, default=10, help="seconds between two checkpoints of a run")
parser.add_argument("--run-bytes", type=int, default=6444, help="of a run's file (scripts/bench-index.sh)")
args = parser.parse_args()

runs = args.variants * args.runs
state = 8 * args.params  # fp32 weights and velocities
print(f"{runs:,} runs of {args.seconds:g} s: {runs * args.seconds / 3600:,.0f} GPU hours, "
      f"{runs * args.run_bytes / 1e6:,.0f} MB of results, {state / 1e6:.0f} MB a checkpoint\n")
print("| GPUs | time | runs over per s | files appended per s | heartbeats per s | checkpoints MB/s | looks at runs per s |")
print("|---|---|---|---|---|---|---|")
for gpus in (1, 8, 64, 512):
    seconds = runs * args.seconds / gpus
    time = f"{seconds / 86400:.1f} days" if seconds > 2 * 86400 else f"{seconds / 3600:.1f} h"
    rate = gpus / args.seconds
    saves = 0 if args.save_every >= args.seconds else gpus / args.save_every
    # A worker that looks for a run reads each run that was done since, and tries those in hand elsewhere.
    looks = rate * (gpus + gpus)
    print(f"| {gpus} | {time} | {rate:.2f} | {rate * (args.epochs + 3):.1f} | {gpus / 3:.1f} | {saves * state / 1e6:,.0f} | {looks:,.1f} |")

traffic = 4 * args.params
print(f"\n{traffic / 1e6:.1f} MB of gradients a step; a ring sends 2 (n - 1) / n of it from each rank\n")
wires = (("NVLink 4, 450 GB/s each way", 450e9), ("PCIe 4.0 x16, 32 GB/s", 32e9), ("100 Gb/s Ethernet", 12.5e9), ("10 Gb/s Ethernet", 1.25e9))
print("| wire | 2 ranks | 8 ranks | 8 ranks, part of a step's 33.6 ms / 8 |")
print("|---|---|---|---|")
for name, rate in wires:
    two, eight = (2 * (n - 1) / n * traffic / rate * 1e3 for n in (2, 8))
    print(f"| {name} | {two:.2f} ms | {eight:.2f} ms | {eight / (33.6 / 8):.0%} |")
