#!/usr/bin/env python3
"""Numbers by which the state of the sources is judged, as one table.

usage: scripts/house.py [--at REV]... [--list] [--build]

  --at REV   a column for a revision too, before that of the working tree; may be repeated
  --list     below the table, what was counted: circles, type names, functions
  --build    also build from nothing and print wall and CPU seconds (takes minutes)

The sources are read as text, without comments, string literals and test modules:

  - A circle is a strongly connected component of more than one file of a package. One file depends
    on another if it names an item that the other declares, by `use` or by a path; a re-export counts
    for those who use it, not for the file that it stands in. Methods, macros and the module that
    `pub(in ...)` names are not followed.
  - An arm over ops is one `Op::X` in a pattern: of a `match`, an `if let` or a `matches!`.
  - A type name counts once if two or more modules declare a struct, enum, union or trait of it.
  - A function takes a tuple apart if one of its parameters is a pattern in parentheses."""

import argparse
import io
import os
import re
import resource
import subprocess
import sys
import tarfile
import tempfile
import time
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = {"netc": "src", "netc-torch": "torch/src"}
IDENT = r"[A-Za-z_]\w*"
LITERALS = re.compile(
    r"//[^\n]*"
    r"|/\*.*?\*/"
    r'|\bb?r(#*)".*?"\1'
    r'|b?"(?:\\.|[^"\\])*"'
    r"|b?'(?:\\(?:u\{[^}]*\}|x..|.)|[^'\\\n])'",
    re.S,
)


# Reading Rust


def plain(text):
    """A file without comments, strings and test modules; its lines stay where they are."""
    text = LITERALS.sub(lambda found: '""' + "\n" * found.group().count("\n"), text)
    while found := re.search(r"#\[cfg\(test\)\]\s*(?:#\[[^\]]*\]\s*)*mod\s+\w+\s*\{", text):
        end = closing(text, found.end() - 1)
        text = text[: found.start()] + "\n" * text.count("\n", found.start(), end) + text[end:]
    return text


def closing(text, opening):
    """The place after the bracket that closes the one at `opening`."""
    depth = 0
    for at in range(opening, len(text)):
        depth += (text[at] in "([{") - (text[at] in ")]}")
        if depth == 0:
            return at + 1
    return len(text)


def split(text):
    """The parts of a list: what lies between commas outside of brackets."""
    parts, depth, start = [], 0, 0
    for at, char in enumerate(text):
        arrow = char == ">" and text[at - 1 : at] in ("-", "=")
        depth += (char in "([{<") - (char in ")]}>" and not arrow)
        if char == "," and depth == 0:
            parts.append(text[start:at])
            start = at + 1
    return [part.strip() for part in [*parts, text[start:]] if part.strip()]


def leaves(tree):
    """Each path of a `use`, and the name that it gets."""
    tree = tree.strip()
    if (brace := tree.find("{")) >= 0:
        inner = tree[brace + 1 : closing(tree, brace) - 1]
        for part in split(inner):
            yield from leaves(tree[:brace] + part)
        return
    path, _, alias = re.sub(r"\s+", " ", tree).partition(" as ")
    path = re.sub(r"\s", "", path).removesuffix("::self")
    names = path.split("::")
    yield names, alias.strip() or names[-1]


# Circles


class Module:
    def __init__(self, name, file, text):
        self.name, self.file, self.children = name, file, {}
        self.uses = {}  # name: (path, whether it is re-exported)
        self.globs = []
        for found in re.finditer(rf"(pub(?:\([^)]*\))?\s+)?\buse\s+([^;]+);", text):
            for path, name in leaves(found.group(2)):
                if name == "*":
                    self.globs.append((path[:-1], bool(found.group(1))))
                else:
                    self.uses[name] = (path, bool(found.group(1)))
        self.body = re.sub(r"\buse\s+[^;]+;|\bpub\(in\s[^)]*\)", "", text)
        kinds = r"(?:struct|enum|union|trait|type|fn|const|static|macro_rules!)"
        self.items = set(re.findall(rf"\b{kinds}\s+(?:mut\s+)?({IDENT})", self.body))


