#!/usr/bin/env bash
# What the graph passes gain, one at a time: training and testing of a net with and without each, in turn.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh

help="usage: scripts/bench-passes.sh DATA [ROUNDS] [NET] [PASSES...]

DATA is a folder with CIFAR-10. In each of ROUNDS rounds (default: 3) NET (default: nets/resnet9.net) is
trained for two epochs on 1,024 images and tested on 2,000, once for each choice of passes (default: none,
each of pool-first and fold-norm alone, and all). The second epoch counts. Prints the medians of images per
second, and of the ratios to the first choice within a round."

case ${1:-} in -h | --help) printf '%s\n' "$help" && exit ;; '') printf '%s\n' "$help" >&2 && exit 2 ;; esac
netc=${NETC:-target/release/netc}
[[ -x $netc ]] || fail "$netc is not built" "cargo build --release"
data=$1 rounds=${2:-3} net=${3:-nets/resnet9.net}
choices=("${@:4}")
[[ ${choices[*]} ]] || choices=(none pool-first fold-norm all)

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for ((round = 1; round <= rounds; round++)); do
    for choice in "${choices[@]}"; do
        "$netc" train "$net" --data "$data" --limit-train 1024 --limit-test 2000 --epochs 2 --device cpu \
            --passes "$choice" --out "$folder/$round/$choice" > "$folder/log"
    done
done
python3 - "$folder" "$rounds" "${choices[@]}" <<'PYTHON'
import json, statistics, sys
folder, rounds, choices = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
def rates(round, choice):
    lines = [json.loads(line) for line in open(f"{folder}/{round}/{choice}/log.jsonl")]
    machine = lines[0]["hardware"]
    rates.machine = f"{machine['cpu']}, {machine['threads']} threads, {lines[0]['precision']}"
    return lines[0]["train_examples"] / lines[2]["train_time"], lines[0]["test_examples"] / lines[2]["test_time"]
all = {choice: [rates(round + 1, choice) for round in range(rounds)] for choice in choices}
print(f"{rates.machine}, {rounds} rounds\n\n| passes | training images/s | ratio | testing images/s | ratio |\n|---|---|---|---|---|")
for choice in choices:
    cells = []
    for part in (0, 1):
        own, first = ([r[part] for r in all[c]] for c in (choice, choices[0]))
        ratios = [a / b for a, b in zip(own, first)]
        cells += [f"{statistics.median(own):.0f}", f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"]
    print(f"| {choice} | " + " | ".join(cells) + " |")
PYTHON
