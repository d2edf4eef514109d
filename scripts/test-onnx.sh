#!/usr/bin/env bash
# Exports every net to ONNX and reads it back, with ONNX's own checker and onnxruntime as judges.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh

need_build_tools
need python3 python3 python3-pip python3-venv
python3 -m venv --help >/dev/null 2>&1 || fail "python3 has no venv" "on Debian or Ubuntu: sudo apt-get install -y python3-venv"
if [[ -z ${NETC:-} ]]; then
    scripts/libtorch.sh
    cargo build --release
fi
python=${PYTHON:-}
if [[ -z $python ]]; then
    python=.venv-onnx/bin/python
    [[ -x $python ]] || python3 -m venv .venv-onnx || fail "the virtual environment could not be made" "on Debian or Ubuntu: sudo apt-get install -y python3-venv"
    "$python" -m pip install --quiet --disable-pip-version-check --requirement scripts/onnx/requirements.txt
fi
nets=()
for net in nets/*.net tests/cases/check_ok/*.net; do
    # vgg16 has half a gigabyte of weights.
    [[ $net == nets/lib.net || $net == */vgg16.net ]] || nets+=("$net")
done
models=()
for model in tests/cases/onnx/*.onnx; do
    # The one has ops that netc lacks, the others leave the sizes of their input open.
    [[ $model == */unsupported.onnx || $model == */open_sizes*.onnx ]] || models+=("$model")
done
"$python" scripts/onnx/nets.py "${NETC:-target/release/netc}" "${nets[@]}" "${models[@]}"
"$python" scripts/onnx/opsets.py tests/cases/onnx/opsets.zip "${NETC:-target/release/netc}"
