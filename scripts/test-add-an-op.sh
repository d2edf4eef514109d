#!/usr/bin/env bash
# Adds an op to a copy of the sources as docs/add_an_op.md says, compiles it, and checks, exports and imports a net that uses it.
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
git ls-files -z | xargs -0 cp --parents -t "$copy"
cd "$copy"
python3 - docs/add_an_op.md >op.diff <<'PYTHON'
import re, sys
blocks = re.findall(r"```diff\n(.*?)```", open(sys.argv[1]).read(), re.S)
assert len(blocks) >= 8, "the page has no changes"
print("\n".join(block.rstrip("\n") for block in blocks))
PYTHON
patch --quiet --strip=1 --fuzz=0 <op.diff
cat >curve.net <<'NET'
net curve {
  input image: [N, 3, 8, 8]
  conv(4) -> tanh -> globalavgpool -> flatten -> linear(10)
  output logits: [N, 10]
}
NET
export CARGO_TARGET_DIR=$root/target LIBTORCH=${LIBTORCH:-$root/libtorch/torch}
netc=$copy/netc-with-tanh
# With an example, since Cargo then chooses the features of dependencies as it does for the tests, and builds none of them anew.
cargo build --quiet --package netc --bin netc --example graph_in_code
cp "$CARGO_TARGET_DIR/debug/netc" "$netc"
# In its place netc as it is.
(cd "$root" && cargo build --quiet --package netc --bin netc --example graph_in_code)
"$netc" check curve.net
"$netc" export curve.net --to pytorch -o curve.py
grep -q 'nn.Tanh' curve.py
"$netc" export curve.net --to onnx --form training -o curve.onnx
"$netc" import curve.onnx -o back.net
"$netc" diff curve.net back.net
echo "the op of docs/add_an_op.md compiles, and a net uses it"
