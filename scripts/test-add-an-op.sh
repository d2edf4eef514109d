#!/usr/bin/env bash
# Adds the ops of docs/add_an_op.md to a copy of the sources, counts the files that each takes,
# compiles them, and checks, exports and imports a net that uses them.
# Needs what the build needs; builds what depends on the op anew, in target/ as every other build.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh

need_build_tools
need patch patch
need git git
root=$PWD
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
git ls-files -z | xargs -0 cp --parents --preserve=timestamps -t "$copy"
cd "$copy"
python3 - docs/add_an_op.md >op.diff <<'PYTHON'
import re, sys
def blocks(text):
    return re.findall(r"```diff\n(.*?)```", text, re.S)
page = open(sys.argv[1]).read()
_, activation, other, tests = re.split(r"^## .*$", page, flags=re.M)
for name, text, most in [("an activation", activation, 4), ("another op", other, 8)]:
    files = set(re.findall(r"^\+\+\+ b/(\S+)$", "\n".join(blocks(text)), re.M))
    print(f"{name} takes {len(files)} source files", file=sys.stderr)
    assert 0 < len(files) <= most, f"more than {most}: {sorted(files)}"
print("\n".join(block.rstrip("\n") for block in blocks(page)))
PYTHON
patch --quiet --strip=1 --fuzz=0 <op.diff
cat >curve.net <<'NET'
net curve {
  input image: [N, 3, 8, 8]
  conv(4) -> softplus -> crop(1) -> globalavgpool -> flatten -> linear(10)
  output logits: [N, 10]
}
NET
export CARGO_TARGET_DIR=$root/target LIBTORCH=${LIBTORCH:-$root/libtorch/torch}
# Not optimised, for speed, and because Cargo would otherwise take what it builds from the copy for
# the work of the sources here. Of the workspace, since the features of dependencies are then nearly
# those of the tests, and few are built anew.
built=$CARGO_TARGET_DIR/debug/netc netc=$copy/netc-with-both own=$copy/netc-as-it-is
[[ ! -e $built ]] || mv "$built" "$own"
trap '[[ ! -e $own ]] || mv "$own" "$built"; rm -rf "$copy"' EXIT
unoptimised=(--quiet --workspace --config profile.dev.package.netc.opt-level=0)
cargo build "${unoptimised[@]}" --bin netc
# The executors, which have the ops too.
cargo check "${unoptimised[@]}"
mv "$built" "$netc"
"$netc" check curve.net
"$netc" export curve.net --format pytorch -o curve.py
grep -q 'nn.Softplus' curve.py && grep -q 'ZeroPad2d((-1, -1, -1, -1))' curve.py
"$netc" export curve.net --format onnx --form training -o curve.onnx
"$netc" import curve.onnx -o back.net
"$netc" diff curve.net back.net
echo "the ops of docs/add_an_op.md compile, and a net uses them"
