"""What each pass and each fusion of netc gains, added one at a time.

usage: bench/chain.py [--net resnet9] [--batch 128] [--precisions bf16,fp32] [--rounds 5] [--off] [--netc PATH]

Each round measures every link of the chain once, one after another, each in a process of its own: the second of two epochs of `netc train`
on random images, and the test after it. A link has all that the links before it have. Prints for each the median of images per
second, and the medians over the rounds of its ratio to the link before and to the first one, with the smallest and the largest.

With --off, each is left out of the whole instead, and the ratio is that of the whole to what is left.
"""

import argparse
import pathlib
import statistics

from measure import rates

HERE = pathlib.Path(__file__).resolve().parent
parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--net", default="resnet9")
parser.add_argument("--batch", type=int, default=128)
parser.add_argument("--precisions", default="bf16,fp32")
parser.add_argument("--rounds", type=int, default=5)
parser.add_argument("--images", type=int, default=1024, help="of a training measurement")
parser.add_argument("--tests", type=int, default=2000, help="of an evaluation")
parser.add_argument("--off", action="store_true", help="leave each out of the whole, in place of adding it")
parser.add_argument("--netc", default=str(HERE.parent / "target/release/netc"))
args = parser.parse_args()

# In the order in which they are added; `--without` of netc names the savings, `--conv` the algorithms, `--passes` the passes.
SAVINGS = ["descent", "norm", "relu", "pool", "add", "memory"]
ALGORITHMS = {"bf16": ["f2", "int16"], "fp32": ["f4"]}
PASSES = ["pool-first", "fold-norm", "fold-scale"]


def options(savings, algorithm, passes):
    without = ",".join(saving for saving in SAVINGS if saving not in savings)
    return ["--conv", algorithm, "--passes", ",".join(passes) or "none", "--without", without]


def chain(precision):
    """Names and options, each link with one thing more."""
    links = {"libtorch's autograd": ["--executor", "eager", "--passes", "none"]}
    for count in range(len(SAVINGS) + 1):
        name = SAVINGS[count - 1] if count else "schedule without autograd"
        links[name] = options(SAVINGS[:count], "library", [])
    for algorithm in ALGORITHMS[precision]:
        links[f"convolutions by {algorithm}"] = options(SAVINGS, algorithm, [])
    for count in range(1, len(PASSES) + 1):
        links[PASSES[count - 1]] = options(SAVINGS, algorithm, PASSES[:count])
    links["all passes, the fastest convolutions"] = ["--passes", "all"]
    return links


def all_but_one(precision):
    own = ALGORITHMS[precision][-1]
    whole = {"the whole": options(SAVINGS, own, PASSES), f"convolutions by {own}": options(SAVINGS, "library", PASSES)}
    savings = {saving: options([s for s in SAVINGS if s != saving], own, PASSES) for saving in SAVINGS}
    passes = {left: options(SAVINGS, own, [p for p in PASSES if p != left]) for left in PASSES}
    return whole | savings | passes


def measure(precision, link):
    found = rates(args.netc, args.net, args.batch, (args.images, args.tests), "--precision", precision, *link)
    return found["train"], found["test"]


def spread(values):
    return f"{statistics.median(values):.3f} ({min(values):.3f} to {max(values):.3f})"


for precision in args.precisions.split(","):
    links = (all_but_one if args.off else chain)(precision)
    rounds = []
    for _ in range(args.rounds):
        rounds.append({name: measure(precision, link) for name, link in links.items()})
    heads = ["the whole relative to it"] if args.off else ["relative to the line before", "relative to the first line"]
    columns = [f"{what} {head}" for what in ("training", "evaluation") for head in ["images/s", *heads]]
    print(f"\n{args.net}, batch {args.batch}, {precision}, {args.rounds} rounds\n")
    print("| | " + " | ".join(columns) + " |\n|" + "---|" * (len(columns) + 1))
    names = list(links)
    for i, name in enumerate(names):
        cells = []
        for part in (0, 1):
            rate = [r[name][part] for r in rounds]
            first = [r[names[0]][part] for r in rounds]
            before = [r[names[max(i - 1, 0)]][part] for r in rounds]
            cells.append(f"{statistics.median(rate):.0f}")
            ratios = [[a / b for a, b in zip(first, rate)]] if args.off else [
                [a / b for a, b in zip(rate, before)],
                [a / b for a, b in zip(rate, first)],
            ]
            cells += [spread(r) if i else "" for r in ratios]
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)
