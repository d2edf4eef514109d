//! The `netc` command, linked against libtorch.

fn main() {}
