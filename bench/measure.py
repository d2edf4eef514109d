"""How fast netc trains and tests a net: what bench/run.py and bench/chain.py share."""

import json
import pathlib
import subprocess
import tempfile

NETS = pathlib.Path(__file__).resolve().parent.parent / "nets"


def rates(args, net, batch, *options):
    """Images per second of the second of two epochs on generated images, and of the test after it; `args` has `netc`, `images` and `tests`."""
    with tempfile.TemporaryDirectory() as folder:
        recipe = pathlib.Path(folder, "recipe.yaml")
        recipe.write_text(f"batch_size: {batch}\n")
        command = [args.netc, "train", NETS / f"{net}.net", "--recipe", recipe, "--data", "synthetic", "--epochs", "2"]
        command += ["--limit-train", str(args.images), "--limit-test", str(args.tests), "--device", "cpu", "--out", f"{folder}/run"]
        subprocess.run([*command, *options], check=True, stdout=subprocess.DEVNULL)
        lines = [json.loads(line) for line in open(f"{folder}/run/log.jsonl")]
    return {"train": args.images / lines[2]["train_time"], "test": args.tests / lines[2]["test_time"]}
