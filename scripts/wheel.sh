#!/usr/bin/env bash
# Builds netc as pip installs it: scripts/wheel.sh netc|netc-torch VERSION
# writes dist/NAME-VERSION-py3-none-PLATFORM.whl. netc-torch takes libtorch from the wheel of
# PyTorch; to build it libtorch must be here already.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh

[[ $# == 2 && $1 =~ ^netc(-torch)?$ ]] || fail "usage: scripts/wheel.sh netc|netc-torch VERSION"
need_version "$2"
[[ $1 == netc ]] || grep -q "\"netc==$2\"" torch/pyproject.toml ||
    fail "torch/pyproject.toml does not depend on netc==$2" "change it there"

need_build_tools
need python3 python3 python3-pip python3-venv
tools=.venv-wheel/bin
if [[ ! -d .venv-wheel ]] && ! python3 -m venv .venv-wheel; then
    rm -rf .venv-wheel
    fail "the virtual environment could not be made" \
        "on Debian or Ubuntu: sudo apt-get install -y python3-venv"
fi
[[ -d $tools ]] || tools=.venv-wheel/Scripts # on Windows
requirements=scripts/wheel/requirements$([[ $1 == netc ]] || echo -torch).txt
"$tools/python" -m pip install --quiet --disable-pip-version-check --require-hashes \
    --only-binary=:all: --requirement "$requirements"

export NETC_PORTABLE=1
mkdir -p dist
if [[ $1 == netc ]]; then
    rm -f dist/netc-"$2"-py3-none-*.whl
    "$tools/maturin" build --release --out dist
else
    rm -f dist/netc_torch-"$2"-py3-none-*.whl
    work=$(mktemp -d "$PWD/dist/wheel.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    "$tools/maturin" build --release --manifest-path torch/Cargo.toml --auditwheel skip --out "$work"
    # Finds the oldest glibc that it runs on, and refuses what neither Linux nor PyTorch brings.
    exclude=(--exclude 'libtorch*.so' --exclude 'libc10*.so' --exclude libgomp.so.1)
    PATH=$PWD/$tools:$PATH "$tools/auditwheel" repair "${exclude[@]}" --wheel-dir dist "$work"/*.whl
fi
ls dist/"${1//-/_}-$2"-py3-none-*.whl
