#!/usr/bin/env bash
# One mistake, a shortcut around a stride of 2, in netc and in what docs/comparison.md compares it with.
set -euo pipefail
netc=$(realpath "${NETC:-$(dirname "${BASH_SOURCE[0]}")/../../target/debug/netc}")
cd "$(dirname "${BASH_SOURCE[0]}")"
source ../lib.sh

help="usage: scripts/others/run.sh

Prints the last lines of what each tool says of the same mistake. PYTHON names a Python that has the
packages of scripts/others/requirements.txt; without it they are fetched into .venv-others (4 GB)."

case ${1:-} in -h | --help) printf '%s\n' "$help" && exit ;; esac

[[ -x $netc ]] || fail "$netc is not built" "cargo build -p netc"
root=$PWD/../..
python=${PYTHON:-$root/.venv-others/bin/python}
if [[ ! ${PYTHON:-} && ! -x $python ]]; then
    need python3 python3 python3-venv
    python3 -m venv "$root/.venv-others"
    "$python" -m pip install --quiet --disable-pip-version-check -r requirements.txt
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# says TITLE LINES COMMAND...: its last lines, and how it ended.
says() {
    printf '\n== %s\n' "$1"
    local code=0
    "${@:3}" >"$folder/said" 2>&1 || code=$?
    tail -n "$2" "$folder/said"
    printf '(exit code %d)\n' "$code"
}
export PYTHONWARNINGS=ignore
cp "$root/tests/cases/check_err/shortcut_of_another_shape.net" "$folder/shortcut.net"
says netc 99 "$netc" check "$folder/shortcut.net"
says PyTorch 4 "$python" shortcut_torch.py
says "PyTorch with torchinfo" 1 "$python" shortcut_torch.py --torchinfo
KERAS_BACKEND=torch says Keras 1 "$python" shortcut_keras.py
says "Neural DSL" 6 "$python" -c 'from neural.cli.cli import cli; cli()' \
    compile shortcut.neural --backend pytorch --output "$folder/shortcut.py"
printf '\n== layers in the file that Neural DSL wrote\n'
[[ -e $folder/shortcut.py ]] || fail "Neural DSL wrote no file"
grep 'nn\.' "$folder/shortcut.py" | grep -v import
