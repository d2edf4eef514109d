use std::path::Path;
use std::process::ExitCode;

use netc::check::Checked;
use netc::cli::PROBLEMS;
use netc::cli::export::parity_args::{AgreeArgs, ParityArgs};
use netc::cli::out::{error, print, show};
use netc::compile;
use netc::lower::Precision;
use netc::recipe::Recipe;
use netc::run::{DeviceChoice, Executor, Method, PrecisionChoice, RunError};

use crate::run::{Distance, Machine, Steps, Trial};

pub(super) fn run(args: &ParityArgs) -> ExitCode {
    let done = load(&args.file, &[]).and_then(|(net, recipe)| {
        let machine = Machine::choose(DeviceChoice::Cpu, PrecisionChoice::Exactly(args.precision));
        let method = Method { executor: Executor::Eager, ..Method::default() };
        let ParityArgs { seed, batch, steps, .. } = *args;
        let weights = args.weights.as_deref();
        let trial = |machine| Trial { seed, weights, batch, steps, machine, method: &method };
        let written = machine.map(trial).and_then(|trial| {
            Steps::of(&net, &recipe, &trial)?.write(&net, &recipe, &trial, &args.output)
        });
        written.map_err(|error| error.to_string())
    });
    ended(done.map(|()| true))
}

pub(super) fn agree(args: &AgreeArgs) -> ExitCode {
    let head = ["evaluated", "trained", "gradients", "changes"].map(|name| format!("{name:>12}"));
    print(&format!("{:<24}{:<6}{:<10}{}  verdict\n", "net", "", "", head.concat()));
    let mut sound = true;
    for file in &args.files {
        match of_net(args, file) {
            Ok(agrees) => sound &= agrees,
            Err(error) => return ended(Err(format!("{}: {error}", file.display()))),
        }
    }
    ended(Ok(sound))
}

fn ended(done: Result<bool, String>) -> ExitCode {
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(PROBLEMS),
        Err(message) => {
            error(&message);
            ExitCode::from(PROBLEMS)
        }
    }
}

fn load(file: &Path, set: &[(String, String)]) -> Result<(Checked, Recipe), String> {
    let mut compilation = compile(file, set);
    let Some(net) = compilation.net.take() else {
        show(&compilation.problems, &compilation.sources);
        return Err("there is no net".into());
    };
    let (recipe, problems) = Recipe::resolve(&net.graph().settings, &[]);
    show(&problems, &compilation.sources);
    Ok((net, recipe))
}

/// Prints a line for each precision and executor; returns whether all are within their bounds.
fn of_net(args: &AgreeArgs, file: &Path) -> Result<bool, String> {
    let (net, recipe) = load(file, &args.set.set)?;
    let name = net.graph().name.clone();
    if net.shape(net.output()).dims().len() != 1 {
        print(&format!("{name:<24}left out: it ends in no classes\n"));
        return Ok(true);
    }
    let said = |error: RunError| error.to_string();
    let choose = |device, precision| Machine::choose(device, PrecisionChoice::Exactly(precision));
    let plain = Method { executor: Executor::Eager, ..Method::default() };
    let exact = trial(args, choose(DeviceChoice::Cpu, Precision::Fp64).map_err(said)?, &plain);
    let reference = Steps::of(&net, &recipe, &exact).map_err(said)?;
    if let Some(out) = &args.output {
        reference.write(&net, &recipe, &exact, &out.join(&name)).map_err(said)?;
    }
    let mut sound = true;
    for &precision in &args.precision {
        for (executor, word) in [(Executor::Compiled, "compiled"), (Executor::Eager, "eager")] {
            let method = Method { executor, without: args.without.clone(), ..Method::default() };
            let own = trial(args, choose(args.device, precision).map_err(said)?, &method);
            let found = Steps::of(&net, &recipe, &own)
                .and_then(|found| Distance::between(&found, &reference))
                .map_err(|error| format!("{precision} {word}: {error}"))?;
            let agrees = found.within(precision);
            let verdict = if agrees { "ok" } else { "FAILED" };
            let Distance { evaluated, logits, gradients, changes } = found;
            let kind = precision.as_str();
            let numbers = [evaluated, logits, gradients, changes].map(|x| format!("{x:>12.1e}"));
            print(&format!("{name:<24}{kind:<6}{word:<10}{}  {verdict}\n", numbers.concat()));
            sound &= agrees;
        }
    }
    Ok(sound)
}

fn trial<'a>(args: &AgreeArgs, machine: Machine, method: &'a Method) -> Trial<'a> {
    let AgreeArgs { batch, steps, .. } = *args;
    Trial { seed: 0, weights: None, batch, steps, machine, method }
}
