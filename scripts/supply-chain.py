#!/usr/bin/env python3
"""What of the dependencies runs while netc is built: build scripts and macros, pinned by checksum.

usage: scripts/supply-chain.py [--accept]

Compares them with supply-chain/build-time.txt, and fails if one is new, changed or gone. For a new version,
read what it runs (its build.rs, or the macro), then write the list anew with --accept. What follows a
checksum is what this script saw in the source: `c` compiles C, `rustc` asks the compiler, `run` starts
another program, `net` speaks of addresses to fetch from."""

import json
import pathlib
import re
import subprocess
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent
LIST = ROOT / "supply-chain" / "build-time.txt"
HEAD = "# Written by scripts/supply-chain.py --accept: crate, version, what it is, SHA-256, what it does.\n"


def seen(package):
    """What the build script of a package does, in a few words."""
    scripts = [target["src_path"] for target in package["targets"] if "custom-build" in target["kind"]]
    text = "".join(pathlib.Path(script).read_text() for script in scripts)
    for script in scripts:
        beside = pathlib.Path(script).parent / "build"
        text += "".join(path.read_text() for path in sorted(beside.rglob("*.rs")))
    started = set(re.findall(r"Command::new\(([^)]*)", text))
    rustc = {name for name in started if "rustc" in name.lower() or "wrapper" in name}
    words = ["c"] if re.search(r"\bcc::", text) else []
    words += ["rustc"] if rustc else []
    words += ["run"] if started - rustc else []
    words += ["net"] if re.search(r"https?://\S+\.(zip|gz|tar)|ureq|TcpStream", text) else []
    return " ".join(words)


def lines():
    command = ["cargo", "metadata", "--locked", "--format-version", "1", "--filter-platform", "x86_64-unknown-linux-gnu"]
    metadata = json.loads(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout)
    locked = tomllib.loads((ROOT / "Cargo.lock").read_text())["package"]
    checksums = {(package["name"], package["version"]): package.get("checksum") for package in locked}
    for package in metadata["packages"]:
        kinds = {kind for target in package["targets"] for kind in target["kind"]}
        what = [name for kind, name in (("custom-build", "script"), ("proc-macro", "macro")) if kind in kinds]
        if package["source"] and what:
            key = (package["name"], package["version"])
            yield " ".join([*key, "+".join(what), checksums[key], seen(package)]).strip()


def main():
    if len(sys.argv) > 1 and sys.argv[1] != "--accept":
        print(__doc__)
        return 0 if sys.argv[1] in ("-h", "--help") else 2
    found = sorted(lines())
    if sys.argv[1:] == ["--accept"]:
        LIST.write_text(HEAD + "".join(line + "\n" for line in found))
        return 0
    pinned = [line for line in LIST.read_text().splitlines() if not line.startswith("#")]
    for line in sorted(set(found) - set(pinned)):
        print(f"new: {line}")
    for line in sorted(set(pinned) - set(found)):
        print(f"gone: {line}")
    if found != pinned:
        print("read what is new, then: scripts/supply-chain.py --accept")
        return 1
    print(f"{len(found)} crates run while netc is built, all pinned")
    return 0


sys.exit(main())
