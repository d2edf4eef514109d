"""PyTorch on the same device beside netc's exact steps.

torch_check.py EXACT MODULES [--device cuda]

EXACT holds a folder a net as `netc agree --out` writes it: the first step in fp64 on the CPU. MODULES
holds what `netc export --format pytorch` writes of each. Prints how far PyTorch is from the exact numbers
in each precision, as `netc agree` does for netc: the root of the mean square of the differences over
that of the exact numbers. In a half precision the weights of convolutions and linear layers are
halves, those of batch normalisation stay fp32.
"""

import argparse
import importlib.util
import pathlib
import sys

import torch
from safetensors.torch import load_file
from torch.nn import functional as F

parser = argparse.ArgumentParser(
    description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
)
parser.add_argument("exact", type=pathlib.Path)
parser.add_argument("modules", type=pathlib.Path)
parser.add_argument("--device", default="cuda")
args = parser.parse_args()
torch.backends.cudnn.allow_tf32 = False
BOUNDS = {"fp64": (1e-5, 1e-4), "fp32": (1e-3, 0.1), "fp16": (0.1, 1.0), "bf16": (0.5, 2.0)}
KINDS = {
    "fp64": torch.float64,
    "fp32": torch.float32,
    "fp16": torch.float16,
    "bf16": torch.bfloat16,
}


def module(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def relative(pairs):
    apart = size = 0.0
    for found, exact in pairs:
        exact = exact.double()
        apart += float((found.detach().cpu().double() - exact).square().sum())
        size += float(exact.square().sum())
    return (apart / size) ** 0.5 if apart else 0.0


def cast(model, kind):
    for part in model.modules():
        if isinstance(part, torch.nn.Dropout):
            part.p = 0.0
        own = (
            torch.float32 if isinstance(part, torch.nn.BatchNorm2d) and kind.itemsize == 2 else kind
        )
        for tensor in [*part.parameters(recurse=False), *part.buffers(recurse=False)]:
            if tensor.is_floating_point():
                tensor.data = tensor.data.to(own)
    return model.to(args.device, memory_format=torch.channels_last)


def one(folder, python, kind):
    batch, exact = load_file(folder / "batch.safetensors"), load_file(folder / "train.safetensors")
    images = batch["images"][0].to(args.device, kind).contiguous(memory_format=torch.channels_last)
    labels = batch["labels"][0].to(args.device)
    model = cast(python.load(folder / "before.safetensors"), kind)
    with torch.no_grad():
        evaluated = model.eval()(images)
    logits = model.train()(images)
    F.cross_entropy(
        logits.double() if kind == torch.float64 else logits.float(), labels, reduction="sum"
    ).backward()
    rename = getattr(python, "state_name", lambda name: name)
    own = dict(model.named_parameters())
    gradients = [
        (own[rename(name[5:])].grad, value)
        for name, value in exact.items()
        if name.startswith("grad.")
    ]
    logit_errors = [
        (evaluated, load_file(folder / "eval.safetensors")["logits"]),
        (logits, exact["logits"]),
    ]
    return [*(relative([pair]) for pair in logit_errors), relative(gradients)]


sound = True
print(f"{'net':<24}{'':<6}{'evaluated':>12}{'trained':>12}{'gradients':>12}  verdict")
for folder in sorted(path for path in args.exact.iterdir() if path.is_dir()):
    python = module(args.modules / f"{folder.name}.py")
    for name, kind in KINDS.items():
        errors = one(folder, python, kind)
        most = BOUNDS[name]
        agrees = all(error <= most[0] for error in errors[:2]) and errors[2] <= most[1]
        numbers = "".join(f"{error:>12.1e}" for error in errors)
        print(f"{folder.name:<24}{name:<6}{numbers}  {'ok' if agrees else 'FAILED'}", flush=True)
        sound &= agrees
sys.exit(0 if sound else 1)
