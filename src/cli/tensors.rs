use std::process::ExitCode;

use super::{Command, eval, parity, train};

/// Runs a command that computes with tensors, in a program that links libtorch.
pub fn tensors(command: Command) -> ExitCode {
    match command {
        Command::Train(args) => train::run(&args),
        Command::Eval(args) => eval::run(&args),
        Command::Parity(args) => parity::run(&args),
        Command::Check(_) | Command::Fmt(_) | Command::Expand(_) | Command::Draw(_) => ExitCode::SUCCESS,
    }
}
