"""All that a GPU has to tell about netc, in one run of known length.

driver.py KIT [options]

KIT is the folder that scripts/gpu/pack.sh makes. The parts, each with a limit of its own, and what
matters most first:

  1  does it run at all: doctor, train, eval, predict, Ctrl-C and --resume, --deterministic
  2  is it right: each kernel, op and net against fp64, beside PyTorch on the same device
  3  the main result: resnet9, 24 epochs, five seeds, and the same recipe in PyTorch, in three ways
  4  the article's table: airbench94 five times, every row once, the authors' script of airbench94
  5  where the time of a step goes
  6  the article's search, as much of it as there is time for

Parts 3, 4 and 6 need CIFAR-10: --data names folders, once or several times, that hold its binary
form (`cifar-10-batches-bin`) or its files packed, NAME.bin.xz, with their SHA256SUMS if there are
any. --airbench names airbench94_muon.py by airbench94's authors, which is not a part of netc. The
others need no data, so that a fault is seen before the data have travelled. --rehearse does
all parts on the CPU with tiny sizes, and holds two more to fail as they must.
"""

import argparse
import concurrent.futures
import hashlib
import lzma
import os
import pathlib
import shutil
import subprocess
import sys
import time

import parts
from harness import FAILED, LATE, NOT_RUN, OK, Part, Report

FILES = [*(f"data_batch_{i}.bin" for i in range(1, 6)), "test_batch.bin"]
# Seconds of a part that is rehearsed: a busy machine must not make it fail.
SLOW = 900
# Title, seconds, whether it needs CIFAR-10.
PARTS = {
    "1": ("does it run at all", parts.runs_at_all, 100, False),
    "2": ("is it right", parts.is_right, 130, False),
    "3": ("the main result", parts.main_result, 300, True),
    "4": ("the article's table", parts.article, 300, True),
    "5": ("where the time goes", parts.where_time_goes, 60, False),
    "6": ("the article's search", parts.search, 3600, True),
    "extra": ("kernels of one's own", parts.extra, 60, False),
}
SINGLE = [
    "backbone",
    "backbone_norepeat",
    "backbone_3x3",
    "backbone_maxpool",
    "backbone_globalmax",
    "base",
    "dawnbench",
]
SINGLE += ["residual_l1l3", "extra_l1l2l3", "base_wide"]


class Session:
    """What all parts share."""

    def __init__(self, args):
        self.kit, self.out, self.rehearsed = args.kit.resolve(), args.out.resolve(), args.rehearse
        given = [path and path.resolve() for path in (args.search, args.extra, args.airbench)]
        self.search, self.extra, self.airbench = given
        self.out.mkdir(parents=True, exist_ok=True)
        self.netc = self.kit / "netc"
        self.env = os.environ | {
            "XDG_CACHE_HOME": str(self.out / "cache"),
            "PYTHONPATH": str(parts.HERE),
            "PYTHONUNBUFFERED": "1",
        }
        # The kernels that were compiled ahead.
        if (self.kit / "cache").exists():
            shutil.copytree(self.kit / "cache", self.out / "cache", dirs_exist_ok=True)
        self.torch = self.find_torch(args.without_torch)
        self.torch_device = "cpu" if args.rehearse else "cuda"
        self.device = ["--device", self.torch_device]
        self.card = ask(
            ["nvidia-smi", "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"]
        )
        found = ask(["nvidia-smi", "--query-gpu=compute_cap", "--format=csv,noheader", "--id=0"])
        self.env["ARCH"] = f"sm_{found.replace('.', '')}"
        self.sizes(args)

    def sizes(self, args):
        tiny = self.rehearsed
        self.few, self.interrupted, self.seeds = (32, 200, 1) if tiny else (5000, 60, 5)
        self.steps = 5 if tiny else 100
        self.article = ["backbone", "backbone_norepeat"] if tiny else SINGLE
        small = ["--data", "synthetic", "--limit-train", 32, "--limit-test", 32]
        self.data = small if tiny else ["--data", "cifar10"]
        self.all_epochs = ["--epochs", 1] if tiny else []
        self.width = ["--set", "width=8"] if tiny else []
        self.profiled = ["--batch", 8, "--steps", 2] if tiny else ["--steps", 20]
        self.checked = ["--only", "max_pool_v8"] if tiny else []
        self.data_folder = folder = self.out / "data" / "cifar-10-batches-bin"
        self.peer = (
            ["--epochs", 1, "--images", 64, "--batch", 16, "--width", 8, "--steps", 2]
            if tiny
            else []
        )
        self.peer += [] if tiny else ["--data", folder]
        every = sorted(
            p
            for f in ("nets", "nets/zoo")
            for p in (self.kit / f).glob("*.net")
            if p.name != "lib.net"
        )
        self.compared = [self.net("resnet9"), self.net("dawnbench")] if tiny else every
        self.spec = [self.kit / "examples/searches/article.yaml"]
        if tiny:
            self.spec = [self.net("base"), "--over", "width=[8,16]", "--epochs", 1, "--runs", 1]
        self.env["NETC_DATA"] = str(folder.parent)

    def find_torch(self, without):
        """The PyTorch of this Python; its libtorch is netc's, unless LIBTORCH names one."""
        folder = (
            "" if without else ask([sys.executable, "-c", "import torch; print(torch.__path__[0])"])
        )
        if folder:
            self.env.setdefault("LIBTORCH", folder)
        return folder

    def kernels(self):
        """netc's kernels as a file: those for the card, or those for the CPU."""
        kept = (self.out / "cache" / "netc").glob(f"kernels-{self.env['ARCH']}-*.cubin")
        emulated = self.kit / "kernels.so"
        files = [emulated] * emulated.exists() if self.rehearsed else sorted(kept)
        return files[0] if files else None

    def net(self, name):
        return self.kit / "nets" / f"{name}.net"

    def narrow(self, name):
        return ["--set", "width=8"] if self.rehearsed else []

    def epochs(self, count):
        return ["--epochs", 1 if self.rehearsed else count]

    def share(self, part, of):
        return part.limit * of

    def head(self, args):
        version = ask([self.netc, "--version"])
        where = self.card or "no GPU by nvidia-smi"
        return [
            f"# {version} on a GPU" + (", rehearsed on the CPU" if self.rehearsed else ""),
            "",
            f"{time.strftime('%Y-%m-%d %H:%M UTC', time.gmtime())}; {where}; {os.cpu_count()} CPUs; "
            f"libtorch {self.env.get('LIBTORCH', 'of the build')}; PyTorch {self.torch or 'none'}",
        ]


