#!/usr/bin/env bash
# Prints a folder with NVRTC, NVIDIA's compiler of kernels, which is fetched once into target/. Set
# NVRTC to a folder that has libnvrtc.so.13 of your own, and nothing is fetched.
# usage: scripts/nvrtc.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh

version=13.0.88 target=${CARGO_TARGET_DIR:-target}
folder=${NVRTC-$target/nvrtc-$version}
if [[ ! -d $folder ]]; then
    need python3 python3 python3-pip
    mkdir -p "$target"
    work=$(mktemp -d "$target/nvrtc.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    python3 -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes \
        --only-binary=:all: --platform manylinux_2_12_x86_64 --platform manylinux2010_x86_64 \
        --dest "$work" --requirement scripts/kernels/requirements.txt >&2 ||
        fail "NVRTC could not be fetched" \
            "this needs PyPI, or the package index that pip is configured for," \
            "or NVRTC set to a folder with libnvrtc.so.13"
    python3 -m zipfile --extract "$work"/*.whl "$work/wheel"
    mv -T "$(dirname "$(ls "$work"/wheel/nvidia/*/lib/libnvrtc.so.* | head -1)")" "$folder"
fi
realpath "$folder"
