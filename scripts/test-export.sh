#!/usr/bin/env bash
# Exports every net of nets/ to PyTorch and TorchScript, and compares the logits with netc's, under weights
# and statistics of batch normalisation that are random. By hand, not in CI: the first run fetches the whole of PyTorch
# (3 GB) into .venv. NETC and PYTHON name a netc and a Python with scripts/*/requirements.txt of your own.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh

need_build_tools
need python3 python3 python3-pip python3-venv
if [[ -z ${NETC-} ]]; then
    scripts/libtorch.sh
    cargo build --release
    NETC=target/release/netc
fi
if [[ -z ${PYTHON-} ]]; then
    [[ -x .venv/bin/python ]] || python3 -m venv .venv || fail "the virtual environment could not be made" "on Debian or Ubuntu: sudo apt-get install -y python3-venv"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check \
        --requirement scripts/parity/requirements.txt --requirement scripts/export/requirements.txt
    PYTHON=.venv/bin/python
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for net in nets/*.net; do
    grep -q '^net ' "$net" || continue
    name=$(basename "$net" .net)
    folder=$work/$name
    mkdir "$folder"
    "$NETC" export "$net" --to safetensors -o "$folder/first.safetensors" >/dev/null
    "$PYTHON" scripts/export/compare.py shake "$folder/first.safetensors" "$folder/weights.safetensors"
    "$NETC" export "$net" --to pytorch -o "$folder/$name.py" >/dev/null
    "$NETC" export "$net" --weights "$folder/weights.safetensors" --to torchscript -o "$folder/$name.pt" >/dev/null
    "$NETC" parity "$net" --weights "$folder/weights.safetensors" --out "$folder" --batch 4 --steps 1
done
"$PYTHON" -m black --quiet --check "$work" || fail "black would set an exported module otherwise" "$PYTHON -m black --diff"
"$PYTHON" -m ruff check --quiet "$work"
"$PYTHON" scripts/export/compare.py compare "$work"
