use std::process::ExitCode;

use netc::cli::TensorCommand;

use super::{doctor, eval, export_script, logits, parity, predict, profile, search, train, verify};

/// Runs a command that computes with tensors, in a program that links libtorch.
pub fn tensors(command: TensorCommand) -> ExitCode {
    match command {
        TensorCommand::Train(args) => train::run(&args),
        TensorCommand::Search(args) => search::run(&args),
        TensorCommand::Reproduce(args) => search::reproduce(&args),
        TensorCommand::Profile(args) => profile::run(&args),
        TensorCommand::Eval(args) => eval::run(&args),
        TensorCommand::Predict(args) => predict::run(&args),
        TensorCommand::Passes(args) => verify::verify(&args),
        TensorCommand::Export(args) => export_script::run(&args),
        TensorCommand::Doctor(args) if args.probe => doctor::probe(),
        TensorCommand::Doctor(args) => doctor::compile_kernels(&args.compile_kernels),
        TensorCommand::Parity(args) => parity::run(&args),
        TensorCommand::Agree(args) => parity::agree(&args),
        TensorCommand::Logits(args) => logits::run(&args),
    }
}
