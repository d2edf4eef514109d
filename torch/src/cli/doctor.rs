use std::process::ExitCode;

use netc::cli::out::print_json;
use netc::tools::doctor::Probe;

use crate::run::{Machine, libtorch_facts};

/// `netc-torch doctor --probe`.
pub(super) fn probe() -> ExitCode {
    let facts = libtorch_facts();
    let probe = Probe {
        netc: env!("CARGO_PKG_VERSION").into(),
        libtorch: facts.version,
        library: facts.library,
        gpus: Machine::gpus(),
        no_cuda: Machine::cuda().err().map(String::from),
        threads: facts.threads,
        kernels: facts.kernels,
    };
    print_json(&probe);
    ExitCode::SUCCESS
}
