#!/usr/bin/env bash
# Installs a release's files in a clean place and uses them as a newcomer does:
# scripts/test-release.sh dist/FILE... takes an archive of scripts/archive.sh, or the wheels of
# scripts/wheel.sh, which are installed together. netc-torch is tried on the libtorch of this
# checkout, or on the one that LIBTORCH names, put where a user has it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh

(($#)) || fail "usage: scripts/test-release.sh dist/FILE..."
for file; do
    [[ -f $file ]] || fail "$file is no file" "scripts/archive.sh and scripts/wheel.sh write them to dist"
done
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -1)
libtorch=${LIBTORCH:-libtorch/torch}
[[ $libtorch == /* ]] || libtorch=$PWD/$libtorch
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/home" "$work/nets"
cp tests/cases/check_err/shortcut_of_another_shape.net "$work/nets/shortcut.net"

case $1 in
*.tar.gz)
    (($# == 1)) || fail "an archive is tried by itself"
    tar -C "$work" -xzf "$1"
    bin=$(echo "$work"/netc-*/bin)
    place=$(dirname "$bin")/lib/netc/libtorch
    ;;
*)
    need python3 python3 python3-pip python3-venv
    python3 -m venv "$work/venv"
    bin=$work/venv/bin
    [[ -d $bin ]] || bin=$work/venv/Scripts # on Windows
    # But for PyTorch they depend on nothing.
    "$bin/python" -m pip install --quiet --disable-pip-version-check --no-index --no-deps "$@"
    place=$("$bin/python" -c \
        'import sysconfig; print(sysconfig.get_path("platlib"))')
    ;;
esac

unset LIBTORCH LD_LIBRARY_PATH NETC_DATA XDG_CACHE_HOME
export PATH=$bin:/usr/bin:/bin HOME=$work/home
cd "$work/nets"

# expect WORDS COMMAND...: it prints them, whether or not it succeeds.
expect() {
    local words=$1 said
    shift
    said=$("$@" 2>&1) || true
    [[ $said == *"$words"* ]] || fail "$* does not say '$words' but: $said"
    echo "$*: $words"
}
expect "netc $version" netc --version
expect "does not fit" netc check shortcut.net
netc check --fix shortcut.net >/dev/null 2>&1
netc check shortcut.net
netc draw shortcut.net -o shortcut.svg
netc export shortcut.net --format onnx -o shortcut.onnx
[[ -s shortcut.svg && -s shortcut.onnx ]] || fail "nothing was drawn or exported"
if [[ -e $bin/netc-torch ]]; then
    expect "libtorch 2.11.0 was not found" netc train shortcut.net --data synthetic
    mkdir -p "$place/torch"
    ln -s "$libtorch/lib" "$place/torch/lib"
    [[ ! -e $libtorch/../nvidia ]] || ln -s "$libtorch/../nvidia" "$place/nvidia"
    echo "__version__ = '2.11.0'" >"$place/torch/version.py"
    netc doctor
    netc train shortcut.net --data synthetic --limit-train 2000 --limit-test 500 --epochs 1
else
    expect "netc-torch must stand beside netc" netc train shortcut.net --data synthetic
fi
