"""The programs that netc is compared with, each in an environment of its own.

usage: bench/peers.py [--renew] [NAME...]

Makes .venv-bench/NAME for each, with the newest version that the package index has where none is given. One that is there
already is left as it is, one that was interrupted is finished; --renew makes them anew. What cannot be installed is
reported, and bench/run.py reports it too. The three with PyTorch take 5 GB each.
"""

import argparse
import json
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".venv-bench"
PEERS = {
    # The version that netc is built on.
    "torch-2.11": ["torch==2.11.0", "numpy", "setuptools"],
    "torch-newest": ["torch", "numpy", "setuptools"],
    # Built for one version of PyTorch, which its own begins with.
    "zentorch": ["zentorch", "torch=={0}.{1}.*", "numpy", "setuptools"],
    "onnxruntime": ["onnxruntime", "numpy"],
    "openvino": ["openvino", "numpy"],
}


def python(name):
    return FOLDER / name / "bin/python"


def versions(name):
    """The packages of an environment that is complete, else why it is not."""
    state = FOLDER / f"{name}.json"
    if not state.exists():
        return {}, "not installed: bench/peers.py installs it"
    found = json.loads(state.read_text())
    return found["versions"], found["error"]


def pip(name, *arguments):
    command = [python(name), "-m", "pip", "--disable-pip-version-check", "--no-cache-dir", *arguments]
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE).stdout


def install(name):
    wanted = PEERS[name]
    try:
        subprocess.run([sys.executable, "-m", "venv", FOLDER / name], check=True, capture_output=True, text=True)
        if "{0}" in "".join(wanted):
            pip(name, "install", "--no-deps", wanted[0])
            version = packages(name)[wanted[0]].split(".")
            wanted = [package.format(*version) for package in wanted]
        pip(name, "install", *wanted)
        return {"versions": packages(name), "error": None}
    except (OSError, subprocess.CalledProcessError) as error:
        lines = (getattr(error, "stderr", None) or str(error)).strip().splitlines()
        return {"versions": {}, "error": f"could not be installed: {lines[-1]}"}


def packages(name):
    return {package["name"]: package["version"] for package in json.loads(pip(name, "list", "--format", "json"))}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(PEERS))
    parser.add_argument("--renew", action="store_true")
    args = parser.parse_args()
    if unknown := set(args.names) - set(PEERS):
        parser.error(f"no peer {', '.join(unknown)}")
    FOLDER.mkdir(exist_ok=True)
    for name in args.names or PEERS:
        state = FOLDER / f"{name}.json"
        if args.renew:
            state.unlink(missing_ok=True)
            shutil.rmtree(FOLDER / name, ignore_errors=True)
        if not state.exists() or json.loads(state.read_text())["error"]:
            state.write_text(json.dumps(install(name)))
        found, error = versions(name)
        main_package = PEERS[name][0].split("==")[0]
        print(f"{name}: {error or found[main_package]}", flush=True)


if __name__ == "__main__":
    main()