def ask(command):
    """What a program says; nothing if it fails or is not there."""
    try:
        return subprocess.run(
            command, capture_output=True, text=True, timeout=60, check=True
        ).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""


def place_data(folders, target):
    """Puts CIFAR-10's files into a folder, packed or not as they are. Those that are missing."""
    target.mkdir(parents=True, exist_ok=True)
    places = [p for folder in folders for p in (folder, folder / "cifar-10-batches-bin")]
    found = lambda name: next((p / name for p in places if (p / name).exists()), None)
    sums = "".join((p / "SHA256SUMS").read_text() for p in places if (p / "SHA256SUMS").exists())
    packed = {}
    for name in FILES:
        if (target / name).exists():
            continue
        if found(name):
            os.symlink(found(name).resolve(), target / name)
        elif found(f"{name}.xz"):
            packed[name] = found(f"{name}.xz")
    if found("batches.meta.txt"):
        shutil.copy(found("batches.meta.txt"), target)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        list(pool.map(lambda name: unpack(packed[name], name, sums, target), packed))
    return [name for name in FILES if not (target / name).exists()]


def unpack(path, name, sums, target):
    content = lzma.decompress(path.read_bytes())
    if sums and f"{hashlib.sha256(content).hexdigest()}  {name}" not in sums:
        sys.exit(f"error: {path} is damaged: its checksum is not that of SHA256SUMS")
    (target / name).write_bytes(content)


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("kit", type=pathlib.Path)
    parser.add_argument("--parts", default="1,2,3,4,5,6", help="which, in this order")
    parser.add_argument("--data", type=pathlib.Path, action="append", default=[])
    parser.add_argument(
        "--search",
        type=pathlib.Path,
        help="the search of an earlier run, to go on with: search.tar.gz or its folder",
    )
    parser.add_argument(
        "--extra", type=pathlib.Path, help="a folder of kernels with their check, as one more part"
    )
    parser.add_argument("--airbench", type=pathlib.Path, help="the authors' airbench94_muon.py")
    parser.add_argument("--budget", type=float, default=3600, help="seconds for all parts together")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("gpu-report"))
    parser.add_argument("--rehearse", action="store_true")
    parser.add_argument(
        "--without-torch", action="store_true", help="as on a machine that has no PyTorch"
    )
    return parser.parse_args()


def attempt(part, work, session):
    print(f"{part.number} {part.title}, at most {part.limit:.0f} s", flush=True)
    try:
        work(session, part)
    except Exception as error:  # A part's fault must not keep the next one from being tried.
        part.note(FAILED, "the driver itself", reason=f"{type(error).__name__}: {error}")


def main():
    args = arguments()
    session = Session(args)
    report, end = Report(session.out, session.head(args)), time.monotonic() + args.budget
    missing = (
        []
        if args.rehearse
        else place_data(args.data, session.out / "data" / "cifar-10-batches-bin")
    )
    for number in [*args.parts.split(","), *(["extra"] if args.extra else [])]:
        title, work, limit, needs_data = PARTS[number]
        limit = SLOW if args.rehearse else min(limit, max(0, end - time.monotonic()))
        part = Part(number, title, limit, session)
        if needs_data and missing:
            part.note(
                NOT_RUN,
                "all of it",
                reason=f"no CIFAR-10: --data; {len(missing)} of its 6 files are missing",
            )
        else:
            attempt(part, work, session)
        report.add(part)
    if args.rehearse:
        for title, work, limit in (
            ("must fail", parts.refuses, 30),
            ("must run out of time", parts.runs_out, 3),
        ):
            part = Part("rehearsal", title, limit, session)
            attempt(part, work, session)
            report.add(part)
    print("\n" + report.text())
    found = [part.status for part in report.parts]
    expected = [OK] * (len(found) - 2) + [FAILED, LATE] if args.rehearse else [OK] * len(found)
    if args.rehearse and found != expected:
        sys.exit(f"error: the rehearsal gave {found}, expected {expected}")
    sys.exit(0 if found == expected else 1)


if __name__ == "__main__":
    main()
