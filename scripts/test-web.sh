#!/usr/bin/env bash
# The page with netc's front end in a real browser, against what the command line says of the same nets.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh

help="usage: scripts/test-web.sh [PICTURES]

Builds the page, serves it from this machine alone, and uses it in headless Chromium as a person
would: chooses each net, types mistakes, repairs, formats, compares, follows links. With PICTURES, a
folder, what the browser shows is kept there."

case ${1:-} in -h | --help) printf '%s\n' "$help" && exit ;; esac

browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome) ||
    fail "no Chromium is installed" "on Debian or Ubuntu: sudo apt-get install -y chromium"
netc=${NETC:-target/debug/netc}
[[ -x $netc ]] || fail "$netc is not built" "cargo build"

scripts/build-web.sh
exec python3 web/test/page.py "$browser" "$netc" web/dist "$@"
