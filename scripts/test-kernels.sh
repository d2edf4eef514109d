#!/usr/bin/env bash
# Tests the CUDA kernels without a GPU: their values on the CPU, and what they compile to.
# usage: scripts/test-kernels.sh [--mutate]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh

nvrtc=13.0.88
help="usage: scripts/test-kernels.sh [--mutate]

Runs the CUDA kernels on the CPU and compares them with fp64, and compiles them by NVRTC $nvrtc,
which is fetched once into target/. The cubins come to lie in target/kernels.

  --mutate  also puts faults into the kernels, and fails if the tests miss one

With NVRTC set to a folder that has libnvrtc.so of your own nothing is fetched."

mutate=
case "${1-}" in
--mutate) mutate=1 ;;
-h | --help) echo "$help" && exit ;;
'') ;;
*) fail "unknown argument '$1'" "scripts/test-kernels.sh --help" ;;
esac
need g++ g++
need python3 python3 python3-pip

target=${CARGO_TARGET_DIR:-target}
out=$target/kernels
mkdir -p "$out"
# Most of what is compiled are the standard library's headers: once for all tests.
flags=(-std=c++20 -O2 -mfma -ffp-contract=off -Wall -Wextra -Werror -Wno-unknown-pragmas -Wno-maybe-uninitialized)
g++ "${flags[@]}" -w -x c++-header tests/cuda/host.hpp -o "$out/host.hpp.gch"

printf '%-28s %6s %10s %12s %11s  %s\n' kernel cases numbers 'worst error' 'of allowed' where
failed=
for source in tests/cuda/*.cpp; do
    [[ $source != */emulated.cpp ]] || continue
    test=$out/$(basename "$source" .cpp)
    g++ "${flags[@]}" -Itorch/src/lower/cuda "-I$out" -include host.hpp "$source" -o "$test"
    "$test" || failed="$failed $(basename "$test")"
done
# The kernels behind a function like cuLaunchKernel: what scripts/gpu/kernels_check.py takes for a GPU.
g++ "${flags[@]}" -fPIC -shared -Itorch/src/lower/cuda -Itests/cuda tests/cuda/emulated.cpp -o "$out/kernels.so"
[[ -z $failed ]] || fail "tests of the kernels failed:$failed"

if [[ -z ${NVRTC-} ]]; then
    NVRTC=$target/nvrtc-$nvrtc
    if [[ ! -d $NVRTC ]]; then
        work=$(mktemp -d "$target/nvrtc.XXXXXX")
        trap 'rm -rf "$work"' EXIT
        python3 -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes \
            --only-binary=:all: --platform manylinux_2_12_x86_64 --platform manylinux2010_x86_64 \
            --dest "$work" --requirement scripts/kernels/requirements.txt ||
            fail "NVRTC could not be fetched" \
                "this needs PyPI, or the package index that pip is configured for," \
                "or NVRTC set to a folder with libnvrtc.so"
        python3 -m zipfile --extract "$work"/*.whl "$work/wheel"
        mv -T "$(dirname "$(ls "$work"/wheel/nvidia/*/lib/libnvrtc.so.* | head -1)")" "$NVRTC"
    fi
fi
python3 scripts/kernels/compile.py "$NVRTC" "$out"

if [[ -n $mutate ]]; then
    python3 scripts/kernels/mutate.py "$out"
fi
