use std::process::ExitCode;

use netc::cli::PROBLEMS;
use netc::cli::export::args::LogitsArgs;
use netc::cli::export::source;
use netc::cli::out::error;

use crate::run::logits;

pub(super) fn run(args: &LogitsArgs) -> ExitCode {
    let done = source::load(&args.source).and_then(|source| {
        logits(&source.net, &source.weights, &args.images, &args.output)
            .map_err(|error| error.to_string())
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            error(&message);
            ExitCode::from(PROBLEMS)
        }
    }
}
