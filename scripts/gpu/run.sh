#!/usr/bin/env bash
# Tries netc on this machine's GPU and writes gpu-report/report.md: docs/gpu.md.
# usage: scripts/gpu/run.sh [--rehearse | options of scripts/gpu/driver.py]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
source scripts/lib.sh

need python3 python3
rehearsed=0
for word in "$@"; do [[ $word != --rehearse ]] || rehearsed=1; done
if ((rehearsed)); then
    scripts/gpu/pack.sh 20
    cp "$(scripts/test-kernels.sh --library)" gpu-kit/kernels.so
else
    nvidia-smi -L >/dev/null 2>&1 ||
        fail "there is no NVIDIA GPU here" "scripts/gpu/run.sh --rehearse tries all of it on the CPU"
    scripts/gpu/pack.sh
fi
[[ -n ${LIBTORCH-} ]] || export LIBTORCH=$PWD/libtorch/torch
rm -rf gpu-report
python3 gpu-kit/scripts/driver.py gpu-kit --out gpu-report "$@"
