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

HERE = pathlib.Path(__file__).resolve().parent


def rows(run):
    """The epochs of a run so far."""
    log = run / "log.jsonl"
    lines = log.read_text().splitlines()[1:] if log.exists() else []
    return [json.loads(line) for line in lines if line.endswith("}")]


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


def runs_at_all(s, part):
    part.show(part.step("what netc finds", [s.netc, "doctor"]))
    all_tests = ["--data", "synthetic", "--limit-train", s.few, *s.device]
    few = [*all_tests, "--limit-test", s.few]
    for name in ("resnet9", "dawnbench", "zoo/airbench94"):
        run, data = s.out / "runs" / pathlib.Path(name).name, (
            all_tests if name == "resnet9" else few
        )
        command = [
            s.netc,
            "train",
            s.net(name),
            *s.narrow(name),
            *data,
            "--epochs",
            2,
            "--out",
            run,
        ]
        part.show(tail(part.step(f"train {name} on generated images", command)))
    run = s.out / "runs" / "resnet9"
    told = part.step("evaluate it", [s.netc, "eval", run, "--format", "json", *s.device])
    if told and rows(run):
        logged, found = rows(run)[-1]["test_acc"], json.loads(told)["accuracy"]
        part.check(
            "the evaluation is that of the log",
            abs(logged - found) < 0.01,
            f"{logged:.4f} and {found:.4f}",
        )
    picture(s.out / "picture.png")
    part.show(
        part.step("classify a picture", [s.netc, "predict", run, s.out / "picture.png", *s.device])
    )
    same_bits(s, part, few)


def same_bits(s, part, few):
    """--deterministic twice, and once more with Ctrl-C and --resume in between."""
    names = ("first", "second", "cut short")
    first, second, cut = (s.out / "runs" / name.replace(" ", "-") for name in names)
    train = [s.netc, "train", s.net("resnet9"), *s.narrow("resnet9"), *few, "--deterministic"]
    train += ["--epochs", s.interrupted, "--out"]
    for name, run in zip(names, (first, second)):
        part.step(f"--deterministic, {name}", [*train, run])
    part.check("the same bits", digest(first) and digest(first) == digest(second))
    part.step(
        "Ctrl-C after the first epoch",
        [*train, cut],
        expect=130,
        interrupt=lambda: len(rows(cut)) > 0,
    )
    part.step("--resume", [s.netc, "train", "--resume", cut, "--device", s.device[1]])
    part.check("the same bits as without Ctrl-C", digest(first) and digest(first) == digest(cut))


def is_right(s, part):
    agree = [s.netc, "agree", "--device", s.device[1]]
    ops = sorted((s.kit / "ops").glob("*.net"))
    exact = ["--out", s.out / "exact"]
    part.show(
        part.step(
            "every op, both executors, four precisions", [*agree, *ops, *exact], s.share(part, 0.3)
        )
    )
    part.show(
        part.step(
            "every net, likewise", [*agree, *s.compared, *s.width, *exact], s.share(part, 0.4)
        )
    )
    command = [
        *agree,
        s.net("resnet9"),
        "--set",
        "width=8",
        "--steps",
        s.steps,
        "--precision",
        "fp64",
    ]
    part.show(part.step("the weights after 100 steps", command, s.share(part, 0.3)))
    chance = sorted((s.kit / "random").glob("*.net"))
    command = [*agree, *chance, "--precision", "fp64"]
    text = part.step(
        f"nets by chance, {len(chance)} at most", command, s.share(part, 0.3), until=True
    )
    if text is not None:
        done = sum(line.endswith("  ok") for line in text.splitlines())
        part.check("nets by chance agree", done > 0 and "FAILED" not in text, f"{done // 2} nets")
        part.show("\n".join(line for line in text.splitlines() if "FAILED" in line)[:4000])
    if not s.torch:
        return part.skip("PyTorch on the same device", "no PyTorch")
    modules = s.out / "modules"
    modules.mkdir(exist_ok=True)
    for net, narrow in [*((net, []) for net in ops), *((net, s.width) for net in s.compared)]:
        name = re.search(r"^net (\w+)", net.read_text(), re.M)[1]
        if (s.out / "exact" / name).exists():
            command = [
                s.netc,
                "export",
                net,
                *narrow,
                "--to",
                "pytorch",
                "-o",
                modules / f"{name}.py",
            ]
            part.step(f"write {name} for PyTorch", command)
    command = [
        sys.executable,
        HERE / "torch_check.py",
        s.out / "exact",
        modules,
        "--device",
        s.torch_device,
    ]
    part.show(part.step("PyTorch on the same device", command))


def headline(s, part):
    scores, whole, training = [], [], []
    for seed in range(s.seeds):
        run = s.out / "runs" / f"headline-{seed}"
        train = [
            s.netc,
            "train",
            s.net("resnet9"),
            *s.narrow("resnet9"),
            *s.data,
            *s.device,
            *s.epochs(24),
        ]
        if part.step(f"netc, seed {seed}", [*train, "--seed", seed, "--out", run]) is None:
            continue
        done = rows(run)
        scores.append(100 * done[-1]["test_acc"])
        whole.append(done[-1]["total_time"])
        training.append(sum(row["train_time"] for row in done))
    table = [["netc", *summary(scores, whole, training)]] if scores else []
    for name, flags in (("PyTorch", []), ("PyTorch, compiled", ["--compile"])):
        if not s.torch:
            part.skip(name, "no PyTorch")
            continue
        command = [
            sys.executable,
            HERE / "peer.py",
            "train",
            "--device",
            s.torch_device,
            *s.peer,
            *flags,
        ]
        text = part.step(name, command)
        if text:
            found = json.loads(text.splitlines()[-1])
            part.show(tail(text, 1))
            table.append(
                [
                    name,
                    *summary([found["accuracy"]], [found["with_tests"]], [found["without_tests"]]),
                ]
            )
    part.table(["resnet9", "runs", "accuracy %", "deviation", "s with tests", "s without"], table)


def summary(scores, whole, training):
    deviation = f"{statistics.stdev(scores):.2f}" if len(scores) > 1 else ""
    means = [f"{statistics.mean(values):.2f}" for values in (whole, training)]
    return [len(scores), f"{statistics.mean(scores):.2f}", deviation, *means]


def article(s, part):
    folder = s.out / "article"
    common = [*s.data, *s.device, "--quiet", *s.all_epochs]
    nets = [s.net(name) for name in s.article]
    part.step(
        "every row once",
        [s.netc, "reproduce", *nets, "--runs", 1, *common, "--out", folder],
        s.share(part, 0.9),
        until=True,
    )
    part.show(part.step("what it found", [s.netc, "report", folder]))
    folder = s.out / "airbench94"
    command = [
        s.netc,
        "reproduce",
        s.net("zoo/airbench94"),
        "--runs",
        s.seeds,
        *common,
        "--out",
        folder,
    ]
    part.step("airbench94", command, until=True)
    part.show(part.step("what it found", [s.netc, "report", folder]))


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
    command = [s.netc, "search", *s.spec, *s.data, *s.device, "--quiet", "--out", folder]
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
        "--out",
        s.out / "runs" / "endless",
    ]
    part.step(
        "a training without end",
        [s.netc, "train", s.net("resnet9"), *s.narrow("resnet9"), *few, *s.device],
    )
    part.step("the step after it", [s.netc, "--version"])
