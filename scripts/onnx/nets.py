"""Every net given, exported and read back.

A model given (.onnx) is imported and compared with onnxruntime. Each net (.net) gets random weights, batch normalisation's statistics too. Its ONNX models, folded and one for one, must pass
ONNX's checker in full and strict shape inference, and onnxruntime must give netc's own logits. The model that has
every op must come back as the same graph with the same weights.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from safetensors.numpy import load_file, save_file

MOST = 1e-5
BATCHES = (1, 3)
WEIGHTS = {
    "Conv": ("weight", "bias"),
    "Gemm": ("weight", "bias"),
    "BatchNormalization": ("weight", "bias", "running_mean", "running_var"),
}


def netc(*arguments):
    done = subprocess.run([NETC, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"netc {' '.join(map(str, arguments))}\n{done.stdout}{done.stderr}")
    return done.stdout


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


def one(net, folder, rng):
    model, weights = folder / "training.onnx", folder / "weights.safetensors"
    netc("export", net, "--to", "onnx", "--form", "training", "-o", model)
    values = random_weights(onnx.load(model), rng)
    save_file(values, weights)
    size = [d.dim_value for d in onnx.load(model).graph.input[0].type.tensor_type.shape.dim][1:]
    row = {}
    for form in ("folded", "training"):
        model = folder / f"{form}.onnx"
        netc("export", net, "--weights", weights, "--to", "onnx", "--form", form, "-o", model)
        row[f"{form} nodes"] = len(check(model).graph.node)
        runtime = session(model)
        most = 0
        for batch in BATCHES:
            images = rng.standard_normal([batch, *size]).astype(np.float32)
            save_file({"images": images}, folder / "images.safetensors")
            netc("logits", net, "--weights", weights, "--images", folder / "images.safetensors", "--out", folder / "logits.safetensors")
            expected = load_file(folder / "logits.safetensors")["logits"]
            found = runtime.run(None, {runtime.get_inputs()[0].name: images})[0]
            assert found.shape == expected.shape, (found.shape, expected.shape)
            most = max(most, float(np.abs(found - expected).max() / max(1, np.abs(expected).max())))
        row[form] = most
    again, its_weights = folder / "again.net", folder / "again.safetensors"
    netc("import", folder / "training.onnx", "-o", again, "--weights", its_weights)
    netc("diff", net, again)
    netc("logits", again, "--weights", its_weights, "--images", folder / "images.safetensors", "--out", folder / "again-logits.safetensors")
    same = np.array_equal(load_file(folder / "again-logits.safetensors")["logits"], expected)
    row["round trip"] = "equal" if same else "differs"
    return row


def foreign(model, folder, rng):
    """How far netc's logits of an imported model are from onnxruntime's of the model itself."""
    netc("import", model, "-o", folder / "it.net", "--weights", folder / "it.safetensors")
    runtime = session(model)
    name, size = runtime.get_inputs()[0].name, runtime.get_inputs()[0].shape
    images = rng.standard_normal([size[0] if isinstance(size[0], int) else 2, *size[1:]]).astype(np.float32)
    save_file({"images": images}, folder / "images.safetensors")
    netc("logits", folder / "it.net", "--weights", folder / "it.safetensors", "--images", folder / "images.safetensors", "--out", folder / "logits.safetensors")
    found, expected = load_file(folder / "logits.safetensors")["logits"], runtime.run(None, {name: images})[0]
    return float(np.abs(found - expected).max() / max(1, np.abs(expected).max()))


if __name__ == "__main__":
    NETC, files = sys.argv[1], [file for file in sys.argv[2:] if file.endswith(".net")]
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
            difference = foreign(file, Path(folder), rng)
        print(f"{Path(file).stem:<24}{difference:>10.1e}", flush=True)
        failed |= not difference <= MOST
    print(f"\nlargest difference of onnxruntime's logits from netc's, as a part of the largest logit (of 1 if all are smaller); at most {MOST:g} passes")
    sys.exit(failed)
