#!/usr/bin/env bash
# The page of a search's report in a real browser, without a network: it draws, it sorts, and a picture is kept.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh

help="usage: scripts/test-report.sh [PICTURE.png]

Trains a tiny search on synthetic images, writes its report as a page, and opens that in headless
Chromium. With PICTURE.png, the page as the browser shows it is kept there."

case ${1:-} in -h | --help) printf '%s\n' "$help" && exit ;; esac

browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome) ||
    fail "no Chromium is installed" "on Debian or Ubuntu: sudo apt-get install -y chromium"
netc=${NETC:-target/debug/netc}
[[ -x $netc ]] || fail "$netc is not built" "cargo build"

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/tiny.net" <<'NET'
net tiny(width: one_of(4, 8, 12) = 4) {
  input image: [N, 3, 32, 32]
  stem: conv(width) -> bn -> relu -> maxpool(4)
  head: globalmaxpool -> flatten -> linear(10)
  output logits: [N, 10]
}
NET
"$netc" search "$folder/tiny.net" --over width --epochs 1,2 --runs 3 --data synthetic \
    --limit-train 64 --limit-test 64 --device cpu --output "$folder/search"
"$netc" report "$folder/search" -o "$folder/report.html" > /dev/null

# browse FRAGMENT OPTION...: the page by a browser that reaches nothing but the file.
browse() {
    "$browser" --headless --no-sandbox --disable-gpu --host-resolver-rules='MAP * ~NOTFOUND' \
        --user-data-dir="$folder/profile" "${@:2}" "file://$folder/report.html$1" 2> "$folder/browser.log"
}

browse '' --dump-dom > "$folder/plain.html"
browse '#sort=time' --dump-dom > "$folder/sorted.html"
python3 - "$folder/plain.html" "$folder/sorted.html" <<'PYTHON'
import sys
from html.parser import HTMLParser

class Page(HTMLParser):
    """The cells of each row, the words of the picture, and which heads are sorted by."""
    def __init__(self, path):
        super().__init__()
        self.rows, self.words, self.sorted, self.cell, self.svg = [], [], [], False, 0
        self.feed(open(path, encoding="utf-8").read())
    def handle_starttag(self, tag, attrs):
        self.svg += tag == "svg"
        if tag == "tr": self.rows.append([])
        if tag == "td":
            self.rows[-1].append("")
            self.cell = True
        if tag == "th" and dict(attrs).get("aria-sort"): self.sorted.append(dict(attrs)["data-name"])
    def handle_endtag(self, tag):
        if tag == "td": self.cell = False
    def handle_data(self, data):
        if self.cell: self.rows[-1][-1] += data
        elif data.strip(): self.words.append(data.strip())

plain, by_time = Page(sys.argv[1]), Page(sys.argv[2])
assert plain.svg == 1 and "width=8" in plain.words, "the picture is not there"
assert plain.sorted == [] and by_time.sorted == ["time", "time"], by_time.sorted
for table in (by_time.rows[1:4], by_time.rows[5:8]):
    times = [float(row[7]) for row in table]
    assert len(times) == 3 and times == sorted(times), times
print("the page draws its picture and sorts its tables")
PYTHON
if [[ ${1:-} ]]; then
    browse '' --window-size=1100,1500 "--screenshot=$(realpath "$1")" > /dev/null
fi
