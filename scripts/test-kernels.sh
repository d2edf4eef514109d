#!/usr/bin/env bash
# Tests the CUDA kernels without a GPU: their values on the CPU, and what they compile to.
# usage: scripts/test-kernels.sh [--mutate | --library]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh

help="usage: scripts/test-kernels.sh [--mutate | --library]

Runs the CUDA kernels on the CPU and compares them with fp64, and compiles them by NVRTC,
which scripts/nvrtc.sh fetches. The cubins come to lie in target/kernels.

  --mutate   also puts faults into the kernels, and fails if the tests miss one
  --library  only builds target/kernels/kernels-fast.so, the kernels on the CPU for whole trainings,
             unless it is newer than what it is made of, and prints its path

With NVRTC set to a folder that has libnvrtc.so of your own nothing is fetched."

mode=
case "${1-}" in
--mutate | --library) mode=${1#--} ;;
-h | --help) echo "$help" && exit ;;
'') ;;
*) fail "unknown argument '$1'" "scripts/test-kernels.sh --help" ;;
esac
need g++ g++

target=${CARGO_TARGET_DIR:-target}
out=$target/kernels
mkdir -p "$out"
flags=(-std=c++20 -O2 -mfma -ffp-contract=off -Wall -Wextra -Werror -Wno-unknown-pragmas
    -Wno-maybe-uninitialized -U_FORTIFY_SOURCE -Itorch/src/lower/cuda -Itests/cuda)

# library NAME [DEFINITION]: the kernels behind a function like cuLaunchKernel. Libraries of
# different definitions share no variables in one process.
library() {
    g++ "${flags[@]}" "${@:2}" -fPIC -shared -fvisibility=hidden -fno-gnu-unique \
        tests/cuda/emulated.cpp -o "$out/$1.$$"
    mv "$out/$1.$$" "$out/$1"
}
if [[ $mode == library ]]; then
    built=$out/kernels-fast.so
    if [[ ! -e $built || -n $(find torch/src/lower/cuda/kernels tests/cuda "$0" -newer "$built") ]]; then
        library kernels-fast.so -DFAST
    fi
    echo "$built"
    exit
fi
need python3 python3 python3-pip

# Most of what is compiled are the standard library's headers: once for all tests.
g++ "${flags[@]}" -w -x c++-header tests/cuda/host.hpp -o "$out/host.hpp.gch"

printf '%-28s %6s %10s %12s %11s  %s\n' kernel cases numbers 'worst error' 'of allowed' where
failed=
for source in tests/cuda/*.cpp; do
    [[ $source != */emulated.cpp ]] || continue
    test=$out/$(basename "$source" .cpp)
    g++ "-I$out" "${flags[@]}" -include host.hpp "$source" -o "$test"
    "$test" || failed="$failed $(basename "$test")"
done
[[ -z $failed ]] || fail "tests of the kernels failed:$failed"
# What scripts/gpu/kernels_check.py takes for a GPU, and what rehearses trainings.
library kernels.so
library kernels-fast.so -DFAST

nvrtc=$(scripts/nvrtc.sh)
python3 scripts/kernels/compile.py "$nvrtc" "$out"

if [[ $mode == mutate ]]; then
    python3 scripts/kernels/mutate.py "$out"
fi