class Package:
    def __init__(self, sources, folder):
        self.modules = {}
        for file, text in sorted(sources.items()):
            if not file.startswith(folder + "/"):
                continue
            parts = list(Path(file).relative_to(folder).with_suffix("").parts)
            if parts[-1] in ("mod", "lib", "main"):
                # A program beside a library is a root of its own.
                beside = parts == ["main"] and f"{folder}/lib.rs" in sources
                parts = ["(main)"] if beside else parts[:-1]
            self.modules[tuple(parts)] = Module(tuple(parts), file, text)
        for name, module in self.modules.items():
            parent = self.modules.get(name[:-1])
            if name and parent:
                parent.children[name[-1]] = module

    def item(self, module, path, seen=()):
        """The module that declares what a path names, seen from a module; none for other crates."""
        if not path or (module, tuple(path)) in seen:
            return module
        seen = (*seen, (module, tuple(path)))
        head, rest = path[0], path[1:]
        if head == "crate":
            root = self.modules.get(())
            return root and self.item(root, rest, seen)
        if head == "self":
            return self.item(module, rest, seen)
        if head == "super":
            parent = self.modules.get(module.name[:-1]) if module.name else None
            return parent and self.item(parent, rest, seen)
        if head in module.children:
            return self.item(module.children[head], rest, seen)
        if head in module.uses:
            target = self.item(module, module.uses[head][0], seen)
            if target and rest and target.name and target.name[-1] == module.uses[head][0][-1]:
                return self.item(target, rest, seen)
            return target
        if head in module.items:
            return module
        for glob, _ in module.globs:
            source = self.item(module, glob, seen)
            if source and source is not module and (head in source.items or head in source.uses):
                return self.item(source, path, seen)
        return None

    def edges(self):
        edges = defaultdict(set)
        for module in self.modules.values():
            paths = [
                path
                for name, (path, exported) in module.uses.items()
                if not exported or re.search(rf"\b{name}\b", module.body)
            ]
            paths += [path for path, exported in module.globs if not exported]
            start = "|".join(["crate", "super", "self", *map(re.escape, module.children)])
            written = rf"(?<![\w:])(?:{start})(?:\s*::\s*{IDENT})+"
            paths += [re.split(r"\s*::\s*", found) for found in re.findall(written, module.body)]
            for path in paths:
                target = self.item(module, path)
                if target and target is not module:
                    edges[module.file].add(target.file)
        return edges

    def circles(self):
        return [sorted(part) for part in components(self.edges()) if len(part) > 1]


def components(edges):
    """Strongly connected components, by Tarjan's algorithm without recursion."""
    index, low, stack, on, found = {}, {}, [], set(), []
    for start in list(edges):
        if start in index:
            continue
        work = [(start, iter(sorted(edges[start])))]
        index[start] = low[start] = len(index)
        stack.append(start), on.add(start)
        while work:
            node, targets = work[-1]
            for target in targets:
                if target not in index:
                    index[target] = low[target] = len(index)
                    stack.append(target), on.add(target)
                    work.append((target, iter(sorted(edges.get(target, ())))))
                    break
                if target in on:
                    low[node] = min(low[node], index[target])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    part = set()
                    while node not in part:
                        part.add(stack[-1]), on.discard(stack[-1]), stack.pop()
                    found.append(part)
    return found


# Ops


def before_arrow(text, arrow):
    """The pattern of the arm of a `match` whose `=>` is at `arrow`, without its guard."""
    at = arrow - 1
    while at >= 0:
        if text[at] in ")]}":
            after = text[at + 1 : arrow].lstrip()
            if text[at] == "}" and after and not re.match(r"\||if\b|@", after):
                break  # the block of the arm before
            depth = 0
            while at >= 0:
                depth += (text[at] in ")]}") - (text[at] in "([{")
                if depth == 0:
                    break
                at -= 1
        elif text[at] in "([{,;":
            break
        at -= 1
    return re.split(r"\bif\b", text[at + 1 : arrow])[0]


