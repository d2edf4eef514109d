//! That the program starts. The tests of this package are those of the workspace's suite in
//! `tests/`; Cargo builds a program for the tests of its own package alone.

use std::process::Command;

#[test]
#[allow(clippy::unwrap_used)]
fn it_says_its_version() {
    let out = Command::new(env!("CARGO_BIN_EXE_netc-torch")).arg("--version").output().unwrap();
    assert_eq!(
        String::from_utf8_lossy(&out.stdout).trim(),
        concat!("netc ", env!("CARGO_PKG_VERSION"))
    );
}
