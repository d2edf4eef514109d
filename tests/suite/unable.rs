//! Tests that this machine cannot run. libtest knows no such end of a test, so they are noted, and
//! scripts/test.sh says them last.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use netc::lower::Precision;
use netc::lower::cpu::{Features, kernels_need};
use netc_torch::lower::kernels::Kernels;

/// netc's own kernels of a precision, or nothing and a note where the processor lacks their
/// instructions.
pub fn kernels(test: &str, precision: Precision) -> Option<Kernels> {
    let kernels = Kernels::detect(precision);
    if kernels.is_none() {
        let needed = kernels_need(precision).expect("a precision that has kernels");
        note(&format!("{test}, {precision}"), &lacking(needed));
    }
    kernels
}

/// What the processor lacks of what is needed.
pub fn lacking(needed: Features) -> String {
    let lacks: Vec<String> =
        Features::detect().missing(needed).map(|feature| feature.to_string()).collect();
    format!("the processor lacks {}", lacks.join(" and "))
}

/// Notes that a test was not run, and why.
pub fn note(test: &str, why: &str) {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("not-run.txt");
    let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
    file.write_all(format!("{test}: {why}\n").as_bytes()).unwrap();
}