def over_ops(text):
    """How often `Op::X` stands in a pattern, and how many `matches!` have it."""
    name = re.compile(r"\bOp::[A-Z]\w*")
    arms = lets = macros = inside = 0
    for found in re.finditer(r"\bmatches!\s*\(", text):
        parts = split(text[found.end() : closing(text, found.end() - 1) - 1])
        pattern = re.split(r"\bif\b", ",".join(parts[1:]))[0]
        macros += bool(name.search(pattern))
        inside += len(name.findall(pattern))
    for found in re.finditer(r"=>", text):
        arms += len(name.findall(before_arrow(text, found.start())))
    for found in re.finditer(r"\blet\b([^=;]*)=(?!=)", text):
        lets += len(name.findall(found.group(1)))
    return arms + lets + inside, macros


def touched(page):
    blocks = re.findall(r"^```diff\n(.*?)^```", page, re.S | re.M)
    return sorted(set(re.findall(r"^\+\+\+ b/(\S+)", "\n".join(blocks), re.M)))


# Types and functions


def duplicated(sources):
    places = defaultdict(set)
    for file, text in sources.items():
        for name in re.findall(rf"(?<![\w$])(?:struct|enum|union|trait)\s+({IDENT})", text):
            places[name].add(file)
    return {name: sorted(files) for name, files in places.items() if len(files) > 1}


def tuples_in_heads(sources):
    found = []
    for file, text in sources.items():
        for head in re.finditer(rf"\bfn\s+({IDENT})\s*", text):
            at = head.end()
            if text[at : at + 1] == "<":
                depth = 0
                while at < len(text):
                    depth += (text[at] == "<") - (text[at] == ">" and text[at - 1] != "-")
                    at += 1
                    if depth == 0:
                        break
            if text[at : at + 1] != "(":
                continue
            parameters = split(text[at + 1 : closing(text, at) - 1])
            if any(re.match(r"&?\s*(?:mut\s+)?\(", parameter) for parameter in parameters):
                found.append(f"{file}: {head.group(1)}")
    return found


# A tree


def crates(tree, *arguments):
    """How many crates a package depends on, itself left out; none if Cargo cannot tell."""
    for offline in (["--offline"], []):
        command = ["cargo", "tree", *offline, "-e", "normal", "--prefix", "none", *arguments]
        done = subprocess.run(command, cwd=tree, capture_output=True, text=True)
        if done.returncode == 0:
            lines = [line.split()[:2] for line in done.stdout.splitlines() if line.strip()]
            return len({tuple(line) for line in lines}) - 1
    return None


def build(tree, *arguments):
    """Wall and CPU seconds of a build from nothing."""
    with tempfile.TemporaryDirectory() as target:
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        libtorch = {"LIBTORCH": str(ROOT / "libtorch/torch"), **os.environ}
        environment = {**libtorch, "CARGO_TARGET_DIR": target}
        done = subprocess.run(["cargo", "build", "--quiet", *arguments], cwd=tree, env=environment)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode != 0:
            return None
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return f"{time.monotonic() - start:.0f} / {cpu:.0f}"


