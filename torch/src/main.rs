//! The `netc` command, linked against libtorch.

use std::process::ExitCode;

fn main() -> ExitCode {
    netc::cli::main(netc_torch::cli::tensors)
}
