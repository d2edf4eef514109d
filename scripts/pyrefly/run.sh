#!/usr/bin/env bash
# Makes the tables of docs/pyrefly.md. The first run fetches Pyrefly and the whole of PyTorch (3 GB) into .venv-pyrefly.
# Arguments go to compare.py. NETC names a netc of your own, PYTHON a Python from 3.12 on.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
source scripts/lib.sh

PYTHON=${PYTHON-python3}
"$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 12))' ||
    fail "$PYTHON is older than 3.12, which Pyrefly's stubs of PyTorch need" "name another: PYTHON=python3.13"
if [[ -z ${NETC-} ]]; then
    need_build_tools
    cargo build --release --package netc
    export NETC=target/release/netc
fi
[[ -x .venv-pyrefly/bin/python ]] || "$PYTHON" -m venv .venv-pyrefly
.venv-pyrefly/bin/python -m pip install --quiet --disable-pip-version-check -r scripts/pyrefly/requirements.txt
.venv-pyrefly/bin/python scripts/pyrefly/compare.py "$@"