def files(tree):
    """The Rust files of a tree: those of Git in a checkout, else all."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.rs"]
    if (tree / ".git").exists():
        named = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=True).stdout
        return sorted({name for name in named.splitlines() if (tree / name).exists()})
    return sorted(str(path.relative_to(tree)) for path in tree.rglob("*.rs"))


def measure(tree, builds):
    """Each number of a tree by its name, and what to list below the table."""
    raw = {file: (tree / file).read_text(encoding="utf-8") for file in files(tree)}
    folders = tuple(f"{folder}/" for folder in PACKAGES.values())
    sources = {file: plain(text) for file, text in raw.items() if file.startswith(folders)}
    numbers, lists = {}, {}

    page = tree / "docs/add_an_op.md"
    changed = touched(page.read_text(encoding="utf-8")) if page.exists() else None
    code = [file for file in changed or [] if file.startswith(folders)]
    numbers["files that a new op touches"] = len(code) if changed is not None else None
    numbers["... with tests"] = len(changed) if changed is not None else None

    outside = {f: over_ops(text) for f, text in sources.items() if not f.startswith("src/graph/op")}
    numbers["ops named in patterns outside src/graph/op"] = sum(a for a, _ in outside.values())
    numbers["... in files"] = sum(1 for a, _ in outside.values() if a)
    numbers["matches! over ops there"] = sum(m for _, m in outside.values())
    lists["ops named in patterns"] = [f"{file}: {a}" for file, (a, _) in outside.items() if a]

    for package, folder in PACKAGES.items():
        circles = Package(sources, folder).circles()
        present = any(file.startswith(folder + "/") for file in sources)
        numbers[f"circles between files, {package}"] = len(circles) if present else None
        numbers[f"... files in them, {package}"] = sum(map(len, circles)) if present else None
        lists[f"circles, {package}"] = [" ".join(circle) for circle in circles]

    names = duplicated(sources)
    numbers["type names declared twice or more"] = len(names)
    lists["type names"] = [f"{name}: {' '.join(where)}" for name, where in sorted(names.items())]
    heads = tuples_in_heads(sources)
    numbers["functions with a tuple taken apart in the head"] = len(heads)
    lists["functions"] = heads

    core = ["-p", "netc"]
    bare = crates(tree, *core, "--no-default-features")
    numbers["crates below netc, without default features"] = bare
    numbers["crates below netc"] = crates(tree, *core)
    has_torch = (tree / "torch/Cargo.toml").exists()
    numbers["crates below netc-torch"] = crates(tree, "-p", "netc-torch") if has_torch else None

    lines = {file: text.count("\n") for file, text in raw.items()}
    numbers["lines of Rust, src and torch/src"] = sum(lines[file] for file in sources)
    tests = [file for file in lines if file.startswith("tests/")]
    numbers["lines of Rust, tests"] = sum(lines[file] for file in tests)
    numbers["lines of Rust, in all"] = sum(lines.values())

    if builds:
        numbers["build of netc, wall / CPU s"] = build(tree, "-p", "netc")
        both = ("-p", "netc", "-p", "netc-torch")
        numbers["build of both, wall / CPU s"] = build(tree, *both) if has_torch else None
    return numbers, lists


def at_revision(revision, builds):
    archive = ["git", "archive", "--format=tar", revision]
    packed = subprocess.run(archive, cwd=ROOT, capture_output=True)
    if packed.returncode != 0:
        sys.exit(f"error: {packed.stderr.decode().strip()}")
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as tar:
            tar.extractall(folder)
        return measure(Path(folder), builds)


def shown(value):
    return "-" if value is None else f"{value:,}" if isinstance(value, int) else value


def main():
    usage = __doc__.split("usage: ")[1].split("\n")[0]
    parser = argparse.ArgumentParser(usage=usage, add_help=False)
    parser.add_argument("-h", "--help", action="store_true")
    parser.add_argument("--at", action="append", default=[])
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--build", action="store_true")
    args = parser.parse_args()
    if args.help:
        return print(__doc__)

    columns = [(revision, *at_revision(revision, args.build)) for revision in args.at]
    columns.append(("now", *measure(ROOT, args.build)))
    rows = [["", *(title for title, _, _ in columns)]]
    for name in columns[-1][1]:
        rows.append([name, *(shown(numbers[name]) for _, numbers, _ in columns)])
    widths = [max(map(len, column)) for column in zip(*rows)]
    for row in rows:
        cells = [row[0].ljust(widths[0]), *(cell.rjust(w) for cell, w in zip(row[1:], widths[1:]))]
        print("  ".join(cells).rstrip())
    if args.list:
        for what, items in columns[-1][2].items():
            print(f"\n{what}")
            print("\n".join(f"  {item}" for item in items) or "  none")


if __name__ == "__main__":
    main()
