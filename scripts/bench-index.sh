#!/usr/bin/env bash
# What the index of a large search costs: built from nothing, brought up to date, and after one run more.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh

help="usage: scripts/bench-index.sh RUNS [EPOCHS]

Makes the folder of a search of RUNS finished runs of EPOCHS epochs (default: 20), and times
\`netc search status\` on it: the first time, a second time, and after 100 runs have changed."

case ${1:-} in -h | --help) printf '%s\n' "$help" && exit ;; '') printf '%s\n' "$help" >&2 && exit 2 ;; esac
netc=${NETC:-target/release/netc}
[[ -x $netc ]] || fail "$netc is not built" "cargo build --release"

folder=$(mktemp -d)
export XDG_CACHE_HOME=$folder/cache
trap 'rm -rf "$folder"' EXIT
"$netc" search nets/base.net --epochs "${2:-20}" --runs "$1" --data synthetic --output "$folder" --emit slurm > /dev/null
python3 - "$folder" "${2:-20}" <<'PYTHON'
import json, os, random, sys
folder, epochs = sys.argv[1], int(sys.argv[2])
plan = json.load(open(folder + "/plan.json"))
variant = plan["variants"][0]
text = open(f"{folder}/nets/{variant['graph'][:16]}.net").read()
hardware = {"cpu": "none", "threads": 1, "device": "cpu", "gpu": None}
for run in plan["runs"]:
    accuracies = [random.random() for _ in range(epochs)]
    inputs = dict(event="inputs", variant=variant["name"], family=variant["family"], graph=variant["graph"], text=text,
                  recipe=plan["recipes"][f"0/{epochs}"], epochs=epochs, seed=run["seed"], data=plan["spec"]["data"],
                  data_sha256=plan["data_sha256"], limit_train=None, limit_test=None, precision="auto", params=variant["params"], macs=variant["macs"], netc="0", libtorch="0")
    lines = [inputs, dict(event="attempt", host="none", pid=1, hardware=hardware, time=0.0, after_epoch=0)]
    lines += [dict(event="epoch", epoch=i + 1, lr=0.1, train_time=1.0123456789, train_loss=random.random(),
                   train_acc=random.random(), test_time=0.123456789, test_loss=random.random(), test_acc=accuracy,
                   total_time=1.1357 * (i + 1)) for i, accuracy in enumerate(accuracies)]
    lines.append(dict(event="end", outcome="finished", reason=None, time=0.0))
    os.makedirs(f"{folder}/runs/{run['id']}")
    with open(f"{folder}/runs/{run['id']}/run.jsonl", "w") as out:
        out.write("".join(json.dumps(line) + "\n" for line in lines))
size = os.path.getsize(f"{folder}/runs/{plan['runs'][0]['id']}/run.jsonl")
print(f"{len(plan['runs'])} runs of {epochs} epochs: {size} bytes in a run's file")
PYTHON

look() {
    local start=$EPOCHREALTIME
    "$netc" search status "$folder" > /dev/null
    awk -v a="$start" -v b="$EPOCHREALTIME" -v what="$1" 'BEGIN { printf "%s: %.2f s\n", what, b - a }'
}
look "built from nothing"
look "nothing new"
mapfile -t -n 100 changed < <(find "$folder/runs" -name run.jsonl)
touch "${changed[@]}"
look "100 runs changed"
echo "the index: $(stat -c %s "$folder"/cache/netc/index/*.sqlite) bytes; the plan: $(stat -c %s "$folder/plan.json") bytes"
