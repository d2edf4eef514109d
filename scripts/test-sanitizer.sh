#!/usr/bin/env bash
# The unsafe code under AddressSanitizer: scripts/test-sanitizer.sh [TESTS...]
# Builds netc and its tests with it, in target/sanitizer, and runs the tests of the kernels, of the compiled step, of what tch has no
# binding for and of processes that train together (default), or those named. libtorch itself is not instrumented.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh

need_build_tools
[[ $# -gt 0 ]] || set -- kernels:: compiled:: run:: lower_torch:: dist::
host=$(rustc -vV | sed -n 's/^host: //p')
# The sanitizer is there in stable Rust, but its flag has to be unlocked.
export RUSTC_BOOTSTRAP=1 RUSTFLAGS="-Zsanitizer=address -Copt-level=1" CARGO_TARGET_DIR=target/sanitizer
# What libtorch keeps to the end is no leak of netc's.
export ASAN_OPTIONS=detect_leaks=0:abort_on_error=1
# Attacks limit the address space, of which the sanitizer reserves 16 TB.
cargo test --target "$host" --test suite -- --skip attack_ "$@"
