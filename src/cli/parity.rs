use std::process::ExitCode;

use super::PROBLEMS;
use super::args_train::ParityArgs;
use super::out::{complain, show};
use crate::compile;
use crate::recipe::Recipe;
use crate::run::{Trial, parity};

pub(super) fn run(args: &ParityArgs) -> ExitCode {
    let mut compilation = compile(&args.file, &[]);
    let Some(net) = compilation.net.take() else {
        show(&compilation.problems, &compilation.sources);
        return ExitCode::from(PROBLEMS);
    };
    let (recipe, problems) = Recipe::resolve(&net.graph().settings, None, None);
    show(&problems, &compilation.sources);
    let ParityArgs { seed, batch, steps, precision, .. } = *args;
    let trial = Trial { seed, weights: args.weights.as_deref(), batch, steps, precision };
    match parity(&net, &recipe, &trial, &args.out) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("{error}\n"));
            ExitCode::from(PROBLEMS)
        }
    }
}
