"""Compares netc with what it exports: the PyTorch module and the TorchScript archive.

compare.py shake IN OUT      weights that no symmetry hides, running statistics included
compare.py labels NET        a net whose labels are the attributes of PyTorch's modules
compare.py compare FOLDER    a table of the largest differences of all nets below FOLDER
"""

import importlib.util
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

# Of fp32 sums in another order, relative to the largest number. In training a batch of few divides by small variances.
MOST = 2e-5


def shake(source: str, target: str) -> None:
    generator = torch.Generator().manual_seed(7)
    shaken = {}
    for name, tensor in sorted(load_file(source).items()):
        noise = torch.rand(tensor.shape, generator=generator)
        if name.endswith("running_var"):
            shaken[name] = noise + 0.5
        elif name.endswith("running_mean"):
            shaken[name] = noise - 0.5
        else:
            shaken[name] = tensor + 0.2 * (noise - 0.5) * max(tensor.abs().max().item(), 0.1)
    save_file(shaken, target)


def labels(target: str) -> None:
    script = torch.jit.script(torch.nn.Sequential(torch.nn.ReLU()))
    parts = (torch.nn.Sequential(), script)
    owned = {name for part in parts for name in dir(part) + dir(type(part))}
    lines = ["net labels {", "  input image: [N, 4, 8, 8]", "  first: conv(4)"]
    lines += [f"  {name}: conv(groups = 4) -> bn" for name in sorted(owned - {"0"})]
    lines += ["  last: globalavgpool -> flatten -> linear(10)", "  output out: [N, 10]", "}", ""]
    Path(target).write_text("\n".join(lines))


def module(path: Path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def difference(got: torch.Tensor, expected: torch.Tensor) -> float:
    assert got.shape == expected.shape, (got.shape, expected.shape)
    return ((got - expected).abs().max() / expected.abs().max()).item()


@torch.no_grad()
def compare(folder: Path) -> bool:
    torch.set_num_threads(1)
    print(f"{'net':24}{'eval':>10}{'train':>10}{'statistics':>12}{'TorchScript':>13}")
    sound = True
    for net in sorted(path for path in folder.iterdir() if path.is_dir()):
        images = load_file(net / "batch.safetensors")["images"][0]
        expected = load_file(net / "eval.safetensors")["logits"]
        python = module(net / f"{net.name}.py")
        model = python.load(net / "weights.safetensors")
        rename = getattr(python, "state_name", lambda name: name)
        script = torch.jit.load(net / f"{net.name}.pt")
        found = [difference(model(images), expected)]
        found.append(difference(model.train()(images), load_file(net / "train.safetensors")["logits"]))
        state = model.state_dict()
        moved = {k: v for k, v in load_file(net / "after.safetensors").items() if "running" in k}
        found.append(max((difference(state[rename(k)], v) for k, v in moved.items()), default=0.0))
        # Of one example and of all: the batch is not fixed.
        found.append(max(difference(script(images), expected), difference(script(images[:1]), expected[:1])))
        wrong = any(not x <= MOST for x in found)
        sound &= not wrong
        columns = "".join(f"{x:{w}.1e}" for x, w in zip(found, (10, 10, 12, 13)))
        print(f"{net.name:24}{columns}{'  too far' if wrong else ''}", flush=True)
    return sound


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["shake", source, target]:
            shake(source, target)
        case ["labels", target]:
            labels(target)
        case ["compare", folder]:
            sys.exit(0 if compare(Path(folder)) else 1)
        case _:
            sys.exit(__doc__)
