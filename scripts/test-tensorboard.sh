#!/usr/bin/env bash
# TensorBoard's own reader finds in the event files of a run what its log says, also after the run was cut short.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh

help="usage: scripts/test-tensorboard.sh

Trains a tiny net with --log tensorboard, interrupts and resumes it, and reads the event files back.
PYTHON names a Python that has TensorBoard; without it, the package is fetched into target/tensorboard (100 MB)."

case ${1:-} in -h | --help) printf '%s\n' "$help" && exit ;; esac

netc=${NETC:-target/release/netc}
[[ -x $netc ]] || fail "$netc is not built" "cargo build --release"
python=${PYTHON:-}
if [[ ! $python ]]; then
    need python3 python3 python3-pip
    python=python3
    export PYTHONPATH=target/tensorboard
    [[ -d target/tensorboard/tensorboard ]] ||
        python3 -m pip install --quiet --disable-pip-version-check --target target/tensorboard tensorboard==2.21.0
fi

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/tiny.net" <<'NET'
net tiny {
  input image: [N, 3, 32, 32]
  stem: conv(8) -> bn -> relu -> maxpool(4)
  head: globalmaxpool -> flatten -> linear(10)
  output logits: [N, 10]
}
NET
export OMP_NUM_THREADS=1
scripts/images.py "$folder/images.npz" 2000 100
"$netc" train "$folder/tiny.net" --data "$folder/images.npz" --epochs 60 --executor eager --device cpu \
    --output "$folder/run" --log tensorboard &
trainer=$!
until [[ $(grep -c test_acc "$folder/run/log.jsonl" 2>/dev/null) -ge 3 ]] || ! kill -0 "$trainer" 2>/dev/null; do sleep 0.1; done
kill -INT "$trainer" 2>/dev/null || fail "the training was over before it could be interrupted"
if wait "$trainer"; then fail "the training was not interrupted"; fi
"$netc" train --resume "$folder/run"

"$python" - "$folder/run" <<'PYTHON'
import json, math, pathlib, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

run = pathlib.Path(sys.argv[1])
files = sorted(run.glob("events.out.tfevents.*"))
assert len(files) == 2, files
rows = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()[1:]]
assert [row["epoch"] for row in rows] == list(range(1, 61)), rows
events = EventAccumulator(str(run), size_guidance={"scalars": 0, "tensors": 0})
events.Reload()
steps = math.ceil(2000 / 512)
names = {"loss/train": "train_loss", "loss/test": "test_loss", "accuracy/train": "train_acc",
         "accuracy/test": "test_acc", "lr": "lr", "epoch": "epoch", "seconds/train": "train_time"}
for tag, key in names.items():
    points = events.Scalars(tag)
    assert [point.step for point in points] == [row["epoch"] * steps for row in rows], (tag, points)
    for point, row in zip(points, rows):
        assert math.isclose(point.value, row[key], rel_tol=1e-6, abs_tol=1e-9), (tag, point, row)
losses = events.Scalars("step/loss")
at = [point.step for point in losses]
assert at == sorted(set(at)) and at[-1] == 60 * steps, at
assert all(math.isfinite(point.value) for point in losses)
assert {"net", "recipe"} <= set(events.Tags()["tensors"]), events.Tags()
assert b"conv(8)" in events.Tensors("net")[0].tensor_proto.string_val[0]
print(f"TensorBoard read {len(rows)} epochs and {len(losses)} losses of steps from {len(files)} files")
PYTHON
