"""The parts of a run on a GPU. Each is tried whatever became of those before it."""

import hashlib
import json
import pathlib
import re
import shutil
import statistics
import struct
import sys
import tarfile
import zlib

from harness import AT_ONCE, Step

HERE = pathlib.Path(__file__).resolve().parent


def rows(run):
    """The epochs of a run so far, by itself or as one of many."""
    lines = [line for log in run.glob("*.jsonl") for line in log.read_text().splitlines()]
    found = [json.loads(line) for line in lines if line.endswith("}")]
    return [row for row in found if "train_time" in row]


def digest(run):
    path = run / "checkpoint.safetensors"
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else None


def picture(path):
    """A 32 x 32 PNG that fades from black to green and red."""
    chunk = (
        lambda kind, data: struct.pack(">I", len(data))
        + kind
        + data
        + struct.pack(">I", zlib.crc32(kind + data))
    )
    lines = b"".join(
        b"\0" + b"".join(bytes((8 * x, 8 * y, 0)) for x in range(32)) for y in range(32)
    )
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 32, 32, 8, 2, 0, 0, 0))
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")
    )


def tail(text, lines=4):
    return "\n".join((text or "").splitlines()[-lines:])


def train(s, title, run, *more, net="resnet9", **options):
    """A training on a few generated images, into a folder of `runs`."""
    command = [s.netc, "train", s.net(net), *s.narrow(net), "--data", "synthetic", *s.device]
    command += ["--limit-train", s.few, "--output", s.out / "runs" / run, *more]
    return Step(title, command, **options)


def runs_at_all(s, part):
    part.show(part.step("what netc finds", [s.netc, "doctor"], s.share(part, 0.5)))
    run, cut = s.out / "runs" / "resnet9", s.out / "runs" / "cut"
    first = train(s, "train resnet9 on generated images", "resnet9", "--epochs", 2)
    part.show(tail(part.step(first.title, first.command)))
    picture(s.out / "picture.png")
    (s.out / "adamw.yaml").write_text("optimiser: adamw\nweight_decay: 0.1\nema: 0.99\n")
    (s.out / "adamw.yaml").open("a").write("lr_epochs: [0, 2]\nlr_values: [0.004, 0.001]\n")
    few = ["--limit-test", s.few, "--epochs", 2]
    bits = ["--deterministic", "--limit-test", s.few, "--epochs"]
    fp32 = [*bits, 2, "--precision", "fp32"]
    steps = [
        Step("evaluate it", [s.netc, "eval", run, "--format", "json", *s.device]),
        Step("classify a picture", [s.netc, "predict", run, s.out / "picture.png", *s.device]),
        train(s, "fp32 --deterministic", "graph", *fp32),
        train(s, "fp32 --deterministic --no-graph", "no-graph", *fp32, "--no-graph"),
        train(s, "--deterministic, first", "first", *bits, s.interrupted),
        train(s, "--deterministic, second", "second", *bits, s.interrupted),
        train(
            s, "Ctrl-C after the first epoch", "cut", *bits, s.interrupted,
            expect=130, interrupt=lambda: len(rows(cut)) > 0,
        ),
        train(s, "airbench94: Muon", "airbench94", *few, net="zoo/airbench94"),
        train(
            s, "AdamW, moving average of the weights", "adamw", *few,
            "--recipe", s.out / "adamw.yaml",
        ),
        train(s, "bf16", "bf16", *few, "--precision", "bf16"),
        train(s, "dawnbench", "dawnbench", *few, net="dawnbench"),
        train(s, "fp64", "fp64", *few, "--precision", "fp64"),
    ]  # fmt: skip
    told, classes, *_ = part.together(steps)
    if told and rows(run):
        logged, found = rows(run)[-1]["test_acc"], json.loads(told)["accuracy"]
        reason = f"{logged:.4f} and {found:.4f}"
        part.check("the evaluation is that of the log", abs(logged - found) < 0.01, reason)
    part.show(classes)
    graph, single = losses(s, "graph"), losses(s, "no-graph")
    part.check("the same losses with the CUDA graph and without", graph and graph == single)
    first, second = digest(s.out / "runs" / "first"), digest(s.out / "runs" / "second")
    part.check("the same bits", first and first == second)
    part.step("--resume", [s.netc, "train", "--resume", cut, *s.device])
    part.check("the same bits as without Ctrl-C", first and first == digest(cut))


