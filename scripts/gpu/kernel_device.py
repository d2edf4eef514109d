"""How scripts/gpu/kernels_check.py launches kernels, times them and keeps what it finds."""

import ctypes

import torch

REPEAT = 30
MARGIN = 256  # numbers around each output that no kernel may touch
BANDWIDTHS = {
    "H200": 4.8e12,
    "H100 PCIe": 2.0e12,
    "H100 NVL": 3.9e12,
    "H100": 3.35e12,
    "A100": 2.0e12,
}


def is_emulated(file):
    return file.suffix == ".so"


class Device:
    """The kernels of a cubin, or those of a library for the CPU."""

    def __init__(self, file):
        self.functions, self.emulated = {}, is_emulated(file)
        if self.emulated:
            torch.set_num_threads(1)
            self.library, self.processors, self.bandwidth = ctypes.CDLL(str(file)), 2, None
            self.name = "CPU"
            return
        torch.set_default_device("cuda")
        torch.zeros(1)
        card = torch.cuda.get_device_properties(0)
        self.name, self.processors = card.name, card.multi_processor_count
        known = (
            rate for name, rate in BANDWIDTHS.items() if all(w in self.name for w in name.split())
        )
        self.bandwidth = next(known, None)
        self.library, self.module = ctypes.CDLL("libcuda.so.1"), ctypes.c_void_p()
        self.check(self.library.cuModuleLoad(ctypes.byref(self.module), str(file).encode()))
        self.wash = torch.empty(1 << 29, dtype=torch.uint8)

    def check(self, code):
        if code:
            text = ctypes.c_char_p()
            self.library.cuGetErrorString(code, ctypes.byref(text))
            raise RuntimeError(f"CUDA: {(text.value or b'unknown error').decode()}")

    def launch(self, name, grid, *values, threads=256):
        """Tensors are passed as pointers, None as null, int as unsigned, float as float."""

        def argument(value):
            if torch.is_tensor(value):
                return ctypes.c_void_p(value.data_ptr())
            if value is None:
                return ctypes.c_void_p(0)
            return {int: ctypes.c_uint, float: ctypes.c_float}.get(type(value), lambda v: v)(value)

        held = [argument(value) for value in values]
        array = (ctypes.c_void_p * len(held))(*(ctypes.addressof(value) for value in held))
        if self.emulated:
            if self.library.launch(name.encode(), *grid, threads, array):
                raise RuntimeError("there is no such kernel")
            return
        if name not in self.functions:
            self.functions[name] = ctypes.c_void_p()
            got = ctypes.byref(self.functions[name])
            self.check(self.library.cuModuleGetFunction(got, self.module, name.encode()))
        stream = ctypes.c_void_p(torch.cuda.current_stream().cuda_stream)
        block = (*grid, 1, threads, 1, 1, 0, stream, array, None)
        self.check(self.library.cuLaunchKernel(self.functions[name], *block))

    def timed(self, call):
        """Microseconds: the median, with other data in the L2 cache each time."""
        if self.emulated:
            return None
        times = []
        for _ in range(REPEAT + 3):
            self.wash.zero_()
            start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            start.record()
            call()
            end.record()
            end.synchronize()
            times.append(start.elapsed_time(end) * 1e3)
        return sorted(times[3:])[REPEAT // 2]

    def grid(self, pixels, channels, v, sums):
        tiles, rows = -(-channels // 64), 256 // min(channels // v, 64 // v)
        blocks = min(-(-pixels // (4 * rows)), max(1, 4 * self.processors // tiles))
        return max(blocks, -(-pixels // (128 * rows)) if sums else 1), tiles


class Outputs:
    """What kernels write, with margins that are to stay as they are."""

    def __init__(self):
        self.held = []

    def new(self, *shape, kind=torch.float32, like=None):
        if like is not None:
            shape, kind = like.shape, like.dtype
        count = 1
        for size in shape:
            count *= size
        whole = torch.full((count + 2 * MARGIN,), 77, dtype=kind)
        self.held.append(whole)
        view = whole[MARGIN : MARGIN + count].view(*shape)
        if like is not None:
            view.copy_(like)
        elif kind.is_floating_point:
            view.fill_(float("nan"))
        return view

    def intact(self):
        return all(bool((h[:MARGIN] == 77).all() and (h[-MARGIN:] == 77).all()) for h in self.held)


def new_state(outputs):
    """The state: 8 sums, then as of the 16th of 4 bytes the scale, 7 integers, 32 scalars."""
    return outputs.new(like=torch.zeros(28, dtype=torch.float64))


def off(found, exact):
    """The norm of the difference as a part of the norm."""
    found, exact = found.double(), exact.detach().double()
    size = float(exact.norm())
    return float((found - exact).norm()) / (size or 1.0)


class Result:
    """What a check found: errors with what is allowed of each, demands, and bytes with the time."""

    def __init__(self, device, batch):
        self.device, self.batch, self.moved, self.us = device, batch, None, None
        self.errors, self.faults = [], []

    def error(self, found, exact, allowed):
        self.errors.append((off(found, exact), allowed))

    def demand(self, holds, what):
        if not holds:
            self.faults.append(what)

    def time(self, moved, call):
        self.moved, self.us = moved, self.device.timed(call)
