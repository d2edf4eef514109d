//! The targets for the fuzzer.

pub mod targets;

/// Runs one target.
pub fn run(name: &str, data: &[u8]) {
    for (target, run) in targets::ALL {
        if *target == name {
            run(data);
        }
    }
}
