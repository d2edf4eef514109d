#!/usr/bin/env bash
# Imports torchvision's models as PyTorch exports them, and compares the logits.
# By hand, not in CI: the first run fetches the whole of PyTorch (3 GB) into .venv.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh

help="usage: scripts/test-import.sh [DIR]

With DIR, the texts that netc made of the models are left there.
NETC and PYTHON name a built netc and a Python with scripts/onnx/requirements-torch.txt, if they are there already."
[[ ${1:-} != -* ]] || { echo "$help"; exit 0; }

python=${PYTHON:-}
if [[ -z $python ]]; then
    need python3 python3 python3-pip python3-venv
    python=.venv/bin/python
    [[ -x $python ]] || python3 -m venv .venv || fail "the virtual environment could not be made" "on Debian or Ubuntu: sudo apt-get install -y python3-venv"
    "$python" -m pip install --quiet --disable-pip-version-check --requirement scripts/onnx/requirements-torch.txt
fi
if [[ -z ${NETC:-} ]]; then
    need_build_tools
    scripts/libtorch.sh
    cargo build --release
fi
"$python" scripts/onnx/torchvision_models.py "${NETC:-target/release/netc}" "$@"
