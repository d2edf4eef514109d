//! The programs under test.

use std::path::{Path, PathBuf};

/// `netc-torch`, which stands beside `netc`. It is of the package in `torch/`, whose own test has
/// Cargo build it along with the suite.
pub fn netc_torch() -> PathBuf {
    let path = Path::new(env!("CARGO_BIN_EXE_netc")).with_file_name("netc-torch");
    assert!(
        path.is_file(),
        "{} is not built: run `cargo test` for the whole workspace",
        path.display()
    );
    path
}
