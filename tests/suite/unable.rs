//! Tests that this machine cannot run. libtest knows no such end of a test, so they are noted, and
//! scripts/test.sh says them last.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use netc_torch::lower::kernels::Kernels;

/// netc's own kernels, or nothing and a note where the processor lacks their instructions.
pub fn kernels(test: &str) -> Option<Kernels> {
    let kernels = Kernels::detect();
    if kernels.is_none() {
        note(test, "the processor lacks the instructions of netc's own kernels, AVX-512 with bf16");
    }
    kernels
}

/// Notes that a test was not run, and why.
pub fn note(test: &str, why: &str) {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("not-run.txt");
    let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
    file.write_all(format!("{test}: {why}\n").as_bytes()).unwrap();
}
