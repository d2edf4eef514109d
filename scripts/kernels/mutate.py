"""Whether the tests of the CUDA kernels see faults: mutate.py WORK

Puts one fault at a time into a copy of the kernels in the folder WORK, and runs the test that is to
see it. A fault that none sees is an error.
"""

import argparse
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys

from faults import FAULTS

ROOT = pathlib.Path(__file__).resolve().parents[2]
FLAGS = "-std=c++20 -DQUICK -O1 -w -mfma -ffp-contract=off".split()


def seen(work, test, file, fault):
    """What the test says of the fault, or nothing."""
    name, old, new = fault
    folder = work / re.sub(r"\W+", "-", f"{test} {file} {name}")
    kernels = folder / "kernels"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "torch/src/lower/cuda/kernels", kernels)
    text = (kernels / file).read_text()
    if text.count(old) != 1:
        sys.exit(f"error: {name}: the text is {text.count(old)} times in {file}")
    (kernels / file).write_text(text.replace(old, new))
    program = folder / "test"
    command = ["g++", *FLAGS, f"-I{folder}", f"-I{work}", "-include", "host.hpp"]
    if subprocess.run([*command, ROOT / f"tests/cuda/{test}.cpp", "-o", program]).returncode:
        sys.exit(f"error: {name}: does not compile")
    try:
        done = subprocess.run([program], capture_output=True, text=True, timeout=60)
        said = next((line for line in done.stdout.splitlines() if "FAILED" in line), "")
        said = said.replace(f"{kernels}/", "").removeprefix("FAILED").lstrip(": ")
        if not said and done.returncode:
            said = f"signal {-done.returncode}" if done.returncode < 0 else "no reason"
    except subprocess.TimeoutExpired:
        said = "it does not end"
    shutil.rmtree(folder)
    return said


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("work", type=pathlib.Path)
    parser.add_argument("--only", default="", help="the faults whose name contains this")
    parser.add_argument("--tests", nargs="+", help="the faults that these tests are to see")
    args = parser.parse_args()
    work = args.work.resolve() / "mutants"
    work.mkdir(parents=True, exist_ok=True)
    header = [ROOT / "tests/cuda/host.hpp", "-o", work / "host.hpp.gch"]
    subprocess.run(["g++", *FLAGS, "-x", "c++-header", *header], check=True)
    faults = [
        (test, file, fault)
        for (test, file), found in FAULTS.items()
        for fault in found
        if args.only in fault[0] and (not args.tests or test in args.tests)
    ]
    missed = 0
    pool = concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0)))
    runs = [pool.submit(seen, work, *fault) for fault in faults]
    try:
        for (test, _, (name, _, _)), run in zip(faults, runs):
            said = run.result()
            print(f"{'seen' if said else 'MISSED':8}{test:20} {name}: {said}", flush=True)
            missed += not said
    finally:
        pool.shutdown(cancel_futures=True)
    print(f"{len(faults)} faults, {missed} missed")
    sys.exit(1 if missed or not faults else 0)


if __name__ == "__main__":
    main()
