"""How fast netc trains and tests a net: what bench/run.py and bench/chain.py share."""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
# The same for every net, whatever its own recipe says: what is compared is the step.
RECIPE = """\
batch_size: {batch}
optimiser: sgd
lr_epochs: [0, 2]
lr_values: [0.001, 0.001]
label_smoothing: 0
whiten_bias_epochs: 0
alternating_flip: false
crop_pad: 4
cutout: 8
test_views: none
"""


def exported(netc, net, folder):
    """A net's PyTorch module, and its input and output without the batch, as netc exports them."""
    path = pathlib.Path(folder, "exported.py")
    subprocess.run([netc, "export", ROOT / f"nets/{net}.net", "--format", "pytorch", "-o", path], check=True, stdout=subprocess.DEVNULL)
    sizes = re.findall(r"^(?:Input|Output): \w+ \[N, ([\d, ]+)\]", path.read_text(), re.MULTILINE)
    image, [classes] = ([int(n) for n in size.split(",")] for size in sizes)
    return path, image, classes


def npy(shape, kind, data):
    head = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}"
    head += " " * (-(len(head) + 11) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head.encode() + data


def random_images(path, counts, image, classes):
    """A data set for netc: so many training and test images. There may be more classes than images."""
    channels, height, width = image
    names = "".join(f"{i:04}" for i in range(classes)).encode("utf-32-le")
    with zipfile.ZipFile(path, "w") as out:
        out.writestr("class_names.npy", npy((classes,), "<U4", names))
        for name, count in zip(("train", "test"), counts):
            sizes = (count, height, width, channels)
            out.writestr(f"{name}_images.npy", npy(sizes, "|u1", os.urandom(count * channels * height * width)))
            labels = b"".join((i % classes).to_bytes(8, "little") for i in range(count))
            out.writestr(f"{name}_labels.npy", npy((count,), "<i8", labels))


def rates(netc, net, batch, counts, *options, limit=None):
    """Images per second of the second of two epochs on random images, and of the test after it; `counts` are those of both."""
    with tempfile.TemporaryDirectory() as folder:
        _, image, classes = exported(netc, net, folder)
        data, recipe = pathlib.Path(folder, "random.npz"), pathlib.Path(folder, "recipe.yaml")
        random_images(data, counts, image, classes)
        recipe.write_text(RECIPE.format(batch=batch))
        command = [netc, "train", ROOT / f"nets/{net}.net", "--recipe", recipe, "--data", data, "--epochs", "2"]
        command += ["--device", "cpu", "--output", f"{folder}/run", *options]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=limit)
        run, _, epoch = [json.loads(line) for line in open(f"{folder}/run/log.jsonl")][:3]
    if (run["train_examples"], run["test_examples"]) != tuple(counts):
        sys.exit(f"error: {net} saw {run['train_examples']} and {run['test_examples']} images in place of {counts}")
    return {"train": counts[0] / epoch["train_time"], "test": counts[1] / epoch["test_time"]}
