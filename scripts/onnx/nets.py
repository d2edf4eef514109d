"""Every net given, exported and read back.

A model given (.onnx) is imported and compared with onnxruntime. Each net (.net) gets random weights, batch normalisation's statistics too. Its ONNX models, folded and one for one, must pass
ONNX's checker in full and strict shape inference, and onnxruntime must give netc's own logits. The model that has
every op must come back as the same graph with the same weights.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from safetensors.numpy import load_file, save_file

from command import netc

MOST = 1e-5
BATCH = 3
WEIGHTS = {
    "Conv": ("weight", "bias"),
    "Gemm": ("weight", "bias"),
    "BatchNormalization": ("weight", "bias", "running_mean", "running_var"),
}


def random_weights(model, rng):
    """Numbers that no symmetry hides, for every weight of a model that has every op."""
    sizes = {tensor.name: tuple(tensor.dims) for tensor in model.graph.initializer}
    weights = {}
    for node in model.graph.node:
        for name, kind in zip(node.input[1:], WEIGHTS.get(node.op_type, ())):
            size = sizes[name]
            if kind == "running_var" or (kind == "weight" and len(size) == 1):
                values = rng.uniform(0.5, 2, size)
            elif kind == "weight":
                values = rng.standard_normal(size) / np.sqrt(np.prod(size[1:]))
            else:
                values = rng.standard_normal(size) * 0.3
            weights[name] = values.astype(np.float32)
    return weights


def check(file):
    """The model, if ONNX finds nothing to object to and every shape comes out."""
    onnx.checker.check_model(file, full_check=True)
    model = onnx.shape_inference.infer_shapes(onnx.load(file), check_type=True, strict_mode=True, data_prop=True)
    known = {info.name for info in [*model.graph.value_info, *model.graph.output]}
    missing = [node.name for node in model.graph.node if node.output[0] not in known]
    assert not missing, f"{file}: no shape for {missing}"
    facts = {entry.key: entry.value for entry in model.metadata_props}
    assert {"netc.version", "netc.net", "netc.graph"} <= facts.keys(), facts
    return model


def session(file):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])


def logits(net, weights, images, folder):
    save_file({"images": images}, folder / "images.safetensors")
    netc("logits", net, "--weights", weights, "--images", folder / "images.safetensors", "--output", folder / "logits.safetensors")
    return load_file(folder / "logits.safetensors")["logits"]


def difference(found, expected):
    assert found.shape == expected.shape, (found.shape, expected.shape)
    return float(np.abs(found - expected).max() / max(1, np.abs(expected).max()))


def one(net, folder, rng):
    model, weights = folder / "training.onnx", folder / "weights.safetensors"
    netc("export", net, "--format", "onnx", "--form", "training", "-o", model)
    values = random_weights(onnx.load(model), rng)
    save_file(values, weights)
    size = [d.dim_value for d in onnx.load(model).graph.input[0].type.tensor_type.shape.dim][1:]
    images = rng.standard_normal([BATCH, *size]).astype(np.float32)
    expected = logits(net, weights, images, folder)
    row = {}
    for form in ("folded", "training"):
        model = folder / f"{form}.onnx"
        netc("export", net, "--weights", weights, "--format", "onnx", "--form", form, "-o", model)
        row[f"{form} nodes"] = len(check(model).graph.node)
        runtime = session(model)
        # The batch is free: all images together, and one alone.
        found = [runtime.run(None, {runtime.get_inputs()[0].name: part})[0] for part in (images, images[:1])]
        row[form] = max(difference(found[0], expected), difference(found[1], expected[:1]))
    again, its_weights = folder / "again.net", folder / "again.safetensors"
    netc("import", folder / "training.onnx", "-o", again, "-o", its_weights)
    netc("diff", net, again)
    same = np.array_equal(logits(again, its_weights, images, folder), expected)
    row["round trip"] = "equal" if same else "differs"
    return row


def foreign(model, folder, rng):
    """How far netc's logits of an imported model are from onnxruntime's of the model itself."""
    netc("import", model, "-o", folder / "it.net", "-o", folder / "it.safetensors")
    runtime = session(model)
    name, size = runtime.get_inputs()[0].name, runtime.get_inputs()[0].shape
    images = rng.standard_normal([size[0] if isinstance(size[0], int) else 2, *size[1:]]).astype(np.float32)
    return difference(runtime.run(None, {name: images})[0], logits(folder / "it.net", folder / "it.safetensors", images, folder))


if __name__ == "__main__":
    files = [file for file in sys.argv[2:] if file.endswith(".net")]
    models = [file for file in sys.argv[2:] if file.endswith(".onnx")]
    rng = np.random.default_rng(0)
    failed = False
    print(f"{'net':<24}{'folded':>10}{'training':>10}{'nodes':>12}  round trip")
    for file in files:
        with tempfile.TemporaryDirectory() as folder:
            row = one(file, Path(folder), rng)
        nodes = f"{row['folded nodes']} / {row['training nodes']}"
        print(f"{Path(file).stem:<24}{row['folded']:>10.1e}{row['training']:>10.1e}{nodes:>12}  {row['round trip']}", flush=True)
        failed |= not (row["folded"] <= MOST and row["training"] <= MOST and row["round trip"] == "equal")
    print(f"\n{'model':<24}{'imported':>10}")
    for file in models:
        with tempfile.TemporaryDirectory() as folder:
            far = foreign(file, Path(folder), rng)
        print(f"{Path(file).stem:<24}{far:>10.1e}", flush=True)
        failed |= not far <= MOST
    print(f"\nlargest difference of onnxruntime's logits from netc's, as a part of the largest logit (of 1 if all are smaller); at most {MOST:g} passes")
    sys.exit(failed)
