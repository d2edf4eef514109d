#!/usr/bin/env bash
# Exports every net of nets/ to PyTorch and TorchScript, and compares the logits with netc's, under weights
# and statistics of batch normalisation that are random; a net of labels that PyTorch has for itself, too, and the checkpoint of a
# training that was cut short. By hand, not in CI: the first run fetches the whole of PyTorch
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

# exported NET [WEIGHTS]: what is compared, in a folder of the net's name; without weights, under shaken ones.
exported() {
    local net=$1 name folder weights
    name=$(basename "$net" .net)
    folder=$work/$name
    weights=${2-$folder/weights.safetensors}
    mkdir "$folder"
    if [[ -z ${2-} ]]; then
        "$NETC" export "$net" --format safetensors -o "$folder/first.safetensors" >/dev/null
        "$PYTHON" scripts/export/compare.py shake "$folder/first.safetensors" "$weights"
    else
        cp "$weights" "$folder/weights.safetensors"
    fi
    "$NETC" export "$net" --format pytorch -o "$folder/$name.py" >/dev/null
    "$NETC" export "$net" --weights "$weights" --format torchscript -o "$folder/$name.pt" >/dev/null
    "$NETC" parity "$net" --weights "$weights" --output "$folder" --batch 4 --steps 1
}

for net in nets/*.net; do
    grep -q '^net ' "$net" || continue
    exported "$net"
done

# Labels that PyTorch has for itself, all of them.
texts=$(mktemp -d "$work.XXXXXX")
trap 'rm -rf "$work" "$texts"' EXIT
"$PYTHON" scripts/export/compare.py labels "$texts/labels.net"
exported "$texts/labels.net"

# What a training with a running mean and lookahead has saved when it is cut short.
printf 'ema: 0.9\nlookahead_every: 2\nbatch_size: 64\n' >"$texts/averaged.yaml"
sed 's/^net backbone/net averaged/' nets/backbone.net >"$texts/averaged.net"
cp nets/lib.net "$texts"
timeout --signal INT 30 "$NETC" train "$texts/averaged.net" --data synthetic --limit-train 4096 --epochs 10000 \
    --recipe "$texts/averaged.yaml" --output "$texts/run" >/dev/null 2>&1 || true
exported "$texts/averaged.net" "$texts/run/checkpoint.safetensors"

"$PYTHON" -m black --quiet --check "$work" || fail "black would set an exported module otherwise" "$PYTHON -m black --diff"
"$PYTHON" -m ruff check --quiet "$work"
"$PYTHON" scripts/export/compare.py compare "$work"