def losses(s, run):
    return [(row["train_loss"], row["test_loss"]) for row in rows(s.out / "runs" / run)]


def is_right(s, part):
    check_kernels(s, part)
    agree = [s.netc, "agree", *s.device]
    ops, exact = sorted((s.kit / "ops").glob("*.net")), ["--output", s.out / "exact"]
    resnet9 = [*agree, s.net("resnet9"), *s.width]
    narrow = [*agree, s.net("resnet9"), "--set", "width=8", "--steps", s.steps]
    limit = s.share(part, 0.5)
    steps = [
        Step("every op, both executors, four precisions", [*agree, *ops, *exact]),
        Step("resnet9 without netc's kernels", [*resnet9, "--without", "kernels"]),
        Step(f"the weights after {s.steps} steps", [*narrow, "--precision", "fp64"], limit),
    ]
    steps += [
        Step("every net, a part of them", [*agree, *some, *s.width, *exact], limit, until=True)
        for some in parted(s.compared)
    ]
    texts = part.together(steps)
    agreed(part, "every net agrees", "".join(filter(None, texts[3:])))
    for text in texts:
        part.show(text)
    by_chance(s, part, [*agree, "--precision", "fp64,fp32"])
    beside_torch(s, part, ops)


def parted(items):
    """As many parts as run at once, with first items first."""
    count = min(AT_ONCE, len(items))
    return [items[i::count] for i in range(count)]


def agreed(part, title, text):
    """Whether all lines of an output that was perhaps cut off say ok."""
    done = sum(line.endswith("  ok") for line in text.splitlines())
    part.check(title, done > 0 and "FAILED" not in text, f"{done} comparisons")


def check_kernels(s, part):
    title = "each kernel beside PyTorch in fp64, and its time beside the roofline"
    file = s.kernels()
    if not s.torch or not file:
        return part.skip(title, "no kernels" if s.torch else "no PyTorch")
    command = [sys.executable, HERE / "kernels_check.py", file, *s.checked]
    text = part.step(title, command, s.share(part, 0.4), until=True)
    if text is not None:
        agreed(part, "the kernels agree", text)
        part.show(text)


def by_chance(s, part, agree):
    """Random nets, as many as there is time for."""
    nets = parted(sorted((s.kit / "random").glob("*.net")))
    limit = part.left() * 0.4
    steps = [Step("nets by chance", [*agree, *some], limit, until=True) for some in nets]
    text = "".join(filter(None, part.together(steps)))
    agreed(part, "nets by chance agree", text)
    part.show("\n".join(line for line in text.splitlines() if "FAILED" in line)[:4000])


def beside_torch(s, part, ops):
    if not s.torch:
        return part.skip("PyTorch on the same device", "no PyTorch")
    modules = s.out / "modules"
    modules.mkdir(exist_ok=True)
    export, steps = [s.netc, "export", "--format", "pytorch"], []
    for net, narrow in [*((net, []) for net in ops), *((net, s.width) for net in s.compared)]:
        name = re.search(r"^net (\w+)", net.read_text(), re.M)[1]
        if (s.out / "exact" / name).exists():
            command = [*export, net, *narrow, "-o", modules / f"{name}.py"]
            steps.append(Step(f"write {name} for PyTorch", command))
    part.together(steps)
    check = [sys.executable, HERE / "torch_check.py", s.out / "exact", modules]
    part.show(part.step("PyTorch on the same device", [*check, "--device", s.torch_device]))


