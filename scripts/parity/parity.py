"""Compares what `netc parity` wrote with PyTorch: parity.py FOLDER, which holds one folder a net.

Each holds safetensors in fp32, weights and buffers being keyed by node path:
  before  the weights and buffers that both sides start from
  batch   images [steps, B, 3, 32, 32], normalised; labels [steps, B]; lr [steps], as in the recipe, not over B
  eval    logits [B, 10] of step 0's images in evaluation mode
  train   logits [B, 10] and loss (the sum) of step 0 in training mode, and grad.NAME of that loss
  after   the weights and buffers after all steps
The metadata of `batch` says the precision. In fp64 both sides compute in fp64 from the fp32 values. In fp32 only the
forward pass is bound: two values that differ by less than rounding may change places in a max pool, or one its sign in
a ReLU, and the gradient then takes another way, which alone moves it by 1e-2.
"""

import json
import pathlib
import re
import sys

import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch.nn import functional as F

from nets import NETS

MOMENTUM = 0.9
WEIGHT_DECAY = 5e-4
# The largest difference over the largest value. Three steps move a weight by little, so that a wrong optimiser could
# pass the bound on weights: the change of each is compared too, with room for the files' rounding of the weights.
BOUNDS = {"logits": 1e-5, "loss": 1e-5, "gradients": 1e-4, "weights": 1e-4, "buffers": 1e-4, "changes": 1e-3}


def relative(got, wanted):
    """The largest difference over the largest magnitude; shapes must agree exactly."""
    if got.shape != wanted.shape:
        raise SystemExit(f"expected shape {tuple(wanted.shape)}, got {tuple(got.shape)}")
    error = (got.double() - wanted.double()).abs().max() / wanted.double().abs().max().clamp_min(1e-30)
    return float(error) if torch.isfinite(error) else float("inf")


def worst(pairs):
    return max(relative(got, wanted) for got, wanted in pairs)


@torch.no_grad()
def step(parameters, velocities, lr, batch):
    """SGD of the article on the sum of the losses: the learning rate is folded into the Nesterov velocity."""
    for p, v in zip(parameters, velocities):
        change = -lr / batch * (p.grad + WEIGHT_DECAY * batch * p)
        v.mul_(MOMENTUM).add_(change)
        p.add_(MOMENTUM * v + change)


class Names:
    """Names of a module here against the paths of netc."""

    def __init__(self, model, rules):
        names = [n for n in model.state_dict() if not n.endswith("num_batches_tracked")]
        self.path = {name: self.rewrite(name, rules) for name in names}

    @staticmethod
    def rewrite(name, rules):
        for pattern, replacement in rules:
            name = re.sub(pattern, replacement, name)
        return name

    def read(self, file):
        """The tensors of `file` by their name here; both sides must have the same."""
        theirs = load_file(file)
        missing, extra = set(self.path.values()) - theirs.keys(), theirs.keys() - set(self.path.values())
        if missing or extra:
            raise SystemExit(f"{file}: missing {sorted(missing)}, not expected {sorted(extra)}")
        return {name: theirs[path] for name, path in self.path.items()}


def compare(folder, build, rules, dtype):
    """The relative error of each quantity."""
    data = load_file(folder / "batch.safetensors")
    data["images"] = data["images"].to(dtype)
    model = build().to(dtype)
    names = Names(model, rules)
    before, after = names.read(folder / "before.safetensors"), names.read(folder / "after.safetensors")
    evaluated, trained = (load_file(folder / f"{n}.safetensors") for n in ("eval", "train"))
    model.load_state_dict(before, strict=False)
    start = {name: tensor.clone() for name, tensor in before.items()}
    parameters = dict(model.named_parameters())
    velocities = [torch.zeros_like(p) for p in parameters.values()]
    errors = {}

    with torch.no_grad():
        errors["logits, evaluation"] = relative(evaluated["logits"], model.eval()(data["images"][0]))
    model.train()
    for index, (images, labels, lr) in enumerate(zip(data["images"], data["labels"], data["lr"])):
        model.zero_grad()
        logits = model(images)
        loss = F.cross_entropy(logits, labels, reduction="sum")
        loss.backward()
        if index == 0:
            errors["logits, training"] = relative(trained["logits"], logits.detach())
            errors["loss"] = relative(trained["loss"].reshape(()), loss.detach())
            errors["gradients"] = worst(
                (trained[f"grad.{names.path[name]}"], p.grad) for name, p in parameters.items()
            )
        step(parameters.values(), velocities, float(lr), len(labels))

    ours = {name: tensor for name, tensor in model.state_dict().items() if name in names.path}
    errors["weights"] = worst((after[n], ours[n]) for n in parameters)
    errors["changes"] = worst((after[n].double() - start[n], ours[n] - start[n]) for n in parameters)
    errors["buffers"] = worst((after[n], ours[n]) for n in ours.keys() - parameters.keys())
    return errors


def precision(folder):
    with safe_open(folder / "batch.safetensors", "pt") as file:
        _checksum, facts = file.metadata()["netc"].split(" ", 1)
        return json.loads(facts)["precision"]


def main():
    folder = pathlib.Path(sys.argv[1])
    failed = False
    print(f"{'net':<14}{'quantity':<20}{'error':>10}{'bound':>10}  verdict")
    for net, (build, claimed, rules) in NETS.items():
        count = sum(p.numel() for p in build().parameters())
        failed |= count != claimed
        print(f"{net:<14}{'parameters':<20}{count:>10}{claimed:>10}  {'ok' if count == claimed else 'FAILED'}")
        in_fp64 = precision(folder / net) == "fp64"
        errors = compare(folder / net, build, rules, torch.float64 if in_fp64 else torch.float32)
        for quantity, error in errors.items():
            bound = BOUNDS[quantity.split(",")[0]]
            bound = bound if in_fp64 or quantity.startswith(("logits", "loss")) else float("inf")
            failed |= not error <= bound
            verdict = "not bound" if bound == float("inf") else "ok" if error <= bound else "FAILED"
            print(f"{net:<14}{quantity:<20}{error:>10.1e}{bound:>10.0e}  {verdict}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
