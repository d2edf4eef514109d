"""Errors of the algorithms for convolutions, against fp64, on tensors of a real training.

usage: .venv/bin/python scripts/conv-errors.py [--net resnet9] [--conv library,f2,f4] [--precisions bf16,fp32] [--epochs 24]
                                               [--work DIR]

Trains a net of nets/ on CIFAR-10 and keeps its checkpoints when half of the epochs are done and when one is left. With the
weights of each, PyTorch computes a step on the first images of the training set; the input, the weights and the gradient of
the output of each convolution of 3 x 3 go to `torch/examples/conv_errors.rs`. Prints a table in Markdown: root mean squares
relative to that of the result, in percent, of the output and of the gradients with respect to input and weights. Needs PyTorch
and safetensors, as scripts/parity.sh installs them. DIR keeps the checkpoints, so that the next call need not train.
"""

import argparse
import collections
import importlib.util
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

import torch
from safetensors.torch import save_file
from torch.nn import functional as F

ROOT = pathlib.Path(__file__).resolve().parent.parent
parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--net", default="resnet9")
parser.add_argument("--conv", default="library,f2,f4")
parser.add_argument("--precisions", default="bf16,fp32")
parser.add_argument("--epochs", type=int, default=24)
parser.add_argument("--limit-train", type=int, default=50_000, help="train on the first N images only")
parser.add_argument("--images", type=int, default=128, help="of the step")
parser.add_argument("--data", type=pathlib.Path, default=os.environ.get("NETC_DATA"), help="CIFAR-10 in its binary form [default: $NETC_DATA]")
parser.add_argument("--work", type=pathlib.Path)
parser.add_argument("--netc", default=str(ROOT / "target/release/netc"))
args = parser.parse_args()
if args.data is None or args.epochs < 3:
    parser.error("--data or NETC_DATA must name CIFAR-10, and --epochs be at least 3")
NET = ROOT / f"nets/{args.net}.net"


def train(work):
    """Leaves half.safetensors and late.safetensors in a folder."""
    wanted = {args.epochs // 2: work / "half.safetensors", args.epochs - 1: work / "late.safetensors"}
    if all(path.exists() for path in wanted.values()):
        return
    run = work / "run"
    shutil.rmtree(run, ignore_errors=True)
    command = [args.netc, "train", NET, "--data", args.data, "--epochs", str(args.epochs), "--output", run]
    process = subprocess.Popen([*command, "--limit-train", str(args.limit_train)], stdout=subprocess.DEVNULL)
    while process.poll() is None and not all(path.exists() for path in wanted.values()):
        time.sleep(0.2)
        log = run / "log.jsonl"
        done = len(log.read_text().splitlines()) - 1 if log.exists() else 0
        path = wanted.get(done)
        if path and not path.exists():
            # A checkpoint is replaced, never changed: this is a whole one of this epoch's end or soon after.
            shutil.copy(run / "checkpoint.safetensors", path)
    process.terminate()
    process.wait()
    if missing := [path.name for path in wanted.values() if not path.exists()]:
        sys.exit(f"error: the training ended without {', '.join(missing)}")


def load(work, checkpoint):
    source = work / f"{args.net}.py"
    subprocess.run([args.netc, "export", NET, "--format", "pytorch", "-o", source], check=True, stdout=subprocess.DEVNULL)
    spec = importlib.util.spec_from_file_location(args.net, source)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.load(checkpoint).train()


def batch():
    folder = next(f for f in (args.data, args.data / "cifar-10-batches-bin") if (f / "data_batch_1.bin").exists())
    rows = torch.frombuffer(bytearray((folder / "data_batch_1.bin").read_bytes()), dtype=torch.uint8).view(-1, 3073)[: args.images]
    mean, std = torch.tensor([125.31, 122.95, 113.87]).view(3, 1, 1), torch.tensor([62.99, 62.09, 66.70]).view(3, 1, 1)
    return (rows[:, 1:].reshape(-1, 3, 32, 32).float() - mean) / std, rows[:, 0].long()


def capture(net, path):
    """Writes what each convolution gets in a step."""
    found = {}

    def hook(name):
        def keep(module, inputs, output):
            found[f"{name}.x"], found[f"{name}.w"] = inputs[0].detach(), module.weight.detach()
            output.register_hook(lambda gradient: found.update({f"{name}.dy": gradient.detach()}))

        return keep

    for name, module in net.named_modules():
        if isinstance(module, torch.nn.Conv2d) and module.kernel_size == (3, 3):
            module.register_forward_hook(hook(name))
    images, labels = batch()
    F.cross_entropy(net(images), labels, reduction="sum").backward()
    save_file({name: tensor.contiguous() for name, tensor in found.items()}, path)


def measure(path, precision):
    """The errors by convolution and algorithm."""
    example = ["cargo", "run", "--quiet", "--release", "-p", "netc-torch", "--example", "conv_errors", "--"]
    command = [*example, path, precision, *args.conv.split(",")]
    lines = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT).stdout.splitlines()
    errors = collections.defaultdict(dict)
    for line in map(json.loads, lines):
        errors[line["conv"]][line["by"]] = line["errors"]
    return errors


def percent(errors):
    return " / ".join(f"{100 * error:.2g}" for error in errors) if errors else ""


with tempfile.TemporaryDirectory() as folder:
    work = args.work or pathlib.Path(folder)
    work.mkdir(parents=True, exist_ok=True)
    train(work)
    names = args.conv.split(",")
    print("| training | precision | convolution | " + " | ".join(names) + " |\n|" + "---|" * (len(names) + 3))
    for state in ("half", "late"):
        tensors = pathlib.Path(folder, f"{state}.tensors")
        capture(load(work, work / f"{state}.safetensors"), tensors)
        for precision in args.precisions.split(","):
            for conv, by in sorted(measure(tensors, precision).items()):
                print(f"| {state} | {precision} | {conv} | " + " | ".join(percent(by[name]) for name in names) + " |", flush=True)
