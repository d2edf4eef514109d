use std::process::ExitCode;

use super::{
    TensorCommand, doctor, eval, export_script, logits, parity, passes, predict, profile, search, train,
};

/// Runs a command that computes with tensors, in a program that links libtorch.
pub fn tensors(command: TensorCommand) -> ExitCode {
    match command {
        TensorCommand::Train(args) => train::run(&args),
        TensorCommand::Search(args) => search::run(&args),
        TensorCommand::Reproduce(args) => search::reproduce(&args),
        TensorCommand::Profile(args) => profile::run(&args),
        TensorCommand::Eval(args) => eval::run(&args),
        TensorCommand::Predict(args) => predict::run(&args),
        TensorCommand::Passes(args) => passes::verify(&args),
        TensorCommand::Export(args) => export_script::run(&args),
        TensorCommand::Doctor(_) => doctor::probe(),
        TensorCommand::Parity(args) => parity::run(&args),
        TensorCommand::Agree(args) => parity::agree(&args),
        TensorCommand::Logits(args) => logits::run(&args),
    }
}
