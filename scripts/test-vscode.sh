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
