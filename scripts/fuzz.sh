#!/usr/bin/env bash
# Fuzzes one target for so many seconds: scripts/fuzz.sh TARGET SECONDS [libFuzzer options]
# What it finds is written to fuzz/found; put it into fuzz/corpus/TARGET once it is mended.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh

[[ $# -ge 2 ]] || fail "usage: scripts/fuzz.sh TARGET SECONDS"
target=$1 seconds=$2
shift 2

# The same instrumentation as cargo-fuzz, on stable Rust and without AddressSanitizer: no unsafe code is reached.
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target/fuzz}
export RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table
    -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing"
host=$(rustc -vV | sed -n 's/^host: //p')
# With --target the flags are not those of build scripts.
cargo build --release --manifest-path fuzz/Cargo.toml --target "$host" --bin "$target"

work=$CARGO_TARGET_DIR/corpus/$target
mkdir -p "$work" fuzz/found
seeds=(fuzz/corpus/"$target")
case $target in
    parse | fmt | check | lsp) seeds+=(tests/cases/*/ nets) ;;
esac
# The first folder is where new inputs go.
"$CARGO_TARGET_DIR/$host/release/$target" "$work" "${seeds[@]}" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 \
    -max_len=8192 -print_final_stats=1 -artifact_prefix="fuzz/found/$target-" "$@"
