#!/usr/bin/env bash
# Runs the tests on a fresh machine: fetches libtorch once, builds, tests. Arguments go to cargo test.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh

need_build_tools
scripts/libtorch.sh
notes=${CARGO_TARGET_DIR:-target}/tmp/not-run.txt
rm -f "$notes"
cargo test "$@"
if [[ -s $notes ]]; then
    printf '\nnot run on this machine:\n'
    sort -u "$notes"
fi
