"""resnet9 and the article's recipe in PyTorch, as a good PyTorch user would write it.

peer.py train [--data DIR] [--epochs 24] [--seed 0] [--compile MODE] [--device cuda] [--images N]
peer.py profile [--device cuda] [--steps 10] [--batch 512]

`train` prints a line of JSON: the test accuracy, and the seconds with and without the tests after
each epoch. What is compiled is compiled before the clock starts: by MODE net and loss, which
max-autotune also records in CUDA graphs, and the augmentation, whose input is too large for them to
copy. DIR has CIFAR-10 in its binary form; without it images are random. `profile` prints where the
time of a training step goes. Half precision by autocast, weights in fp32, channels last, torch's
fused SGD; the images stay on the GPU as halves, and the host waits once an epoch.
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
parser.add_argument("--compile", choices=["default", "max-autotune"], help="torch.compile's mode")
args = parser.parse_args()

torch.manual_seed(args.seed)
torch.backends.cudnn.benchmark = True
device = torch.device(args.device)
half = torch.float16 if device.type == "cuda" else torch.bfloat16
peak, batch, tested = args.epochs * 5 / 24, args.batch, 1000
net = searched(res=(1, 3), width=args.width).to(device, memory_format=torch.channels_last)
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


def compiled(function, mode="default"):
    return torch.compile(function, dynamic=False, mode=mode) if args.compile else function


def normalise(images):
    images = ((images.float() - mean) / std).to(half)
    return images.contiguous(memory_format=torch.channels_last)


def pad(images):
    images = F.pad(images.float(), (4, 4, 4, 4), "reflect").to(half)
    return images.contiguous(memory_format=torch.channels_last)


def augment(padded, part):
    """Crops of these of padded images, mirrored half of the time, with an 8 x 8 square cut out."""
    n, line = len(part), torch.arange(32, device=device)
    shift = torch.randint(0, 9, (2, n, 1), device=device)
    mirrored = torch.rand(n, 1, device=device) < 0.5
    rows, columns = shift[0] + line, shift[1] + torch.where(mirrored, 31 - line, line)
    out = padded[part[:, None, None], :, rows[:, :, None], columns[:, None, :]]
    top, left = torch.randint(0, 25, (2, n, 1), device=device)
    cut = ((line >= top) & (line < top + 8))[:, :, None] & ((line >= left) & (line < left + 8))[
        :, None, :
    ]
    return out.masked_fill_(cut[..., None], 0).permute(0, 3, 1, 2)


def classify(images):
    with torch.autocast(device.type, half):
        return net(images)


def loss_of(images, labels):
    with torch.autocast(device.type, half):
        return F.cross_entropy(net(images), labels, reduction="sum")


augment = compiled(augment)
classify, loss_of = (compiled(f, args.compile) for f in (classify, loss_of))


def step(images, labels, part, epoch):
    """A step on these of the padded images."""
    rate = 0.4 * min(epoch / peak, (args.epochs - epoch) / (args.epochs - peak))
    for group in optimiser.param_groups:
        group["lr"] = rate / batch
    optimiser.zero_grad(set_to_none=True)
    torch.compiler.cudagraph_mark_step_begin()
    loss_of(augment(images, part), labels[part]).backward()
    optimiser.step()


@torch.no_grad()
def test(images, labels):
    net.eval()
    right = 0
    for i in range(0, len(images), tested):
        torch.compiler.cudagraph_mark_step_begin()
        right += (classify(images[i : i + tested]).argmax(1) == labels[i : i + tested]).sum()
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
        part = torch.arange(size, device=device)
        for _ in range(3):
            step(images, labels, part, 0.0)
    for _ in range(2):
        test(test_images, test_labels)
    net.load_state_dict(before)
    optimiser.state.clear()
    wait()


def train():
    names = [f"data_batch_{i}.bin" for i in range(1, 6)]
    images, labels = load(names, args.images)
    test_images, test_labels = load(["test_batch.bin"], min(10_000, args.images))
    images, test_images = pad(normalise(images)), normalise(test_images)
    start = time.perf_counter()
    prepare(images, labels, test_images, test_labels)
    prepared, start, testing, accuracy = time.perf_counter() - start, time.perf_counter(), 0.0, 0.0
    for epoch in range(args.epochs):
        order = torch.randperm(len(images), device=device)
        steps = range(0, len(images), batch)
        for number, first in enumerate(steps):
            step(images, labels, order[first : first + batch], epoch + (number + 1) / len(steps))
        wait()
        begin = time.perf_counter()
        accuracy = test(test_images, test_labels)
        testing += time.perf_counter() - begin
    whole = time.perf_counter() - start
    seconds = {"prepared": prepared, "with_tests": whole, "without_tests": whole - testing}
    print(json.dumps({"accuracy": 100 * accuracy, **seconds}))


def profile():
    images = pad(normalise(torch.randint(0, 256, (batch, 3, 32, 32), device=device)))
    labels, part = torch.randint(0, 10, (batch,), device=device), torch.arange(batch, device=device)
    for _ in range(5):
        step(images, labels, part, 0.0)
    wait()
    kinds = [torch.profiler.ProfilerActivity.CPU]
    if device.type == "cuda":
        kinds.append(torch.profiler.ProfilerActivity.CUDA)
    with torch.profiler.profile(activities=kinds) as profiler:
        start = time.perf_counter()
        for _ in range(args.steps):
            step(images, labels, part, 0.0)
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
