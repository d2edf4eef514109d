#!/usr/bin/env bash
# Checks that netc compiles for other systems, and with the oldest Rust that it promises.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh

help="usage: scripts/test-targets.sh [--all]

Checks the language of netc, which is netc without default features, for aarch64 Linux, macOS and
Windows, and with the Rust of Cargo.toml's rust-version. What rustup cannot add, or no compiler
assembles for, is named and left out.

  --all   all of netc, for aarch64 Linux and Windows: takes a cross compiler of C for each"

case ${1:-} in
-h | --help) printf '%s\n' "$help" && exit ;;
--all) features=() ;;
*) features=(--lib --no-default-features) ;;
esac

need_build_tools
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target}/targets
for target in aarch64-unknown-linux-gnu aarch64-apple-darwin x86_64-pc-windows-gnu; do
    own=(--lib --no-default-features)
    if [[ $target != *apple* ]]; then own=("${features[@]}"); fi
    if [[ ${#own[@]} != 0 ]]; then
        # Whatever its own target, clang assembles for all of them.
        export "CC_${target//-/_}=clang" "AR_${target//-/_}=ar"
    fi
    if ! rustup target add "$target" >/dev/null 2>&1; then
        echo "not run: $target, which rustup cannot add here"
    elif [[ ${#own[@]} != 0 ]] && ! command -v clang >/dev/null; then
        echo "not run: $target, for lack of clang"
    else
        cargo check --quiet --package netc "${own[@]}" --target "$target"
        echo "$target: compiles"
    fi
done
oldest=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)
if rustup toolchain install "$oldest" --profile minimal >/dev/null 2>&1; then
    cargo "+$oldest" check --quiet --package netc "${features[@]}"
    echo "Rust $oldest: compiles"
else
    echo "not run: Rust $oldest, which rustup cannot add here"
fi
