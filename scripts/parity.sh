#!/usr/bin/env bash
# Compares netc with an independent PyTorch implementation of three nets and the recipe, on the CPU.
# By hand, not in CI: the first run fetches the whole of PyTorch (3 GB) into .venv.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh

need_build_tools
need python3 python3 python3-pip python3-venv
python3 -m venv --help >/dev/null 2>&1 || fail "python3 has no venv" "on Debian or Ubuntu: sudo apt-get install -y python3-venv"
scripts/libtorch.sh
if [[ ! -x .venv/bin/python ]]; then
    python3 -m venv .venv || fail "the virtual environment could not be made" "on Debian or Ubuntu: sudo apt-get install -y python3-venv"
fi
.venv/bin/python -m pip install --quiet --disable-pip-version-check --requirement scripts/parity/requirements.txt
cargo build --release

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
for precision in fp32 fp64; do
    for net in resnet9 dawnbench extra_l1l2l3; do
        ./target/release/netc parity "nets/$net.net" --output "$work/$precision/$net" --batch 64 --steps 3 --precision "$precision"
    done
    printf '\n%s\n' "$precision"
    .venv/bin/python scripts/parity/parity.py "$work/$precision" || failed=1
done
exit "$failed"
