#!/usr/bin/env bash
# Builds the book from docs/ and checks its links.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh

help="usage: scripts/build-book.sh

Makes target/book/docs/index.html by mdBook, with the files that it links to beside it, and fails on
a link that leads nowhere."

case ${1:-} in -h | --help) printf '%s\n' "$help" && exit ;; esac

command -v mdbook >/dev/null || fail "'mdbook' is not installed" "cargo install mdbook --version 0.5.4 --locked"
need python3 python3

rm -rf target/book
mdbook build
cp -r bench editors examples grammar nets scripts src tests torch web Cargo.toml README.md target/book/
rm -rf target/book/web/dist target/book/editors/vscode/{dist,node_modules}
python3 - target/book/docs <<'PYTHON'
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

class Page(HTMLParser):
    def __init__(self, file):
        super().__init__()
        self.links, self.names = [], set()
        self.feed(file.read_text(encoding="utf-8"))
    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.names.add(attrs.get("id"))
        self.links += [attrs[a] for a in ("href", "src") if attrs.get(a)]

folder = Path(sys.argv[1]).resolve()
pages = {file: Page(file) for file in folder.rglob("*.html")}
wrong, seen = [], 0
for file, page in pages.items():
    if file.name in ("404.html", "toc.html"):
        continue # served at any depth; a frame of the other pages
    for link in page.links:
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            continue
        seen += 1
        target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
        known = pages.get(target)
        if not target.exists() or (parts.fragment and known and unquote(parts.fragment) not in known.names):
            wrong.append(f"{file.relative_to(folder)}: {link}")
if wrong:
    sys.exit("error: links that lead nowhere:\n  " + "\n  ".join(sorted(set(wrong))))
print(f"{len(pages)} pages, {seen} links")
PYTHON
