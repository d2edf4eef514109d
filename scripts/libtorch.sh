#!/usr/bin/env bash
# Puts libtorch 2.11.0 into libtorch/ in the repository root, once.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/lib.sh

version=2.11.0
help="usage: scripts/libtorch.sh [--slim | --full]

Fetches libtorch $version as PyPI wheels, checked by SHA-256, and unpacks it into libtorch/.
A second run finds it there and does nothing.

  --slim   for the CPU alone: fetches 545 MB, takes 0.5 GB on disk
  --full   with CUDA: fetches 2.2 GB, takes 4 GB on disk
           (default: --full on a machine with an NVIDIA GPU, else --slim)

With LIBTORCH set to a libtorch $version of your own (a folder with include/ and lib/)
nothing is fetched.

There are wheels for Linux on x86_64, Linux on aarch64 and macOS on arm64. The sizes are those of the first;
the other two are untested."

# The wheels of this machine, and what its shared libraries are called. Only Linux-x86_64 is tested.
platform=$(uname -s)-$(uname -m)
case $platform in
Darwin-*) suffix=dylib ;;
*) suffix=so ;;
esac

has_gpu() {
    [[ -e /dev/nvidiactl ]] && nvidia-smi -L >/dev/null 2>&1
}

# Pinned to one CPython's wheel of torch (libtorch in it is the same in all of them), so that any pip can fetch it.
fetch() {
    local platforms=() p
    if [[ $platform == Darwin-arm64 ]]; then
        platforms=(--platform macosx_11_0_arm64)
    else
        for p in manylinux{_2_28,_2_27,_2_25,_2_18,_2_17,2014,_2_12,2010,_2_5,1}_"$(uname -m)"; do
            platforms+=(--platform "$p")
        done
    fi
    python3 -m pip download --disable-pip-version-check --no-deps --require-hashes \
        --only-binary=:all: --implementation cp --python-version 3.11 "${platforms[@]}" \
        --dest "$1" --requirement "scripts/libtorch-$2.txt" ||
        fail "the wheels of libtorch could not be fetched" \
            "this needs PyPI, or the package index that pip is configured for; run it again once that is reachable," \
            "or set LIBTORCH to the folder of a libtorch $version that you have"
}

# unpack WHEELS FORM TARGET: headers and libraries, not the Python packages around them.
unpack() {
    python3 - "$@" "$platform" <<'PYTHON'
import pathlib, re, sys, zipfile
wheels, form, target, platform = sys.argv[1:]
slim = {
    "Linux-x86_64": r"lib(torch_cpu|c10|shm)\.so|libgomp\.so\.1",
    # Its libtorch_cpu links the linear algebra of Arm and NVIDIA, which the wheel contains.
    "Linux-aarch64": r"lib(torch_cpu|c10|shm|arm_compute\w*)\.so|lib(gomp|gfortran|nvpl_\w+)\.so\.\d+",
    "Darwin-arm64": r"lib(torch|torch_cpu|c10|shm|omp)\.dylib",
}
libraries = slim[platform] if form == "slim" else r"(?!libtorch_python)[^/]+"
wanted = re.compile(rf"torch/include/.*|torch/lib/({libraries})|nvidia/[^/]+/lib/.*")
for wheel in pathlib.Path(wheels).glob("*.whl"):
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target, [n for n in archive.namelist() if wanted.fullmatch(n)])
    wheel.unlink()
PYTHON
    # torch-sys links `torch`, which in the wheel of the slim form would be the whole of CUDA on Linux.
    [[ $2 == full || $suffix == dylib ]] || echo 'INPUT(-ltorch_cpu)' >"$3/torch/lib/libtorch.so"
    echo "$version" >"$3/torch/build-version"
}

form=
case "${1-}" in
--slim) form=slim ;;
--full) form=full ;;
-h | --help) echo "$help" && exit ;;
'') if has_gpu; then form=full; else form=slim; fi ;;
*) fail "unknown argument '$1'" "scripts/libtorch.sh --help" ;;
esac

if [[ -n ${LIBTORCH-} ]]; then
    [[ -e $LIBTORCH/lib/libtorch.$suffix ]] || fail "LIBTORCH=$LIBTORCH has no lib/libtorch.$suffix" "unset it, or point it at a libtorch $version"
    echo "libtorch: your own, $LIBTORCH"
    exit
fi
stamp=libtorch/form
present=$(cat "$stamp" 2>/dev/null || true)
# The full form serves where the slim one would, unless that one was asked for.
if [[ $present == "$version $form" || ($present == "$version full" && -z ${1-}) ]]; then
    exit
fi

case $platform in
Linux-x86_64) ;;
Linux-aarch64 | Darwin-arm64) echo "libtorch: the wheels for $platform are untested" ;;
*)
    fail "there is no wheel for $(uname -s) on $(uname -m), only for Linux on x86_64 and aarch64 and macOS on arm64" \
        "set LIBTORCH to the folder of a libtorch $version of your own"
    ;;
esac
[[ $platform == Linux-* || $form == slim ]] || fail "there is no CUDA for macOS" "scripts/libtorch.sh --slim"
need python3 python3 python3-pip
python3 -m pip --version >/dev/null 2>&1 || fail "python3 has no pip" "on Debian or Ubuntu: sudo apt-get install -y python3-pip"
needed_gb=$([[ $form == slim ]] && echo 2 || echo 8)
free_gb=$(($(df -Pk . | awk 'NR == 2 { print $4 }') / 1024 / 1024))
((free_gb >= needed_gb)) || fail "libtorch needs $needed_gb GB of free disk while it is unpacked; there are $free_gb GB"

echo "libtorch: fetching $version, $form"
work=$(mktemp -d "$PWD/libtorch.XXXXXX")
trap 'rm -rf "$work"' EXIT
fetch "$work/wheels" "$form"
unpack "$work/wheels" "$form" "$work/libtorch"
echo "$version $form" >"$work/libtorch/form"
chmod 755 "$work/libtorch"
[[ ! -e libtorch ]] || mv libtorch "$work/old"
mv "$work/libtorch" libtorch
echo "libtorch: ready in $PWD/libtorch"
