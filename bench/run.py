"""netc, PyTorch and programs for ONNX models on the same nets, batches and cores, in turn.

usage: bench/run.py [--quick] [--nets resnet9,base] [--batches 128,512] [--precisions bf16,fp32] [--rounds 3] [--out FILE] [--netc PATH]

Each round measures every contender once, one after another, the next round in the opposite order, each in a process of its own.
A contender that fails, or takes longer than --limit, is left out of the later rounds and reported. Prints in Markdown how netc
compares with the fastest PyTorch, and what each contender reached: medians over the rounds, and of ratios within a round, with
the smallest and the largest. PyTorch and the others are those that bench/peers.py installs.
"""

import argparse
import datetime
import functools
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile

import peers
from measure import ROOT, exported, rates

HERE = pathlib.Path(__file__).resolve().parent
# Batches, and the images of a training and of an evaluation, of which there are whole batches.
SMALL, LARGE = ([128, 512], 1024, 2000), ([32], 128, 128)
NETS = dict.fromkeys(["resnet9", "base", "extra_l1l2l3", "dawnbench", "backbone_3x3"], SMALL)
NETS |= {"zoo/airbench94": ([2000], 4000, 2000), "zoo/resnet18": LARGE, "zoo/mobilenet_v2": LARGE}
# Training and evaluation in 16 bits, training in fp32.
AIMS = dict.fromkeys(["resnet9", "base", "extra_l1l2l3"], (2.25, 2.4, 2.8)) | {"dawnbench": (1.7, 1.6, 2.1)}

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--quick", action="store_true", help="resnet9 at batch 128, once, on few images")
parser.add_argument("--nets", help=f"default: {','.join(NETS)}")
parser.add_argument("--batches", help="in place of those of each net")
parser.add_argument("--precisions", default="bf16,fp32", help="of netc and its peers")
parser.add_argument("--convs", default="library,f2", help="algorithms of netc beside its own choice")
parser.add_argument("--rounds", type=int, default=3)
parser.add_argument("--images", type=int, help="of a training measurement, in place of those of each net")
parser.add_argument("--tests", type=int, help="of an evaluation, likewise; above 1000 a multiple of it")
parser.add_argument("--limit", type=int, default=600, help="seconds of a measurement")
parser.add_argument("--kept", action="store_true", help="leave PyTorch out where its allocator is as it comes")
parser.add_argument("--isa", help="the most that netc and PyTorch may use of the processor, as oneDNN calls it: AVX2, AVX512_CORE ...")
parser.add_argument("--out", type=pathlib.Path, help="a file for each measurement; those that it has are not made again")
parser.add_argument("--netc", default=str(ROOT / "target/release/netc"))
args = parser.parse_args()
if args.quick:
    args.nets, args.rounds, args.limit, args.kept = args.nets or "resnet9", 1, min(args.limit, 180), True
    args.images, args.tests = args.images or 256, args.tests or 1000
if args.tests and args.tests % min(args.tests, 1000):
    parser.error("--tests: evaluations are in whole batches of 1000")
precisions = args.precisions.split(",")
if args.isa:
    os.environ |= {"ONEDNN_MAX_CPU_ISA": args.isa, "ATEN_CPU_CAPABILITY": args.isa.split("_")[0].lower()}

# What netc sets for itself: glibc keeps large freed blocks. Without it PyTorch pays for their page faults in each step.
KEPT = {"MALLOC_MMAP_THRESHOLD_": str(1 << 30), "MALLOC_TRIM_THRESHOLD_": str((1 << 31) - 1), "MALLOC_TOP_PAD_": str(256 << 20)}


