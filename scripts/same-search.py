"""Whether two folders hold the same finished search: every run once, every epoch's metrics to the bit.

usage: scripts/same-search.py DIR DIR
"""

import json
import pathlib
import sys


def runs(folder):
    """The metrics of each run by its identity, and how often a worker took one up."""
    planned = {run["id"] for run in json.loads((folder / "plan.json").read_text())["runs"]}
    found, attempts = {}, 0
    for run in planned:
        epochs, ends = {}, []
        for text in (folder / "runs" / run / "run.jsonl").read_text().split("\n"):
            try:
                line = json.loads(text)
            except ValueError:
                continue  # cut short by a kill
            if line["event"] == "epoch":
                metrics = [line[key] for key in ("train_loss", "train_acc", "test_loss", "test_acc", "lr")]
                if epochs.setdefault(line["epoch"], metrics) != metrics:
                    sys.exit(f"{folder}: run {run} has two different epochs {line['epoch']}")
            attempts += line["event"] == "attempt"
            ends += [line["outcome"]] if line["event"] == "end" else []
        if set(ends) != {"finished"}:
            sys.exit(f"{folder}: run {run} ended as {ends}")
        found[run] = epochs
    return found, attempts


a, b = (pathlib.Path(name) for name in sys.argv[1:3])
(one, first), (other, second) = runs(a), runs(b)
if one.keys() != other.keys():
    sys.exit(f"{len(one.keys() ^ other.keys())} runs are in one folder alone")
different = [run for run in one if one[run] != other[run]]
if different:
    sys.exit(f"{len(different)} of {len(one)} runs differ, such as {different[0]}")
epochs = sum(map(len, one.values()))
print(f"the same: {len(one)} runs, {epochs} epochs, to the bit; taken up {first} and {second} times")
