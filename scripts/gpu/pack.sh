#!/usr/bin/env bash
# Collects what travels to a machine with a GPU into gpu-kit/: the programs without symbols, nets, and
# the driver.
# The programs find libtorch by LIBTORCH, which the driver sets to the PyTorch that it finds there.
# The kernels for A100 and H100 are compiled here, where that takes no time of a GPU.
# usage: scripts/gpu/pack.sh [random nets, 300 by default]
# PROFILE=dev packs the debug build that the tests have made, to rehearse with it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
source scripts/lib.sh

count=${1:-300} limit_mib=64 kit=gpu-kit
need_build_tools
need strip binutils
scripts/libtorch.sh
profile=${PROFILE-release}
[[ $profile == dev ]] || cargo build --bins --profile "$profile"
target=$(cargo metadata --format-version 1 --no-deps | grep -o '"target_directory":"[^"]*' | cut -d'"' -f4)
[[ $profile == dev ]] && built=$target/debug || built=$target/$profile

rm -rf "$kit"
mkdir -p "$kit/scripts" "$kit/examples" "$kit/ops"
for program in netc netc-torch; do
    strip --strip-all -o "$kit/$program" "$built/$program"
done
nvrtc=$(scripts/nvrtc.sh)
XDG_CACHE_HOME=$PWD/$kit/cache LD_LIBRARY_PATH=$nvrtc${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} \
    "$kit/netc-torch" doctor --compile-kernels sm_80,sm_90
cp -r nets "$kit"
cp -r examples/searches "$kit/examples"
cp tests/cases/check_ok/every_op.net "$kit/ops"
cp scripts/gpu/*.py bench/nets.py "$kit/scripts"
rustc --edition 2024 -O -o "$kit/random_nets" scripts/gpu/random_nets.rs
"$kit/random_nets" "$count" "$kit/random"
rm "$kit/random_nets"

du -ah --max-depth=1 "$kit" | sort -h
size=$(tar -C "$kit" -cz . | wc -c)
printf 'packed: %s MB of at most %s MiB\n' "$((size / 1000000))" "$limit_mib"
((size <= limit_mib * 1024 * 1024)) ||
    fail "the kit is larger than $limit_mib MiB" "see what grew in the list above"
