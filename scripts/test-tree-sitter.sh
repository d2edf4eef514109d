#!/usr/bin/env bash
# The tree-sitter grammar of editors/tree-sitter-netc passes its tests and reads every net.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh

version=0.26.13
help="usage: scripts/test-tree-sitter.sh

Checks that the generated parser is that of grammar.js, runs the grammar's own tests, and parses every
.net file that netc can parse. Without tree-sitter $version on the PATH, npm fetches it from GitHub."

case ${1:-} in -h | --help) printf '%s\n' "$help" && exit ;; esac

netc=$(realpath "${NETC:-target/debug/netc}")
[[ -x $netc ]] || fail "$netc is not built" "cargo build -p netc"
need cc gcc
need node nodejs npm
if [[ $(tree-sitter --version 2>/dev/null) != "tree-sitter $version"* ]]; then
    npm install --silent --no-audit --no-fund --prefix target/tree-sitter "tree-sitter-cli@$version" >&2 ||
        fail "tree-sitter $version is not installed" \
            "cargo install tree-sitter-cli --version $version --locked --no-default-features"
    PATH=$PWD/target/tree-sitter/node_modules/.bin:$PATH
fi

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# Its compiled parsers and its settings, which would warn.
export XDG_CACHE_HOME=$folder XDG_CONFIG_HOME=$folder
mkdir "$folder/tree-sitter" && echo '{"parser-directories": ["/none"]}' >"$folder/tree-sitter/config.json"

cp -r editors/tree-sitter-netc "$folder/anew"
(cd "$folder/anew" && tree-sitter generate)
diff -r editors/tree-sitter-netc/src "$folder/anew/src" >/dev/null ||
    fail "editors/tree-sitter-netc/src is not what grammar.js gives" "cd editors/tree-sitter-netc && tree-sitter generate"

# What netc can parse it can format.
while read -r file; do
    if "$netc" fmt - <"$file" >/dev/null 2>&1; then echo "$PWD/$file"; fi
done < <(git ls-files '*.net') >"$folder/nets"
count=$(wc -l <"$folder/nets")
((count > 80)) || fail "only $count nets found"

cd editors/tree-sitter-netc
tree-sitter test
tree-sitter parse --quiet --paths "$folder/nets"
for query in queries/*.scm; do
    tree-sitter query "$query" --paths "$folder/nets" >/dev/null
done
echo "$count nets parsed, each query run on them"
