"""What netc, Pyrefly and PyTorch say of the same slips in the same nets; writes the tables of docs/pyrefly.md.

usage: scripts/pyrefly/run.sh [--only TOOL]... [--runs N] [--show TEXT]
"""

import argparse
import collections
import dataclasses
import difflib
import json
import os
import pathlib
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time

import yaml
from plain import plain

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
NETC = pathlib.Path(os.environ.get("NETC", "target/release/netc")).resolve()
PAGE = ROOT / "docs" / "pyrefly.md"
CONFIG = f'python-version = "3.13"\npython-interpreter-path = "{sys.executable}"\nsearch-path = ["."]\n'
SMOKE = "import sys; __import__(sys.argv[1]).smoke()"
TOOLS = {
    "netc": "netc",
    "shaped": "Pyrefly",
    "plain": "Pyrefly, no annotations",
    "run": "PyTorch, run",
}


@dataclasses.dataclass
class Report:
    """One problem that a tool reports."""

    places: list  # (file, line): where it stands, then what else it marks
    text: str
    claim: bool = False  # that the number of parameters is not the one written down


def call(folder, *command):
    return subprocess.run(list(map(str, command)), cwd=folder, capture_output=True, text=True)


def netc(folder, net):
    answer = json.loads(call(folder, NETC, "check", "--format", "json", f"{net}.net").stdout)
    for p in answer["problems"]:
        texts = [p["message"], *(mark["message"] for mark in p["related"]), p["help"] or ""]
        places = [(at["file"], at["line"]) for at in [p, *p["related"]]]
        claim = p["code"] == "expect" and "params" in p["message"]
        yield Report(places, "\n".join(texts), claim)


def pyrefly(folder, _net):
    out = call(folder, *PYREFLY, "--output-format", "json", *folder.glob("*.py")).stdout
    for e in json.loads(out)["errors"]:
        yield Report([(pathlib.Path(e["path"]).name, e["line"])], e["description"])


def run(folder, net):
    out = call(folder, sys.executable, "-W", "ignore", "-c", SMOKE, net)
    frames = re.findall(rf'File "{re.escape(str(folder))}/(\w+\.py)", line (\d+).*\n(.*)', out.stderr)
    if out.returncode:
        places = [(file, int(line)) for file, line, _ in reversed(frames)]
        yield Report(places, out.stderr.splitlines()[-1], "numel" in frames[-1][2])


PYREFLY = (pathlib.Path(sys.executable).parent / "pyrefly", "check")
CHECKS = {"netc": netc, "shaped": pyrefly, "plain": pyrefly, "run": run}


def texts(tool, net, edits):
    """The files of a net, with the edits made: {name: text}."""
    if tool == "netc":
        files = {path.name: path.read_text() for path in (ROOT / "nets").glob("*.net")}
    else:
        files, wanted = {}, [net]
        for name in wanted:
            files[f"{name}.py"] = text = (HERE / "nets" / f"{name}.py").read_text()
            wanted += [n for n in re.findall(r"^from (\w+) import", text, re.M) if n in ("blocks", "base")]
    for file, old, new in edits:
        if files[file].count(old) != 1:
            sys.exit(f"{net}: {old!r} occurs {files[file].count(old)} times in {file}")
        files[file] = files[file].replace(old, new)
    return {name: plain(text) for name, text in files.items()} if tool == "plain" else files


def laid(folder, files):
    for name, text in files.items():
        (folder / name).write_text(text)
    (folder / "pyrefly.toml").write_text(CONFIG)


def changed(before, after):
    """The lines of `after` that differ; where some were taken out, those around the gap."""
    found = set()
    for tag, _, _, first, last in difflib.SequenceMatcher(None, before, after, False).get_opcodes():
        found |= set(range(first, last + 2)) - {0} if tag == "delete" else set()
        found |= set(range(first + 1, last + 1)) if tag in ("replace", "insert") else set()
    return found


def block(lines, number):
    """The line of the head of the net, block or class around a line."""
    indent = len(lines[number - 1]) - len(lines[number - 1].lstrip())
    for n in range(number - 1, 0, -1):
        head = re.match(r"( *)(net|block|class)\b", lines[n - 1])
        if head and len(head[1]) < indent:
            return n
    return None


PLACES = ("line", "marked", "block", "elsewhere")


def place(report, before, after):
    """Where a report stands: at a changed line, which it may mark only, in the block around one, or
    elsewhere."""

    def at(name):
        return changed(before[name].splitlines(), after[name].splitlines())

    hits = [line in at(name) for name, line in report.places]
    if any(hits):
        return "line" if hits[0] else "marked"
    name, line = report.places[0]
    lines = after[name].splitlines()
    blocks = {block(lines, n) for n in at(name)} - {None}
    return "block" if block(lines, line) in blocks else "elsewhere"


def nodes(folder, net):
    answer = json.loads(call(folder, NETC, "check", "--format", "json", f"{net}.net").stdout)
    return answer["ok"], answer["nodes"]


def repair(folder, case, before):
    """What `netc check --fix` makes of the net and the files with the slip."""
    net = case["net"]
    files = {folder / name: None for name in [f"{net}.net", *(edit[0] for edit in case["netc"])]}
    texts = [path.read_text() for path in files]
    call(folder, NETC, "check", "--fix", *files)
    if [path.read_text() for path in files] == texts:
        return None
    ok, now = nodes(folder, net)
    with tempfile.TemporaryDirectory() as other:
        laid(pathlib.Path(other), before)
        restored = now == nodes(other, net)[1]
    return "repaired" if restored else "sound" if ok else "not sound"