class Load:
    """A net with what is measured of it, as netc exports it for the others."""

    def __init__(self, net, batch, folder):
        images, tests = args.images or NETS[net][1], args.tests or NETS[net][2]
        self.net, self.batch, self.folder = net, batch, folder
        self.steps, self.tests = max(1, images // batch), tests
        self.counts = (self.steps * batch, tests)
        self.source, self.image, self.classes = exported(args.netc, net, folder)

    @functools.cached_property
    def onnx(self):
        path = pathlib.Path(self.folder, "net.onnx")
        command = [args.netc, "export", ROOT / f"nets/{self.net}.net", "--format", "onnx", "-o", path]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return path


def netc(load, *options):
    return rates(args.netc, load.net, load.batch, load.counts, *options, limit=args.limit)


def run(environment, script, *options, allocator={}):
    if error := peers.versions(environment)[1]:
        raise RuntimeError(error)
    command = [peers.python(environment), HERE / script, *map(str, options)]
    output = subprocess.run(command, check=True, capture_output=True, env=os.environ | allocator, timeout=args.limit)
    return json.loads(output.stdout.splitlines()[-1])


def pytorch(load, environment, *options, allocator={}):
    sizes = ["--image", *load.image, "--classes", load.classes, "--batch", load.batch, "--steps", load.steps, "--tests", load.tests]
    return run(environment, "peer.py", load.net, "--source", load.source, *sizes, *options, allocator=allocator)


def onnx(load, program, *options):
    sizes = ["--image", *load.image, "--tests", load.tests, "--threads", len(os.sched_getaffinity(0))]
    return run(program, "onnx_peer.py", program, load.onnx, *sizes, *options)


def contenders():
    """Each by its name, with its kind, its precision and what measures it."""
    found = {}

    def add(name, kind, precision, measure, *options, **more):
        found[f"{name} {precision}"] = (kind, precision, functools.partial(measure, **more), options)

    for precision in precisions:
        flags = ["--bf16"] if precision == "bf16" else []
        add("netc", "netc", precision, netc, "--precision", precision)
        for conv in args.convs.split(","):
            add(f"netc --conv {conv}", "netc", precision, netc, "--precision", precision, "--conv", conv)
        for environment in ("torch-2.11", "torch-newest"):
            name = f"PyTorch {peers.versions(environment)[0].get('torch', environment)}"
            if not args.kept:
                add(name, "pytorch", precision, pytorch, environment, *flags)
            add(f"{name}, kept memory", "pytorch", precision, pytorch, environment, *flags, allocator=KEPT)
            add(f"{name}, compiled, kept memory", "pytorch", precision, pytorch, environment, *flags, "--compile", allocator=KEPT)
            frozen = (environment, *flags, "--compile", "--test-only")
            add(f"{name}, compiled, frozen, kept memory", "pytorch", precision, pytorch, *frozen, allocator=KEPT)
        zen = ("zentorch", *flags, "--compile", "zentorch", "--test-only")
        add("PyTorch with zentorch, kept memory", "pytorch", precision, pytorch, *zen, allocator=KEPT)
        if args.isa:
            continue  # programs that would not keep to it
        if precision == "fp32":
            add("onnxruntime", "onnx", precision, onnx, "onnxruntime")
        add("OpenVINO", "onnx", precision, onnx, "openvino", *flags)
    return found


def why(error):
    """What a program called an error, else the last line that it said; or that it took too long."""
    if isinstance(error, subprocess.TimeoutExpired):
        return f"longer than {args.limit} s"
    said = (getattr(error, "stderr", None) or b"").decode(errors="replace").strip().splitlines()
    called = [line for line in said if line.startswith("error")]
    return (called or said[-1:] or [str(error)])[0][:160].replace("|", "/")


def measured(load, key, contender):
    _, _, measure, options = contender
    if key in known:
        return known[key]
    try:
        found = measure(load, *options)
    except (RuntimeError, OSError, subprocess.SubprocessError, json.JSONDecodeError) as error:
        found = {"error": why(error)}
    print(f"{' '.join(map(str, key))}: {found}", file=sys.stderr, flush=True)
    if args.out:
        with args.out.open("a") as out:
            out.write(json.dumps({"key": key, "found": found}) + "\n")
    return found


def rounds(net, batch, all_of_them):
    """For each contender what its rounds found, or why there is nothing."""
    found, failed = {name: [] for name in all_of_them}, {}
    with tempfile.TemporaryDirectory() as folder:
        load = Load(net, batch, folder)
        for i in range(args.rounds):
            for name in list(all_of_them)[:: -1 if i % 2 else 1]:
                if name in failed:
                    continue
                one = measured(load, (net, batch, name, i), all_of_them[name])
                if "error" in one:
                    failed[name] = one["error"]
                else:
                    found[name].append(one)
    return found, failed


def spread(values):
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def rate(found, name, what):
    return statistics.median(one[what] for one in found[name])


def against_fastest(found, failed, all_of_them, own, what):
    """The ratio to the fastest PyTorch; in 16 bits to that of all precisions."""
    if own not in all_of_them or own in failed:
        return "failed"
    fp32 = all_of_them[own][1] == "fp32"
    of = [
        name
        for name, (kind, precision, *_) in all_of_them.items()
        if kind == "pytorch" and name not in failed and what in found[name][0] and (precision == "fp32" or not fp32)
    ]
    if not of:
        return "no PyTorch ran"
    fastest = max(of, key=lambda name: rate(found, name, what))
    return spread([a[what] / b[what] for a, b in zip(found[own], found[fastest])])


def table(head, rows):
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *rows])


