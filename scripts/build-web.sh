#!/usr/bin/env bash
# Builds the page with netc's front end in it: one file, web/dist/index.html.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh

help="usage: scripts/build-web.sh

Compiles netc's front end to WebAssembly and puts it, with the sources in web/page, into one file:
web/dist/index.html. It needs nothing else: open it, or serve it from anywhere."

case ${1:-} in -h | --help) printf '%s\n' "$help" && exit ;; esac

target=wasm32-unknown-unknown
need cargo cargo
need python3 python3
[[ -d $(rustc --print sysroot)/lib/rustlib/$target ]] || rustup target add "$target" ||
    fail "Rust cannot compile to $target" "rustup target add $target"

cargo build --package netc-web --target "$target" --profile web
module=${CARGO_TARGET_DIR:-target}/$target/web/netc_web.wasm
mkdir -p web/dist
python3 - "$module" <<'PYTHON'
import base64, gzip, hashlib, re, sys
from pathlib import Path

page, out = Path("web/page"), Path("web/dist/index.html")
html = (page / "index.html").read_text()

style = re.search(r'<link rel="stylesheet" href="([^"]+)">', html)
html = html.replace(style[0], f"<style>\n{(page / style[1]).read_text()}</style>")

tags = re.findall(r'<script src="([^"]+)"></script>\n', html)
script = "\n" + "\n".join((page / name).read_text() for name in tags)
assert "</script" not in script
module = base64.b64encode(gzip.compress(Path(sys.argv[1]).read_bytes(), 9, mtime=0)).decode()
inside = f'<script type="text/plain" id="wasm">{module}</script>\n<script>{script}</script>\n'
html = re.sub(r'(<script src="[^"]+"></script>\n)+', lambda _: inside, html)

# The page reaches nothing beyond itself, and runs no script but its own.
own = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
policy = f"default-src 'none'; script-src 'sha256-{own}' 'wasm-unsafe-eval'; style-src 'unsafe-inline'; img-src data:"
html = html.replace('<meta charset="utf-8">', f'<meta charset="utf-8">\n<meta http-equiv="Content-Security-Policy" content="{policy}">')
out.write_text(html)
print(f"{out}: {out.stat().st_size:,} bytes, {len(gzip.compress(out.read_bytes(), 9)):,} as a server compresses it")
PYTHON
