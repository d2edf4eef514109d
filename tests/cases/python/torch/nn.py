"""Modules that know which tensors they own."""

from collections import OrderedDict


class Module:
    own = ()

    def __init__(self, *args, bias=True, **settings):
        self.tensors = [name for name in self.own if bias or name != "bias"]

    def named_modules(self):
        return [(name, part) for name, part in vars(self).items() if isinstance(part, Module)]

    def modules(self):
        return []

    def state_dict(self):
        names = list(self.tensors)
        for name, part in self.named_modules():
            names += [f"{name}.{inner}" for inner in part.state_dict()]
        return names

    def load_state_dict(self, state, strict):
        own = self.state_dict()
        return [n for n in own if n not in state], [n for n in state if n not in own]

    def eval(self):
        return self


class Sequential(Module):
    def __init__(self, *parts):
        super().__init__()
        named = parts[0] if len(parts) == 1 and isinstance(parts[0], OrderedDict) else None
        self.parts = list(named.items()) if named else [(str(i), p) for i, p in enumerate(parts)]

    def named_modules(self):
        return self.parts


class Conv2d(Module):
    own = ("weight", "bias")


class Linear(Module):
    own = ("weight", "bias")


class BatchNorm2d(Module):
    own = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")


BatchNorm1d = BatchNorm2d


def __getattr__(name):
    return type(name, (Module,), {})
