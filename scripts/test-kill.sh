#!/usr/bin/env bash
# A search that is killed twenty times at random moments, against one that nothing disturbs.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh

help="usage: scripts/test-kill.sh [KILLS]

Runs a small search on small images to its end. Runs the same search again, saves its state after
every step, and kills it with SIGKILL KILLS times (default: 20) at random moments. Lets it end, and
compares every epoch of every run to the bit."

case ${1:-} in -h | --help) printf '%s\n' "$help" && exit ;; esac
kills=${1:-20}
netc=${NETC:-target/release/netc}
[[ -x $netc ]] || fail "$netc is not built" "cargo build --release"

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
scripts/images.py "$folder/images.npz" 1024 512
search=(search nets/base.net --set width=8 --over res --epochs 4 --runs 6 --recipe examples/recipes/small_batches.yaml
    --data "$folder/images.npz" --device cpu --quiet)

# strike PROCESS WRITING: kills it; with WRITING 1, as soon as it writes a checkpoint.
strike() {
    python3 - "$1" "$2" "$folder/killed/runs" <<'PYTHON'
import glob, os, signal, sys, time
process, writing, runs = int(sys.argv[1]), sys.argv[2] == "1", sys.argv[3]
end = time.monotonic() + 10
while writing and not glob.glob(runs + "/*/.*.tmp"):
    if time.monotonic() > end:
        sys.exit("no checkpoint is written")
    os.kill(process, 0)
os.kill(process, signal.SIGKILL)
PYTHON
}

"$netc" "${search[@]}" --output "$folder/whole" >"$folder/whole.log"
torn=0
for ((kill = 1; kill <= kills; kill++)); do
    "$netc" "${search[@]}" --save-every 0 --output "$folder/killed" >>"$folder/killed.log" 2>&1 &
    worker=$!
    sleep "$((1 + RANDOM % 3)).$((RANDOM % 10))$((RANDOM % 10))"
    if ! strike "$worker" $((kill % 2)); then
        fail "the search ended before kill $kill of $kills" "make it longer"
    fi
    wait "$worker" 2>/dev/null || true
    torn=$((torn + $(find "$folder/killed/runs" -name '*.tmp' -delete -printf 'x' | wc -c)))
done
"$netc" "${search[@]}" --output "$folder/killed" >>"$folder/killed.log" 2>&1
echo "killed $kills times; $torn times while a checkpoint was being written"
python3 scripts/same-search.py "$folder/whole" "$folder/killed"
