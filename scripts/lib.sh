# Shared by the scripts beside it: each says what is missing, and how to get it.

fail() {
    printf 'error: %s\n' "$1" >&2
    shift
    printf '       %s\n' "$@" >&2
    exit 1
}

# need COMMAND PACKAGE...: COMMAND is there, or the user is told what to install.
need() {
    command -v "$1" >/dev/null 2>&1 || fail "'$1' is not installed" "on Debian or Ubuntu: sudo apt-get install -y ${*:2}"
}

# The tools that building netc takes.
need_build_tools() {
    command -v cargo >/dev/null 2>&1 ||
        fail "'cargo' is not installed" "get Rust 1.89 or newer: https://rustup.rs"
    need c++ g++
}

# need_version VERSION: that of Cargo.toml, which a release carries.
need_version() {
    local declared
    declared=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -1)
    [[ $1 == "$declared" ]] ||
        fail "the version is $declared in Cargo.toml, not $1" "tag v$declared, or change Cargo.toml"
}
