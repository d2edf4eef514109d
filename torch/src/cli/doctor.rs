use std::process::ExitCode;

use netc::cli::PROBLEMS;
use netc::cli::out::{self, print, print_json};
use netc::tools::doctor::Probe;

use crate::lower::{At, cuda};
use crate::run::{Machine, dist, libtorch_facts};

/// `netc-torch doctor --probe`.
pub(super) fn probe() -> ExitCode {
    let facts = libtorch_facts();
    let (gpus, no_cuda) = (Machine::gpus(), Machine::cuda().err().map(String::from));
    let usable = || cuda::usable(gpus).at("GPU kernels").map_err(|error| error.message);
    let nccl = || dist::check_nccl().map(|version| version.map(|n| n.to_string()).join("."));
    let probe = Probe {
        netc: env!("CARGO_PKG_VERSION").into(),
        libtorch: facts.version,
        library: facts.library,
        gpus,
        gpu_kernels: no_cuda.is_none().then(usable),
        nccl: (gpus > 0).then(nccl),
        no_cuda,
        threads: facts.threads,
        kernels: facts.kernels,
    };
    print_json(&probe);
    ExitCode::SUCCESS
}

/// `netc-torch doctor --compile-kernels`.
pub(super) fn compile_kernels(architectures: &[String]) -> ExitCode {
    // It names the folder that the kernels are kept in; whether there is CUDA is all the same.
    let _ = Machine::cuda();
    for architecture in architectures {
        match cuda::compile(architecture).at(architecture) {
            Ok(path) => print(&format!("{}\n", path.display())),
            Err(error) => {
                out::error(&error.message);
                return ExitCode::from(PROBLEMS);
            }
        }
    }
    ExitCode::SUCCESS
}
