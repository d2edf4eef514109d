#!/usr/bin/env bash
# resnet9 by two processes under torchrun against one process on the same cores, in turn.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh

help="usage: scripts/bench-distributed.sh DATA [ROUNDS]

DATA is a folder with CIFAR-10. Each of ROUNDS rounds (default: 3) trains resnet9 for two epochs on its
first 2,048 images, by one process with all cores and by two that share them, and takes the second
epoch. Prints images per second of each, the medians, and their ratio.

It needs torchrun: of the environment that scripts/parity.sh makes in .venv, or TORCHRUN=path."

case ${1:-} in -h | --help) printf '%s\n' "$help" && exit ;; '') printf '%s\n' "$help" >&2 && exit 2 ;; esac
torchrun=${TORCHRUN:-.venv/bin/torchrun}
[[ -x $torchrun ]] || fail "$torchrun is not there" "scripts/parity.sh installs PyTorch into .venv, or set TORCHRUN"
netc=${NETC:-target/release/netc}
[[ -x $netc ]] || fail "$netc is not built" "cargo build --release"

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
train=("$netc" train nets/resnet9.net --data "$1" --limit-train 2048 --limit-test 256 --epochs 2 --device cpu)
cores=$(nproc)

# rate RUN: images per second of its second epoch.
rate() { python3 -c "
import json, sys
lines = [json.loads(line) for line in open(sys.argv[1] + '/log.jsonl')]
print(round(lines[0]['train_examples'] / lines[2]['train_time'], 1))" "$1"; }

for ((round = 1; round <= ${2:-3}; round++)); do
    OMP_NUM_THREADS=$cores "${train[@]}" --output "$folder/one-$round" >"$folder/log"
    OMP_NUM_THREADS=$((cores / 2)) "$torchrun" --no-python --nproc-per-node 2 \
        "${train[@]}" --output "$folder/two-$round" >"$folder/log" 2>&1 || fail "torchrun" "$(tail -n 5 "$folder/log")"
    echo "$(rate "$folder/one-$round") $(rate "$folder/two-$round")" | tee -a "$folder/rates" |
        sed 's/ / images\/s by one process, /; s/$/ by two/'
done
python3 - "$folder/rates" "$folder/one-1" "$folder/two-1" <<'PYTHON'
import json, statistics, sys
rows = [tuple(map(float, line.split())) for line in open(sys.argv[1])]
one, two = (statistics.median(column) for column in zip(*rows))
ratios = [b / a for a, b in rows]
print(f"medians: {one:.1f} and {two:.1f} images/s; two to one: {statistics.median(ratios):.2f} "
      f"({min(ratios):.2f} to {max(ratios):.2f})")
for name, run in zip(("one process", "two processes"), sys.argv[2:]):
    lines = [json.loads(line) for line in open(run + "/log.jsonl")]
    machine = lines[0]["hardware"]
    print(f"{name}: {machine['cpu']}, {machine['threads']} threads each, {lines[0]['precision']}; "
          f"test accuracy after two epochs {100 * lines[2]['test_acc']:.1f}%")
PYTHON
