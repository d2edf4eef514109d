#!/usr/bin/env bash
# A search over a Slurm cluster of four emulated nodes, one of which dies on the way.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh

help="usage: scripts/test-slurm.sh

Runs a small search on small images in this process. Brings up four emulated nodes, submits the
same search as a job array of four elements, kills one node with all that runs on it, waits for the end,
and compares every epoch of every run to the bit. Then srun trains one net with two ranks.

On Debian or Ubuntu it needs: sudo apt-get install -y slurm-wlm munge"

case ${1:-} in -h | --help) printf '%s\n' "$help" && exit ;; esac
export PATH=$PATH:/usr/sbin:/sbin
need slurmctld slurm-wlm munge
need munged slurm-wlm munge
netc=${NETC:-target/release/netc}
[[ -x $netc ]] || fail "$netc is not built" "cargo build --release"

folder=$(mktemp -d)
end() {
    scripts/slurm-cluster.sh down "$folder/slurm" >/dev/null 2>&1 || true
    rm -rf "$folder"
}
trap end EXIT
scripts/images.py "$folder/images.npz" 1024 512
search=(search nets/base.net --set width=8 --over res --epochs 3 --runs 3 --recipe examples/recipes/small_batches.yaml
    --data "$folder/images.npz" --device cpu)

OMP_NUM_THREADS=2 "$netc" "${search[@]}" --quiet --output "$folder/whole" >"$folder/whole.log"
eval "$(scripts/slurm-cluster.sh up "$folder/slurm" 4)"
sinfo --Node --format='%N %t' | sed 's/^/node /'
"$netc" "${search[@]}" --output "$folder/search" --engine slurm --workers 4 --save-every 1 \
    --sbatch-args '--cpus-per-task=2 --mem=1000'

state() { "$netc" search status "$folder/search"; }
until [[ $(state) =~ ([0-9]+)\ of\ [0-9]+\ runs\ finished.*,\ 4\ running && ${BASH_REMATCH[1]} -ge 2 ]]; do
    if [[ $((waited = ${waited:-0} + 1)) -gt 120 ]]; then fail "the four workers do not run" "$(state)"; fi
    sleep 0.5
done
echo "before the node dies:" && state | sed 's/^/    /'

# The node n2: its daemon, what its step started, and first the step itself, which must not tell how they ended.
daemon=$(pgrep -f "slurmd -N n2 -f $folder/slurm/slurm.conf")
steps='' node=''
for process in /proc/[0-9]*; do
    grep -qz '^SLURMD_NODENAME=n2$' "$process/environ" 2>/dev/null || continue
    grep -qzxF "SLURM_CONF=$folder/slurm/slurm.conf" "$process/environ" || continue
    node+=" ${process#/proc/}"
    parent=$(awk '/^PPid:/ { print $2 }' "$process/status")
    if [[ $(cat "/proc/$parent/comm") == slurmstepd ]]; then steps+=" $parent"; fi
done
# shellcheck disable=SC2086
kill -KILL $daemon $steps $node
echo "killed node n2: its daemon, $(wc -w <<<"$steps") step and $(wc -w <<<"$node") processes of it"

waited=0
until [[ $(state) =~ no\ job\ of\ this\ search ]]; do
    if [[ $((waited += 1)) -gt 240 ]]; then fail "the search does not end" "$(state)"; fi
    sleep 1
done
restarted=$(grep -h -c '"event":"attempt"' "$folder"/search/runs/*/run.jsonl | awk '{ n += $1 } END { print n }')
echo "at the end, after $restarted attempts:" && state | sed 's/^/    /'
sed 's/ StartTime.*NodeList/ NodeList/; s/ NodeCnt.*//; s/^/    /' "$folder/slurm/jobs.txt" | cut -c 1-120
python3 scripts/same-search.py "$folder/whole" "$folder/search"

# One net over two tasks of a step: srun tells each its rank.
MASTER_ADDR=127.0.0.1 srun --ntasks=2 --cpus-per-task=1 --mem=1000 "$netc" train nets/base.net --set width=8 \
    --recipe examples/recipes/small_batches.yaml --data "$folder/images.npz" --limit-train 256 --limit-test 128 --epochs 2 --device cpu \
    --output "$folder/two" | sed 's/^/    /' | tee "$folder/two.log"
grep -q '2 ranks' "$folder/two.log" && grep -q 'finished 2 epochs' "$folder/two.log" || fail "srun did not train one net with two ranks"
