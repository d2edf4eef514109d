use std::process::ExitCode;

use super::{TensorCommand, eval, logits, parity, passes, profile, search, train};

/// Runs a command that computes with tensors, in a program that links libtorch.
pub fn tensors(command: TensorCommand) -> ExitCode {
    match command {
        TensorCommand::Train(args) => train::run(&args),
        TensorCommand::Search(args) => search::run(&args),
        TensorCommand::Reproduce(args) => search::reproduce(&args),
        TensorCommand::Profile(args) => profile::run(&args),
        TensorCommand::Eval(args) => eval::run(&args),
        TensorCommand::Passes(args) => passes::verify(&args),
        TensorCommand::Parity(args) => parity::run(&args),
        TensorCommand::Logits(args) => logits::run(&args),
    }
}
