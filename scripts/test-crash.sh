#!/usr/bin/env bash
# Whether what netc writes is whole after a kill, a failing disk, a full one and one that cannot be written.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh

help="usage: scripts/test-crash.sh [KILLS]

Trains a small net that saves its state after every epoch, kills it with SIGKILL KILLS times (default: 12) at
random moments, resumes it each time, and compares the log and the weights with those of a training that
nothing disturbs, to the bit.

Fails each system call of a save in turn with EIO, ENOSPC and EINTR: the old file or the new one must be
there, whole. Needs strace; left out with a word where it is not there.

Fills a file system of 1 MB, and writes to one that is read-only. Needs root, likewise."

case ${1:-} in -h | --help) printf '%s\n' "$help" && exit ;; esac
kills=${1:-12}
netc=$(realpath "${NETC:-target/release/netc}")
[[ -x $netc ]] || fail "$netc is not built" "cargo build --release"

folder=$(mktemp -d)
mounted=
trap '[[ -z $mounted ]] || umount "$mounted"; rm -rf "$folder"' EXIT
export OMP_NUM_THREADS=1

scripts/images.py "$folder/images.npz" 256 64

# --- kills
epochs=$((kills * 20 + 60)) # more than are done before the last kill
train=(train nets/backbone_norepeat.net --set width=8 --data "$folder/images.npz" --device cpu
    --precision fp32 --conv library --recipe examples/recipes/small_batches.yaml --save-every 0)
long=("${train[@]}" --epochs "$epochs")
"$netc" "${long[@]}" --output "$folder/whole" >"$folder/whole.log" 2>&1 || { cat "$folder/whole.log" && exit 1; }
sums() { # the weights, and of the log what is not a time
    python3 - "$1" <<'PYTHON'
import hashlib, json, sys
run = sys.argv[1]
print(hashlib.sha256(open(run + "/checkpoint.safetensors", "rb").read()).hexdigest())
for line in open(run + "/log.jsonl").read().splitlines()[1:]:
    print({key: value for key, value in json.loads(line).items() if "time" not in key})
PYTHON
}
damaged=0 lost=0 done=0
resume=("${long[@]}" --output "$folder/killed")
while [[ $done -lt $kills ]]; do
    setsid "$netc" "${resume[@]}" >"$folder/killed.log" 2>&1 &
    worker=$!
    sleep "$(python3 -c 'import random; print(random.uniform(0.3, 1.5))')"
    kill -KILL -- "-$worker" 2>/dev/null || true
    wait "$worker" 2>/dev/null && status=0 || status=$?
    if [[ $status -ne 137 ]]; then # it ended by itself
        [[ $status -eq 0 ]] || { cat "$folder/killed.log" && lost=$((lost + 1)) && break; }
        break
    fi
    done=$((done + 1))
    damaged=$((damaged + $(grep -c 'going on from the one before' "$folder/killed.log" || true)))
    # Before it has a log it has not begun.
    if [[ -e $folder/killed/log.jsonl ]]; then
        resume=(train --resume "$folder/killed" --device cpu --save-every 0)
    fi
done
"$netc" train --resume "$folder/killed" --device cpu >"$folder/killed.log" 2>&1 ||
    grep -q 'nothing to go on with' "$folder/killed.log" || { cat "$folder/killed.log" && lost=$((lost + 1)); }
diff <(sums "$folder/whole") <(sums "$folder/killed") || lost=$((lost + 1))
left=$(find "$folder/killed" -name '*.tmp' | wc -l)
echo "killed $done times: $damaged checkpoints damaged, $lost trainings lost, $left files left behind at the end"
[[ $damaged -eq 0 && $lost -eq 0 ]] || fail "a kill lost something"
[[ $done -eq $kills ]] || fail "the training was over after $done kills"

# --- a failing system call
if command -v strace >/dev/null; then
    printf 'net a{input x:[N,3,4,4]\nrelu\noutput y:[N,3,4,4]}\n' >"$folder/old"
    "$netc" fmt - <"$folder/old" >"$folder/new"
    mkdir "$folder/save"
    tried=0 torn=0 silent=0
    for call in openat write fsync fdatasync rename renameat renameat2 flock fchmod unlink unlinkat close statx getdents64; do
        for error in EIO ENOSPC EINTR; do
            for ((when = 1; when <= 200; when++)); do
                cp "$folder/old" "$folder/save/a.net"
                code=0
                strace -f -qq -o "$folder/trace" -e trace="$call" -e inject="$call:error=$error:when=$when" \
                    "$netc" fmt "$folder/save/a.net" >/dev/null 2>&1 || code=$?
                grep -q INJECTED "$folder/trace" || break
                tried=$((tried + 1))
                if cmp -s "$folder/save/a.net" "$folder/new"; then
                    :
                elif cmp -s "$folder/save/a.net" "$folder/old"; then
                    [[ $code -ne 0 ]] || silent=$((silent + 1))
                else
                    torn=$((torn + 1))
                fi
            done
        done
    done
    cp "$folder/old" "$folder/save/a.net"
    "$netc" fmt "$folder/save/a.net"
    left=$(find "$folder/save" -name '*.tmp' | wc -l)
    echo "$tried failing system calls: $torn files torn, $silent failures unsaid, $left files left behind at the end"
    [[ $tried -gt 0 && $torn -eq 0 && $silent -eq 0 && $left -eq 0 ]] || fail "a failing system call lost something"
else
    echo "not run: failing system calls, for lack of strace"
fi

# --- a full disk, and one that cannot be written
mkdir "$folder/small"
if mount -t tmpfs -o size=1m tmpfs "$folder/small" 2>/dev/null; then
    mounted=$folder/small
    # Its checkpoints, two of about 200 kB, fit; the filler takes the rest while it runs.
    short=("${train[@]}" --epochs 60)
    "$netc" "${short[@]}" --output "$folder/short" >"$folder/short.log" 2>&1
    "$netc" "${short[@]}" --output "$mounted/run" >"$folder/full.log" 2>&1 &
    worker=$!
    while [[ ! -e $mounted/run/checkpoint.before.safetensors ]] && kill -0 "$worker" 2>/dev/null; do sleep 0.05; done
    head -c 1M /dev/zero >"$mounted/filler" 2>/dev/null || true
    wait "$worker" && fail "a full disk went unsaid"
    grep -qi 'space' "$folder/full.log" || { cat "$folder/full.log" && fail "a full disk is not named"; }
    rm "$mounted/filler"
    "$netc" train --resume "$mounted/run" --device cpu >"$folder/full.log" 2>&1 || { cat "$folder/full.log" && exit 1; }
    diff <(sums "$folder/short") <(sums "$mounted/run")
    echo "full disk: said, and the training resumed to the same bits"
    mount -o remount,ro "$mounted"
    ! "$netc" draw nets/backbone.net -o "$mounted/a.svg" 2>"$folder/ro.log" || fail "a read-only folder went unsaid"
    ! "$netc" "${train[@]}" --output "$mounted/other" >"$folder/ro.log" 2>&1 || fail "a read-only folder went unsaid"
    grep -qi 'read-only' "$folder/ro.log" || { cat "$folder/ro.log" && exit 1; }
    echo "read-only folder: said"
else
    echo "not run: a full and a read-only file system, for lack of the right to mount one"
fi
