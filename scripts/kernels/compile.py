"""Compiles the CUDA kernels to cubins by NVRTC, which takes no GPU.

compile.py NVRTC OUT [--arch sm_80 ...]

NVRTC is a folder with libnvrtc.so.* and libnvrtc-builtins.so.*. Writes OUT/kernels.ARCH.cubin, and
prints what each kernel takes. A kernel with numbers in local memory is a fault.
"""

import argparse
import ctypes
import pathlib
import re
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]


def text():
    """The files of the kernels as one text, in the order in which netc compiles them."""
    folder = ROOT / "torch/src/lower/cuda"
    names = re.findall(r'include_str!\("(.*)"\)', (folder / "compile.rs").read_text())
    return "".join((folder / name).read_text() for name in names)


def library(folder):
    # NVRTC opens its builtins by their name alone, and finds them if they are loaded.
    for name in ("libnvrtc-builtins.so.*", "libnvrtc.so.*"):
        path = next((p for p in sorted(folder.glob(name)) if ".alt." not in p.name), None)
        if path is None:
            sys.exit(f"error: there is no {name} in {folder}")
        loaded = ctypes.CDLL(str(path), mode=ctypes.RTLD_GLOBAL)
    return loaded


def build(nvrtc, source, architecture):
    """The compiler's log and the cubin."""
    program = ctypes.c_void_p()
    made = nvrtc.nvrtcCreateProgram(
        ctypes.byref(program), source.encode(), b"kernels.cu", 0, None, None
    )
    if made != 0:
        sys.exit(f"error: nvrtcCreateProgram gave {made}")
    words = [f"--gpu-architecture={architecture}", "--std=c++17", "--ptxas-options=-v"]
    options = (ctypes.c_char_p * len(words))(*(word.encode() for word in words))
    done = nvrtc.nvrtcCompileProgram(program, len(words), options)
    size = ctypes.c_size_t()
    nvrtc.nvrtcGetProgramLogSize(program, ctypes.byref(size))
    log = ctypes.create_string_buffer(size.value)
    nvrtc.nvrtcGetProgramLog(program, log)
    log = log.value.decode()
    if done != 0 or re.search(r": (warning|error)", log):
        sys.exit(log)
    nvrtc.nvrtcGetCUBINSize(program, ctypes.byref(size))
    cubin = ctypes.create_string_buffer(size.value)
    nvrtc.nvrtcGetCUBIN(program, cubin)
    return log, cubin.raw


def resources(log):
    """By kernel: registers, bytes of shared memory, of the stack, and of spills."""
    found, name = {}, None
    for line in log.splitlines():
        if match := re.search(r"(?:entry function|properties for) '?(\w+)'?", line):
            name = match[1]
            found.setdefault(name, [0, 0, 0, 0])
        if match := re.search(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+)", line):
            found[name][2:] = [int(match[1]), int(match[2]) + int(match[3])]
        if match := re.search(r"Used (\d+) registers", line):
            shared = re.search(r"(\d+) bytes smem", line)
            found[name][:2] = [int(match[1]), int(shared[1]) if shared else 0]
    return found


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("nvrtc", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--arch", nargs="+", default=["sm_80", "sm_90"])
    args = parser.parse_args()
    nvrtc, source, tables = library(args.nvrtc), text(), {}
    args.out.mkdir(parents=True, exist_ok=True)
    for architecture in args.arch:
        start = time.process_time()
        log, cubin = build(nvrtc, source, architecture)
        (args.out / f"kernels.{architecture}.cubin").write_bytes(cubin)
        tables[architecture] = resources(log)
        took = time.process_time() - start
        print(
            f"{architecture}: {len(tables[architecture])} kernels, {len(cubin)} bytes, {took:.1f} s"
        )
    print(f"{'':28}" + "".join(f"{arch:>34}" for arch in args.arch))
    print(
        f"{'kernel':28}" + f"{'registers':>11}{'shared':>8}{'stack':>7}{'spills':>8}" * len(tables)
    )
    kernels = sorted({name for table in tables.values() for name in table})
    spilled = not kernels
    for name in kernels:
        line = f"{name:28}"
        for table in tables.values():
            registers, shared, stack, spills = table[name]
            line += f"{registers:11}{shared:8}{stack:7}{spills:8}"
            spilled |= stack > 0 or spills > 0
        print(line)
    if spilled:
        sys.exit("error: a kernel has numbers in local memory")


if __name__ == "__main__":
    main()
