#!/usr/bin/env bash
# Builds netc as users get it: scripts/archive.sh light|full NAME VERSION writes dist/netc-VERSION-NAME.tar.gz.
# `full` has netc-torch and the script that fetches libtorch, for which libtorch must be here already.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh

[[ $# == 3 && $1 =~ ^(light|full)$ ]] || fail "usage: scripts/archive.sh light|full NAME VERSION"
form=$1 folder=netc-$3-$2
need_version "$3"

need_build_tools
rm -rf "dist/$folder"
mkdir -p "dist/$folder"
export NETC_PORTABLE=1
packages=(.)
[[ $form == light ]] || packages+=(torch)
for package in "${packages[@]}"; do
    cargo install --locked --path "$package" --root "dist/$folder" --no-track
done
cp -r README.md LICENSE-APACHE LICENSE-MIT nets "dist/$folder"
if [[ $form == full ]]; then
    mkdir -p "dist/$folder/lib/netc/scripts"
    cp scripts/{lib.sh,libtorch.sh,libtorch-slim.txt,libtorch-full.txt} "dist/$folder/lib/netc/scripts"
fi
tar -C dist -czf "dist/$folder.tar.gz" "$folder"
rm -r "dist/$folder"
echo "dist/$folder.tar.gz"
