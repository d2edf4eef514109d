"""resnet9 and the article's recipe in PyTorch, as a good PyTorch user would write it.

peer.py train [--data DIR] [--epochs 24] [--seed 0] [--compile] [--device cuda] [--images N]
peer.py profile [--device cuda] [--steps 10] [--batch 512]

`train` prints a line of JSON: the test accuracy, and the seconds with and without the tests after
each epoch. What is compiled is compiled before the clock starts. DIR has CIFAR-10 in its binary form;
without it images are random. `profile` prints where the time of a training step goes. Half precision
by autocast, weights in fp32, channels last, torch's fused SGD.
"""

import argparse
import json
import pathlib
import time

import torch
from nets import searched
from torch.nn import functional as F

parser = argparse.ArgumentParser(
    description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
)
parser.add_argument("what", choices=["train", "profile"])
parser.add_argument("--data", type=pathlib.Path)
parser.add_argument("--device", default="cuda")
parser.add_argument("--epochs", type=int, default=24)
parser.add_argument("--batch", type=int, default=512)
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--width", type=int, default=64)
parser.add_argument("--images", type=int, default=50_000, help="training images at most")
parser.add_argument("--steps", type=int, default=10)
parser.add_argument("--compile", action="store_true")
args = parser.parse_args()

torch.manual_seed(args.seed)
torch.backends.cudnn.benchmark = True
device = torch.device(args.device)
half = torch.float16 if device.type == "cuda" else torch.bfloat16
peak, batch, tested = args.epochs * 5 / 24, args.batch, 1000
net = searched(res=(1, 3), width=args.width).to(device, memory_format=torch.channels_last)
run = torch.compile(net, dynamic=False) if args.compile else net
sgd = {
    "lr": 0.1,
    "momentum": 0.9,
    "nesterov": True,
    "weight_decay": 5e-4 * batch,
    "fused": device.type == "cuda",
}
optimiser = torch.optim.SGD(net.parameters(), **sgd)
mean = torch.tensor([125.31, 122.95, 113.87], device=device).view(3, 1, 1)
std = torch.tensor([62.99, 62.09, 66.70], device=device).view(3, 1, 1)


def load(names, most):
    """Images and labels on the device, as bytes."""
    if args.data is None:
        images = torch.randint(0, 256, (most, 3, 32, 32), dtype=torch.uint8)
        return images.to(device), torch.randint(0, 10, (most,)).to(device)
    folder = next(
        f for f in (args.data, args.data / "cifar-10-batches-bin") if (f / names[0]).exists()
    )
    rows = bytearray(b"".join((folder / name).read_bytes() for name in names))
    rows = torch.frombuffer(rows, dtype=torch.uint8).view(-1, 3073)[:most]
    return rows[:, 1:].reshape(-1, 3, 32, 32).contiguous().to(device), rows[:, 0].long().to(device)


def normalise(images):
    return ((images.float() - mean) / std).contiguous(memory_format=torch.channels_last)


def augment(padded):
    """A crop of padded images, mirrored half of the time, with an 8 x 8 square cut out."""
    n, line = len(padded), torch.arange(32, device=device)
    shift = torch.randint(0, 9, (2, n, 1), device=device)
    mirrored = torch.rand(n, 1, device=device) < 0.5
    rows, columns = shift[0] + line, shift[1] + torch.where(mirrored, 31 - line, line)
    out = padded[
        torch.arange(n, device=device)[:, None, None], :, rows[:, :, None], columns[:, None, :]
    ]
    top, left = torch.randint(0, 25, (2, n, 1), device=device)
    cut = ((line >= top) & (line < top + 8))[:, :, None] & ((line >= left) & (line < left + 8))[
        :, None, :
    ]
    return out.masked_fill_(cut[..., None], 0).permute(0, 3, 1, 2)


def step(images, labels, epoch):
    rate = 0.4 * min(epoch / peak, (args.epochs - epoch) / (args.epochs - peak))
    for group in optimiser.param_groups:
        group["lr"] = rate / batch
    with torch.autocast(device.type, half):
        loss = F.cross_entropy(run(augment(images)), labels, reduction="sum")
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    optimiser.step()


@torch.no_grad()
def test(images, labels):
    net.eval()
    with torch.autocast(device.type, half):
        parts = range(0, len(images), tested)
        right = sum(
            (run(images[i : i + tested]).argmax(1) == labels[i : i + tested]).sum() for i in parts
        )
    net.train()
    return int(right) / len(images)


def wait():
    if device.type == "cuda":
        torch.cuda.synchronize()


def prepare(images, labels, test_images, test_labels):
    """Compiles, and has cuDNN choose, for each size of batch; then all is as before."""
    before = {name: value.clone() for name, value in net.state_dict().items()}
    sizes = {min(batch, len(images)), len(images) % batch or batch}
    for size in sizes:
        for _ in range(2):
            step(images[:size], labels[:size], 0.0)
    test(test_images[:tested], test_labels[:tested])
    net.load_state_dict(before)
    optimiser.state.clear()
    wait()


def train():
    names = [f"data_batch_{i}.bin" for i in range(1, 6)]
    images, labels = load(names, args.images)
    test_images, test_labels = load(["test_batch.bin"], min(10_000, args.images))
    images = F.pad(normalise(images), (4, 4, 4, 4), "reflect").contiguous(
        memory_format=torch.channels_last
    )
    test_images = normalise(test_images)
    start = time.perf_counter()
    prepare(images, labels, test_images, test_labels)
    prepared, start, testing, accuracy = time.perf_counter() - start, time.perf_counter(), 0.0, 0.0
    for epoch in range(args.epochs):
        order = torch.randperm(len(images), device=device)
        steps = range(0, len(images), batch)
        for number, first in enumerate(steps):
            part = order[first : first + batch]
            step(images[part], labels[part], epoch + (number + 1) / len(steps))
        wait()
        begin = time.perf_counter()
        accuracy = test(test_images, test_labels)
        testing += time.perf_counter() - begin
    whole = time.perf_counter() - start
    seconds = {"prepared": prepared, "with_tests": whole, "without_tests": whole - testing}
    print(json.dumps({"accuracy": 100 * accuracy, **seconds}))


def profile():
    images = normalise(torch.randint(0, 256, (batch, 3, 32, 32), device=device))
    images = F.pad(images, (4, 4, 4, 4), "reflect").contiguous(memory_format=torch.channels_last)
    labels = torch.randint(0, 10, (batch,), device=device)
    for _ in range(5):
        step(images, labels, 0.0)
    wait()
    kinds = [torch.profiler.ProfilerActivity.CPU]
    if device.type == "cuda":
        kinds.append(torch.profiler.ProfilerActivity.CUDA)
    with torch.profiler.profile(activities=kinds) as profiler:
        start = time.perf_counter()
        for _ in range(args.steps):
            step(images, labels, 0.0)
        wait()
        seconds = (time.perf_counter() - start) / args.steps
    found = profiler.key_averages()
    key = "self_device_time_total" if device.type == "cuda" else "self_cpu_time_total"
    busy = sum(getattr(event, key) for event in found) / args.steps / 1e6
    print(
        f"a step takes {1e3 * seconds:.3f} ms under the profiler; {key} in it {1e3 * busy:.3f} ms"
    )
    print(found.table(sort_by=key, row_limit=20, max_name_column_width=70))


{"train": train, "profile": profile}[args.what]()
