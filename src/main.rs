//! The `netc` command. It does not link libtorch; commands that need tensors run in `netc-torch`
//! beside it.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    netc::cli::main(|_| netc::cli::start_sibling())
}
