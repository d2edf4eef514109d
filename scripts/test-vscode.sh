#!/usr/bin/env bash
# Tests and packages the VS Code extension: makes editors/vscode/netc-<version>.vsix.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh

oldest_node=20 # the oldest that the packager runs on

need node nodejs npm
need npm npm
major=$(node --print 'process.versions.node.split(".")[0]')
((major >= oldest_node)) || fail "Node.js $oldest_node or newer is needed, got $(node --version)" "get it: https://nodejs.org"

cd editors/vscode
npm ci --no-audit --no-fund
npm test
npm run package
# All that the extension needs of others is in its one file.
node -e '
const { isBuiltin } = require("node:module");
const names = require("fs").readFileSync("dist/extension.js", "utf8").match(/(?<=\brequire\(")[^"]*/g);
const missing = names.filter((name) => name !== "vscode" && !isBuiltin(name));
if (missing.length || !names.includes("vscode")) throw new Error(`not in the bundle: ${missing}`);
'
