#!/usr/bin/env python3
"""Whether memory and open files stay flat: in a long training, and in a language server that checks again and again.

usage: scripts/soak.py [--epochs 500] [--checks 10000] [--netc PATH]

Trains a small net for so many epochs on generated images in one process, with a save of its state after each step. Then has one
`netc lsp` check so many texts, right ones and wrong ones in turn. Of both it reads resident memory and open files from /proc, and fails
if the last fifth of the readings has a median more than 5% (of memory, or 4 MiB if that is more) above that of the second
fifth, or more open files."""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--epochs", type=int, default=500)
parser.add_argument("--checks", type=int, default=10_000)
parser.add_argument("--netc", default=str(ROOT / "target/release/netc"))
args = parser.parse_args()

SLACK = 4096  # kB


def reading(process):
    """Resident memory in kB, and open files."""
    status = pathlib.Path(f"/proc/{process}/status").read_text()
    memory = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:"))
    return memory, len(os.listdir(f"/proc/{process}/fd"))


def flat(what, readings):
    fifth = len(readings) // 5
    if fifth == 0:
        sys.exit(f"{what}: only {len(readings)} readings")
    early, late = readings[fifth : 2 * fifth], readings[-fifth:]
    (memory, files), (memory_late, files_late) = (
        [statistics.median(reading[i] for reading in part) for i in (0, 1)] for part in (early, late)
    )
    print(f"{what}: {memory / 1024:.1f} MiB and {files:.0f} files early, {memory_late / 1024:.1f} MiB and {files_late:.0f} late")
    if memory_late > memory + max(memory * 0.05, SLACK) or files_late > files:
        sys.exit(f"{what}: not flat")


def training():
    with tempfile.TemporaryDirectory() as folder:
        command = [args.netc, "train", ROOT / "nets/backbone.net", "--set", "width=8", "--data", "synthetic", "--epochs", str(args.epochs)]
        command += ["--limit-train", "256", "--limit-test", "64", "--device", "cpu", "--save-every", "0"]
        command += ["--recipe", ROOT / "examples/recipes/small_batches.yaml", "--output", f"{folder}/run"]
        started, readings = time.monotonic(), []
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
            while process.poll() is None:
                try:
                    readings.append(reading(process.pid))
                except (OSError, StopIteration):
                    break
                time.sleep(0.1)
        if process.returncode != 0:
            sys.exit(f"the training ended with {process.returncode}")
        epochs = len(open(f"{folder}/run/log.jsonl").readlines()) - 1
    flat(f"{epochs} epochs of a training in {time.monotonic() - started:.0f} s", readings)


def server():
    texts = [path.read_text() for path in sorted((ROOT / "tests/cases").glob("check_*/*.net"))]
    texts += [path.read_text() for path in sorted((ROOT / "nets").glob("*.net"))]
    process = subprocess.Popen([args.netc, "lsp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    published = threading.Semaphore(0)

    def read():
        while header := process.stdout.readline():
            length = int(header.split(b":")[1])
            process.stdout.readline()
            if json.loads(process.stdout.read(length)).get("method") == "textDocument/publishDiagnostics":
                published.release()

    threading.Thread(target=read, daemon=True).start()

    def send(method, params, **more):
        body = json.dumps({"jsonrpc": "2.0", "method": method, "params": params, **more}).encode()
        process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        process.stdin.flush()

    uri = f"file://{ROOT}/nets/soaked.net"
    send("initialize", {"capabilities": {}}, id=0)
    send("initialized", {})
    send("textDocument/didOpen", {"textDocument": {"uri": uri, "languageId": "net", "version": 0, "text": texts[0]}})
    started, readings = time.monotonic(), []
    for version in range(1, args.checks + 1):
        text = texts[version % len(texts)]
        send("textDocument/didChange", {"textDocument": {"uri": uri, "version": version}, "contentChanges": [{"text": text}]})
        if not published.acquire(timeout=30):
            sys.exit(f"check {version} has no answer")
        if version % 20 == 0:
            readings.append(reading(process.pid))
    flat(f"{args.checks} checks in the language server in {time.monotonic() - started:.0f} s", readings)
    process.kill()


training()
server()