def main_result(s, part):
    found = {}  # by name: of each run accuracy, seconds with and without the tests

    def netc(name, seed, *flags):
        run = s.out / "runs" / f"main-{name.replace(' ', '')}-{seed}"
        command = [s.netc, "train", s.net("resnet9"), *s.narrow("resnet9"), *s.data, *s.device]
        command += [*s.epochs(24), *flags, "--seed", seed, "--output", run]
        if part.step(f"{name}, seed {seed}", command) is None:
            return
        done = rows(run)
        seconds = done[-1]["total_time"], sum(row["train_time"] for row in done)
        found.setdefault(name, []).append((100 * done[-1]["test_acc"], *seconds))

    def peer(name, *flags):
        if not s.torch:
            return part.skip(name, "no PyTorch")
        command = [sys.executable, HERE / "peer.py", "train", "--device", s.torch_device]
        text = part.step(name, [*command, *s.peer, *flags])
        if text:
            part.show(tail(text, 1))
            run = json.loads(text.splitlines()[-1])
            found[name] = [(run["accuracy"], run["with_tests"], run["without_tests"])]

    for seed in range(min(2, s.seeds)):
        netc("netc", seed)
    peer("PyTorch, compiled", "--compile", "default")
    peer("PyTorch")
    for seed in range(2, s.seeds):
        netc("netc", seed)
    netc("netc --no-graph", 0, "--no-graph")
    netc("netc --without kernels", 0, "--without", "kernels")
    netc("netc --precision bf16", 0, "--precision", "bf16")
    peer("PyTorch, compiled, max-autotune", "--compile", "max-autotune")
    head = ["resnet9", "runs", "accuracy %", "deviation", "s with tests", "s without", "/ netc's"]
    part.table(head, compared(found))


def compared(found):
    """The lines of a table: means, and the last time as a multiple of netc's."""
    own = statistics.mean(run[-1] for run in found["netc"]) if "netc" in found else None
    for name, runs in found.items():
        scores, *seconds = zip(*runs)
        deviation = f"{statistics.stdev(scores):.2f}" if len(scores) > 1 else ""
        means = [statistics.mean(values) for values in seconds]
        ratio = f"{means[-1] / own:.2f}" if own else ""
        numbers = [f"{mean:.2f}" for mean in (statistics.mean(scores), *means)]
        yield [name, len(runs), numbers[0], deviation, *numbers[1:], ratio]


def article(s, part):
    common = [*s.data, *s.device, "--quiet", *s.all_epochs]
    folder, net = s.out / "airbench94", s.net("zoo/airbench94")
    again = [s.netc, "reproduce", net, "--runs", s.seeds, *common, "--output", folder]
    part.step("airbench94", again, s.share(part, 0.5), until=True)
    part.show(part.step("what it found", [s.netc, "report", folder]))
    folder, nets = s.out / "article", [s.net(name) for name in s.article]
    once = [s.netc, "reproduce", *nets, "--runs", 1, *common, "--output", folder]
    limit = part.left() - s.share(part, 0.45 if s.airbench else 0.05)
    part.step("every row once", once, limit, until=True)
    part.show(part.step("what it found", [s.netc, "report", folder]))
    airbench(s, part)


def airbench(s, part):
    """airbench94 beside its authors' own script, by their measure: with one test, the last."""
    runs = [rows(run) for run in sorted(s.out.glob("airbench94/runs/*"))]
    found = {}
    if runs := [run for run in runs if len(run) == s.epochs(8)[1]]:
        seconds = [sum(row["train_time"] for row in run) + run[-1]["test_time"] for run in runs]
        found["netc"] = [(100 * run[-1]["test_acc"], time) for run, time in zip(runs, seconds)]
    if s.airbench and s.torch:
        command = [sys.executable, HERE / "airbench.py", s.airbench, s.data_folder]
        text = part.step("airbench94 by its authors", command, until=True) or ""
        told = re.findall(r"\|\s*eval\s*\|.*\|\s*([\d.]+)\s*\|\s*([\d.]+)\s*\|", text)
        # The first one is a warm-up on labels by chance.
        if runs := [(100 * float(score), float(time)) for score, time in told[1:]]:
            found["its authors' script"] = runs
        part.check("the authors' script ran", len(runs) > 0, f"{len(runs)} times")
    else:
        part.skip("airbench94 by its authors", "no --airbench" if s.torch else "no PyTorch")
    part.table(["airbench94", "runs", "accuracy %", "deviation", "s", "/ netc's"], compared(found))


