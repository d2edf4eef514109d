//! The programs under test.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};

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

/// Waits for what programs are to bring about, and fails with what they say if one ends before.
#[track_caller]
pub fn wait_until<T>(
    programs: &mut [Child],
    what: &str,
    mut found: impl FnMut() -> Option<T>,
) -> T {
    let start = Instant::now();
    loop {
        let ended = programs.iter_mut().find_map(|p| p.try_wait().unwrap().map(|_| p));
        if let Some(found) = found() {
            return found;
        }
        if let Some(program) = ended {
            panic!("it ends before {what}: {}", said(program));
        }
        assert!(start.elapsed() < Duration::from_secs(300), "not in time: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// What an ended program wrote.
fn said(program: &mut Child) -> String {
    let mut text = Vec::new();
    program.stdout.take().map(|mut from| from.read_to_end(&mut text));
    program.stderr.take().map(|mut from| from.read_to_end(&mut text));
    String::from_utf8_lossy(&text).into_owned()
}
