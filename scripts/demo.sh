#!/usr/bin/env bash
# The main job on a fresh machine: fetches libtorch once, builds, and trains the article's nine-layer ResNet on
# generated images. Arguments are added to `netc train`, such as --data cifar10.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh

need_build_tools
scripts/libtorch.sh
cargo build --release
exec ./target/release/netc train nets/resnet9.net --data synthetic --limit-train 5000 \
    --recipe examples/recipes/quick.yaml "$@"
