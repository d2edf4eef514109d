#!/usr/bin/env bash
# How long `netc check` takes and how much memory, as whole processes, from resnet9 to 100,000 layers; and how fast the
# language server answers a keystroke. By hand.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh

need python3 python3
cargo build --release --package netc --bin netc --example lsp_latency
python3 - <<'PY'
import os, resource, statistics, subprocess, tempfile, time

NETC = "target/release/netc"


def net(layers):
    """A net of `layers` ops in text: a stage a line, six ops a stage."""
    stages = [f"  s{i}: conv(8) -> bn -> relu -> conv(8) -> bn -> relu" for i in range(layers // 6)]
    head = ["net wide {", "  input image: [N, 3, 32, 32]", "  conv(8)"]
    tail = ["  head: globalavgpool -> flatten -> linear(10)", "  output logits: [N, 10]", "}", ""]
    return "\n".join(head + stages + tail)


def repeated(layers):
    """The same by `repeat`."""
    return f"""net repeated {{
  input image: [N, 3, 32, 32]
  conv(8)
  repeat {max(layers // 30, 1)} {{ {' -> '.join(['conv(8) -> bn -> relu'] * 10)} }}
  head: globalavgpool -> flatten -> linear(10)
  output logits: [N, 10]
}}
"""


def measure(path, runs):
    times, peak = [], 0
    for _ in range(runs):
        start = time.perf_counter()
        process = subprocess.Popen([NETC, "check", path], stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        times.append((time.perf_counter() - start) * 1000)
        peak = max(peak, usage.ru_maxrss / 1024)
        assert os.waitstatus_to_exitcode(status) == 0, path
    return statistics.median(times), max(times), peak


# The kernel counts what this Python holds as the least that a process it starts has held.
floor = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(f"{'net':32} {'median ms':>10} {'max ms':>8} {'peak MB':>8}")
rows = [("nets/resnet9.net", "nets/resnet9.net", 50)]
with tempfile.TemporaryDirectory() as folder:
    for layers in (100, 1_000, 10_000, 100_000):
        for make, name in ((net, "stages"), (repeated, "repeat")):
            if make is net and layers > 10_000:
                continue # more text than a net may have
            path = f"{folder}/{name}{layers}.net"
            with open(path, "w") as file:
                file.write(make(layers))
            rows.append((f"{layers:,} layers, {name}", path, 20 if layers < 10_000 else 5))
    for name, path, runs in rows:
        median, worst, peak = measure(path, runs)
        held = f"{peak:.1f}" if peak > floor + 1 else f"< {floor:.0f}"
        print(f"{name:32} {median:10.1f} {worst:8.1f} {held:>8}", flush=True)
PY
echo
./target/release/examples/lsp_latency target/release/netc nets/dawnbench.net
