"""The CUDA kernels beside torch in fp64, and on a GPU their times beside the roofline.

kernels_check.py FILE [--batch 512] [--only statistics]

FILE is a cubin that scripts/test-kernels.sh compiled, or the library that it built for a CPU
(kernels.so), with which all of this but the times is tried without a GPU. Each check makes its own
operands. They run in a process that is replaced when a check breaks it or takes too long.
"""

import argparse
import json
import os
import pathlib
import select
import signal
import sys
import time
import traceback

import torch

from kernel_cases import LAYERS, cases
from kernel_device import Device, Result, is_emulated

parser = argparse.ArgumentParser(
    description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
)
parser.add_argument("file", type=pathlib.Path)
parser.add_argument("--batch", type=int, help="images (512, on a CPU 1)")
parser.add_argument("--only", default="", help="the checks whose name contains this")
args = parser.parse_args()
EMULATED = is_emulated(args.file)
BATCH = args.batch or (1 if EMULATED else 512)
LIMIT = 120 if EMULATED else 8  # seconds of a check


def perform(check, device):
    """A line of the report, as a dictionary."""
    result, bandwidth = Result(device, BATCH), device.bandwidth
    torch.manual_seed(0)
    check(result)
    if not EMULATED:
        torch.cuda.synchronize()
    return {
        "error": max((error for error, _ in result.errors), default=0.0),
        "wrong": any(not error <= allowed for error, allowed in result.errors),
        "faults": sorted(set(result.faults)),
        "moved": result.moved,
        "us": result.us,
        "floor": result.moved / bandwidth * 1e6 if bandwidth and result.us else None,
    }


def work(names, every, pipe):
    """The child: tells what it begins and what came of it. After a broken check it ends."""

    def tell(**what):
        os.write(pipe, (json.dumps(what) + "\n").encode())

    try:
        device = Device(args.file)
        tell(device=f"{device.name}, {device.processors} multiprocessors")
    except Exception as error:
        tell(device=None, broken=f"{type(error).__name__}: {error}")
        return
    for name in names:
        tell(begin=name)
        try:
            tell(name=name, **perform(every[name], device))
        except Exception as error:
            traceback.print_exc()
            tell(name=name, broken=f"{type(error).__name__}: {str(error).splitlines()[0][:200]}")
            return


def lines(pipe, limit):
    """What the child tells, one dictionary at a time; ends where it says nothing for `limit`."""
    text = b""
    while True:
        ready, _, _ = select.select([pipe], [], [], limit)
        more = os.read(pipe, 1 << 16) if ready else b""
        if not more:
            return
        text += more
        *whole, text = text.split(b"\n")
        for line in whole:
            yield json.loads(line)


def show(name, found):
    if "broken" in found:
        print(f"{name:38} FAILED: {found['broken']}", flush=True)
        return False
    us, floor = found["us"], found["floor"]
    times = f"{us:8.1f}" if us else f"{'-':>8}"
    times += f"{floor:9.1f}{floor / us:7.2f}" if floor else f"{'-':>9}{'-':>7}"
    faults = found["faults"] + ["the error is too large"] * found["wrong"]
    verdict = "FAILED: " + "; ".join(faults) if faults else "ok"
    print(
        f"{name:38}{found['moved'] / 1e6:9.2f}{times}{found['error']:11.1e}  {verdict}", flush=True
    )
    return not faults


def main():
    if not args.file.is_file():
        sys.exit(f"error: there is no {args.file}")
    every = {name: case for name, case in cases(BATCH).items() if args.only in name}
    start = time.monotonic()
    left, failed, sums, told, starts = list(every), [], [0.0, 0.0], False, 0
    while left:
        read, write = os.pipe()
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            os.close(read)
            try:
                work(left, every, write)
            finally:
                os._exit(0)
        os.close(write)
        starts += 1
        now = None
        # The first line waits for the device.
        for line in lines(read, LIMIT + 20):
            if "device" in line:
                if line["device"] is None:
                    print(f"error: {line['broken']}")
                    os.waitpid(child, 0)
                    sys.exit(1)
                if not told:
                    print(line["device"])
                    print(f"{'check':38}{'MB':>9}{'us':>8}{'roofline':>9}{'part':>7}{'error':>11}")
                told = True
            elif "begin" in line:
                now = line["begin"]
            else:
                now = None
                left.remove(line["name"])
                if not show(line["name"], line):
                    failed.append(line["name"])
                elif line["name"].split()[-1] in LAYERS and line["floor"]:
                    sums = [sums[0] + line["us"], sums[1] + line["floor"]]
        os.close(read)
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        if now is not None:
            how = f"ended by signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else "ended"
            show(now, {"broken": f"the process {how}, or the limit of {LIMIT} s"})
            failed.append(now)
            left.remove(now)
        elif left and starts > len(every):
            break
    if sums[1]:
        print(f"resnet9's normalisations: {sums[0]:.0f} us, roofline {sums[1]:.0f} us")
    print(f"{len(every)} checks in {time.monotonic() - start:.1f} s, {len(failed)} failed")
    for name in failed:
        print(f"  {name}")
    sys.exit(1 if failed or left or not every else 0)


if __name__ == "__main__":
    main()