def summary(results, all_of_them):
    owns = [own for own in ("netc bf16", "netc fp32") if own in all_of_them]
    head = ["net", "batch", *(f"{own}, {what}" for what in ("training", "evaluation") for own in owns)]
    head += [f"aim: {aim}" for aim in ("training in 16 bits", "evaluation", "training in fp32")]
    rows = []
    for (net, batch), (found, failed) in results.items():
        ratios = [against_fastest(found, failed, all_of_them, own, what) for what in ("train", "test") for own in owns]
        rows.append([net, str(batch), *ratios, *map(str, AIMS.get(net, (1.3, 1.3, 1.3)))])
    return table(head, rows)


def details(results, all_of_them):
    rows = []
    for (net, batch), (found, failed) in results.items():
        for name, (_, precision, *_) in all_of_them.items():
            row = [net, str(batch), name]
            own = "netc fp32" if precision == "fp32" else "netc bf16"
            for what in ("train", "test"):
                if name in failed or what not in found[name][0]:
                    row += [failed.get(name, "") if what == "train" else "", ""]
                    continue
                row.append(f"{rate(found, name, what):.0f}")
                alone = own == name or own in failed or own not in found
                row.append("" if alone else spread([a[what] / b[what] for a, b in zip(found[own], found[name])]))
            rows.append(row)
    head = ["net", "batch", "contender", "training images/s", "netc relative to it", "evaluation images/s", "netc relative to it"]
    return table(head, rows)


def preface():
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.machine())
    version = subprocess.run([args.netc, "--version"], check=True, capture_output=True, text=True).stdout.strip()
    installed = []
    for name, wanted in peers.PEERS.items():
        versions, error = peers.versions(name)
        packages = (package.split("==")[0] for package in wanted if not package.startswith(("numpy", "setuptools")))
        installed.append(f"{name}: {error or ', '.join(f'{package} {versions[package]}' for package in packages)}")
    command = " ".join(["bench/run.py", *sys.argv[1:]])
    return f"`{command}`, {datetime.date.today()}, {cpu}, {len(os.sched_getaffinity(0))} cores, {version}; {'; '.join(installed)}."


known = {}
if args.out and args.out.exists():
    lines = map(json.loads, args.out.read_text().splitlines())
    known = {tuple(line["key"]): line["found"] for line in lines}
everyone, results = contenders(), {}
for net in (args.nets or ",".join(NETS)).split(","):
    if net not in NETS:
        sys.exit(f"error: no net {net}; there are {', '.join(NETS)}")
    batches = map(int, args.batches.split(",")) if args.batches else NETS[net][0][: 1 if args.quick else None]
    for batch in batches:
        results[net, batch] = rounds(net, batch, everyone)
print(f"{preface()}\n\n{summary(results, everyone)}\n\n{details(results, everyone)}")