def where_time_goes(s, part):
    profile = [s.netc, "profile", s.net("resnet9"), *s.narrow("resnet9"), *s.device, *s.profiled]
    kernels = ["--kernels", "--trace", s.out / "step.json"]
    part.show(part.step("netc, node by node and kernel by kernel", [*profile, *kernels]))
    part.show(part.step("netc, what comes before", [*profile, "--phases"]))
    if s.torch:
        command = [sys.executable, HERE / "peer.py", "profile", "--device", s.torch_device, *s.peer]
        part.show(part.step("PyTorch, kernel by kernel", command))
    else:
        part.skip("PyTorch, kernel by kernel", "no PyTorch")


def search(s, part):
    folder = s.out / "search"
    if s.search and not folder.exists():
        if s.search.is_dir():
            shutil.copytree(s.search, folder)
        else:
            with tarfile.open(s.search) as archive:
                archive.extractall(s.out, filter="data")
    command = [s.netc, "search", *s.spec, *s.data, *s.device, "--quiet", "--output", folder]
    text = part.step(
        "the article's search", command, part.left() - 20 if part.left() > 40 else None, until=True
    )
    part.show(tail(text))
    part.show(part.step("how far it is", [s.netc, "search", "status", folder]))
    part.show(part.step("what it found so far", [s.netc, "report", folder]))
    # What a later run needs: its plan and its results, not the checkpoint of the run that was stopped.
    with tarfile.open(s.out / "search.tar.gz", "w:gz") as archive:
        archive.add(
            folder,
            "search",
            filter=lambda f: None if f.name.endswith((".safetensors", ".tmp")) else f,
        )
    kept = (s.out / "search.tar.gz").stat().st_size
    part.check(
        "the search is packed for the next time",
        kept > 0,
        f"search.tar.gz, {kept / 1e6:.1f} MB: --search",
    )


def extra(s, part):
    """Kernels of one's own: a folder with a program `run`, or with compile.py and check.py.

    compile.py writes cubins into a folder, check.py takes one of them.
    """
    folder = s.out / "extra"
    shutil.copytree(s.extra, folder, dirs_exist_ok=True)
    if (folder / "run").exists():
        part.show(part.step("the checks of one's own", ["bash", folder / "run"]))
        return
    part.show(part.step("compile them", [sys.executable, folder / "compile.py", folder / "cubins"]))
    for cubin in sorted((folder / "cubins").glob("*.cubin")):
        part.show(part.step(f"check {cubin.name}", [sys.executable, folder / "check.py", cubin]))


def refuses(s, part):
    """Of a rehearsal: a step that fails, and one after it that is tried all the same."""
    part.step("a net that is not there", [s.netc, "train", "no_such.net", *s.device])
    part.step("the step after it", [s.netc, "--version"])


def runs_out(s, part):
    """Of a rehearsal: a step that takes longer than there is time."""
    few = [
        "--data",
        "synthetic",
        "--limit-train",
        512,
        "--epochs",
        1000,
        "--output",
        s.out / "runs" / "endless",
    ]
    part.step(
        "a training without end",
        [s.netc, "train", s.net("resnet9"), *s.narrow("resnet9"), *few, *s.device],
    )
    part.step("the step after it", [s.netc, "--version"])