def judged(tool, case):
    """The cell of a case and a tool, and the reports."""
    edits = case["netc" if tool == "netc" else "python"]
    if isinstance(edits, str):
        return "cannot be made", []
    before, after = texts(tool, case["net"], []), texts(tool, case["net"], edits)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name).resolve()
        laid(folder, after)
        reports = list(CHECKS[tool](folder, case["net"]))
        if not reports:
            return "–", reports
        told = [r for r in reports if not r.claim]
        if not told:
            return "claim", reports
        places = [place(r, before, after) for r in told]
        cell = [min(places, key=PLACES.index)]
        if any(all(re.search(c, r.text, re.I) for c in case["cause"]) for r in told):
            cell.append("cause")
        if tool == "netc" and (fixed := repair(folder, case, before)):
            cell.append(fixed)
        if tool != "netc" and any("id you mean" in r.text for r in told):
            cell.append("hint")
    return ", ".join(cell), reports


def sound(runs):
    """Milliseconds of time and of processor time that each tool took for each net as it is, which
    none complains about."""
    times = collections.defaultdict(list)

    def now():
        spent = resource.getrusage(resource.RUSAGE_CHILDREN)
        return 1000 * time.perf_counter(), 1000 * (spent.ru_utime + spent.ru_stime)

    for net in ("backbone", "base", "resnet9", "dawnbench", "extra_l1l2l3") * runs:
        for tool in ARGS.only or TOOLS:
            with tempfile.TemporaryDirectory() as name:
                folder = pathlib.Path(name).resolve()
                laid(folder, texts(tool, net, []))
                began = now()
                for report in CHECKS[tool](folder, net):
                    sys.exit(f"{tool} of {net} as it is: {report}")
                times[tool].append([end - start for start, end in zip(began, now())])
    return times


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(map(str, line))} |\n" for line in lines)


def summary(cells):
    def count(tool, *words):
        return sum(any(w in cell.split(", ") for w in words) for cell in cells[tool])

    rows = [
        ("slips that can be made", lambda t: sum(c != "cannot be made" for c in cells[t])),
        ("found", lambda t: count(t, *PLACES)),
        ("… at the line of the slip", lambda t: count(t, "line")),
        ("… elsewhere, with a mark there", lambda t: count(t, "marked") or ""),
        ("… elsewhere in its block or class", lambda t: count(t, "block")),
        ("… with the cause named", lambda t: count(t, "cause")),
        ("… with the right name suggested", lambda t: count(t, "hint") or "" if t != "netc" else ""),
        ("… repaired: the same net as before", lambda t: count(t, "repaired") or ""),
        ("… repaired: sound, but another net", lambda t: count(t, "sound") or ""),
        ("… changed, and not sound", lambda t: count(t, "not sound") or ""),
        ("only by the number of parameters", lambda t: count(t, "claim")),
        ("not found", lambda t: count(t, "–")),
    ]
    rows = [[name, *map(of, TOOLS)] for name, of in rows]
    return table(["", *TOOLS.values()], [row for row in rows if any(row[1:])])


def write(part, text):
    page = PAGE.read_text()
    mark = re.compile(rf"(<!-- {part} -->\n).*?(<!-- end -->)", re.S)
    PAGE.write_text(mark.sub(lambda m: f"{m[1]}\n{text}\n{m[2]}", page))


def printed():
    """The cells that the page has of each tool."""
    rows = re.search(r"<!-- table -->\n\n(.*?)\n<!-- end -->", PAGE.read_text(), re.S)
    rows = [line.strip("| ").split(" | ")[2:] for line in rows[1].splitlines()[2:]] if rows else []
    return dict(zip(TOOLS, map(list, zip(*rows))))


def show(case, tool, cell, reports):
    print(f"{case['kind']}, {case['net']}, {tool}: {cell}")
    for r in reports:
        places = " ".join(f"{file}:{line}" for file, line in r.places)
        print("   ", f"{places}: {r.text}".replace("\n", "\n        "))


def main():
    cases = yaml.safe_load((HERE / "mutations.yaml").read_text())
    if ARGS.show:
        for case in (c for c in cases if ARGS.show in f"{c['kind']}, {c['net']}"):
            for tool in ARGS.only or TOOLS:
                show(case, tool, *judged(tool, case))
        return
    times = sound(ARGS.runs)
    cells = printed() | {tool: [judged(tool, c)[0] for c in cases] for tool in ARGS.only or TOOLS}
    rows = zip([c["kind"] for c in cases], [c["net"] for c in cases], *map(cells.get, TOOLS))
    write("summary", summary(cells))
    write("table", table(["slip", "net", *TOOLS.values()], rows))
    if not ARGS.only:
        medians = [[round(statistics.median(ms)) for ms in zip(*times[t])] for t in TOOLS]
        rows = zip(("start to end, ms", "processor time, ms"), *medians)
        write("times", table(["", *TOOLS.values()], rows))


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--only", action="append", choices=TOOLS, help="leave the others' cells as printed")
parser.add_argument("--runs", default=7, type=int, help="how often the check of each sound net is timed")
parser.add_argument("--show", help="print what is said of the slips whose name contains this; write nothing")
ARGS = parser.parse_args()
main()
