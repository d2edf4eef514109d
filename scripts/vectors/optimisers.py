"""Writes tests/vectors/optimisers.safetensors: what PyTorch makes of a few gradients.

    python scripts/vectors/optimisers.py tests/vectors/optimisers.safetensors

AdamW and the smoothed cross-entropy are torch's own. Muon is its published formula (Keller Jordan, 2024, as airbench94_muon.py has
it), written out here in float64. The learning rate moves, so that an error in its place would show.
"""

import sys

import torch
from safetensors.torch import save_file

LRS = [0.05, 0.2, 0.1, 0.0, 0.02]
BATCH = 4
DECAY = 0.03


def adamw(weight, gradients):
    weight = torch.nn.Parameter(weight.clone())
    optimiser = torch.optim.AdamW([weight], lr=1.0, betas=(0.8, 0.95), eps=1e-6, weight_decay=DECAY)
    for lr, gradient in zip(LRS, gradients):
        optimiser.param_groups[0]["lr"] = lr
        weight.grad = gradient / BATCH
        optimiser.step()
    return weight.detach()


def orthogonalised(matrix, steps):
    a, b, c = 3.4445, -4.7750, 2.0315
    x = matrix / (matrix.norm() + 1e-7)
    tall = x.size(0) > x.size(1)
    x = x.T if tall else x
    for _ in range(steps):
        s = x @ x.T
        x = a * x + (b * s + c * s @ s) @ x
    return x.T if tall else x


def muon(weight, gradients, nesterov):
    weight, buffer = weight.double(), torch.zeros_like(weight, dtype=torch.float64)
    for lr, gradient in zip(LRS, gradients.double()):
        buffer = 0.6 * buffer + gradient
        update = gradient + 0.6 * buffer if nesterov else buffer
        weight = weight * len(weight) ** 0.5 / weight.norm()
        weight = weight - lr * orthogonalised(update.reshape(len(update), -1), 3).reshape(weight.shape)
    return weight.float()


def main(path):
    torch.manual_seed(3)
    out = {"lrs": torch.tensor(LRS)}
    for name, shape in [("wide", (6, 3, 2, 2)), ("tall", (20, 2, 2, 2)), ("matrix", (4, 5))]:
        weight, gradients = torch.randn(shape), torch.randn((len(LRS), *shape))
        out |= {f"{name}.weight": weight, f"{name}.gradients": gradients, f"{name}.adamw": adamw(weight, gradients)}
        if len(shape) == 4:
            out |= {f"{name}.muon": muon(weight, gradients, True), f"{name}.muon_plain": muon(weight, gradients, False)}
    logits = torch.randn((7, 10), requires_grad=True)
    labels = torch.randint(10, (7,))
    loss = torch.nn.CrossEntropyLoss(label_smoothing=0.2, reduction="sum")(3 * logits, labels)
    loss.backward()
    out |= {"loss.logits": logits.detach(), "loss.labels": labels.float(), "loss.value": loss.detach().reshape(1), "loss.gradient": logits.grad}
    save_file({name: tensor.contiguous() for name, tensor in out.items()}, path)


main(sys.argv[1])
