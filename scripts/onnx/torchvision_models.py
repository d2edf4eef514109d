"""torchvision's models, exported by PyTorch with random weights, imported by netc: the same logits?"""

import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import torch
import torchvision
from safetensors.numpy import load_file, save_file

from command import netc

MODELS = ("resnet18", "vgg16", "mobilenet_v2", "densenet121", "squeezenet1_1")
# Both fold batch normalisation into the convolution before it.
EXPORTERS = {"TorchScript": {}, "dynamo": {"dynamo": True}}
MOST = 1e-4
BATCH = 2


def random_model(name):
    """With statistics of batch normalisation that are not those of a new net."""
    torch.manual_seed(0)
    model = torchvision.models.get_model(name, weights=None).eval()
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.normal_(module.bias, std=0.2)
            torch.nn.init.normal_(module.running_mean, std=0.2)
            torch.nn.init.uniform_(module.running_var, 0.5, 2)
    return model


def export(model, file, dynamo=False, **options):
    images = torch.randn(BATCH, 3, 224, 224)
    if dynamo:
        options |= {"dynamic_shapes": ({0: torch.export.Dim("N")},)}
    else:
        options |= {"dynamic_axes": {"image": {0: "N"}}}
    torch.onnx.export(model, (images,), file, dynamo=dynamo, input_names=["image"], output_names=["logits"], verbose=False, **options)


def one(name, options, folder):
    model = random_model(name)
    file = folder / f"{name}.onnx"
    export(model, file, **options)
    net, weights = folder / f"{name}.net", folder / f"{name}.safetensors"
    netc("import", file, "-o", net, "-o", weights)
    for part in folder.glob(f"{file.name}*"):
        part.unlink()
    images = torch.randn(BATCH, 3, 224, 224)
    with torch.no_grad():
        expected = model(images).numpy()
    save_file({"images": images.numpy()}, folder / "images.safetensors")
    netc("logits", net, "--weights", weights, "--images", folder / "images.safetensors", "--output", folder / "logits.safetensors")
    found = load_file(folder / "logits.safetensors")["logits"]
    text = net.read_text()
    if TEXTS:
        TEXTS.mkdir(parents=True, exist_ok=True)
        (TEXTS / f"{'-'.join([name, *options])}.net").write_text(text)
    lines = sum(bool(line.strip()) and not line.startswith("#") for line in text.splitlines())
    blocks = sum(line.startswith("block ") for line in text.splitlines())
    params = int(text.split("expect params == ")[1].split()[0].replace("_", ""))
    return float(np.abs(found - expected).max() / np.abs(expected).max()), params, lines, blocks


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    TEXTS = Path(sys.argv[2]) if len(sys.argv) > 2 else None
    failed = False
    print(f"torch {torch.__version__}, torchvision {torchvision.__version__}")
    print(f"{'model':<16}{'exporter':<18}{'difference':>10}{'params':>13}{'lines':>8}{'blocks':>8}")
    for name in MODELS:
        for exporter, options in EXPORTERS.items():
            with tempfile.TemporaryDirectory() as folder:
                difference, params, lines, blocks = one(name, options, Path(folder))
            print(f"{name:<16}{exporter:<18}{difference:>10.1e}{params:>13,}{lines:>8}{blocks:>8}", flush=True)
            failed |= not difference <= MOST
    print(f"largest difference of netc's logits from torchvision's, as a part of the largest logit; at most {MOST:g} passes")
    sys.exit(failed)
