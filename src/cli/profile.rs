use std::process::ExitCode;

use super::PROBLEMS;
use super::args_train::ProfileArgs;
use super::out::{bytes, complain, print, show, table, trimmed};
use crate::compile;
use crate::disk;
use crate::lower::Ways;
use crate::run::{Machine, Method, Profile, Recipe, TaskProfile, profile};
use crate::tools::flame::{Timed, flame};

pub(super) fn run(args: &ProfileArgs) -> ExitCode {
    match go(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            complain(&format!("{message}\n"));
            ExitCode::from(PROBLEMS)
        }
    }
}

fn go(args: &ProfileArgs) -> Result<(), String> {
    let mut compilation = compile(&args.file, &args.set.set);
    show(&compilation.problems, &compilation.sources);
    let Some(net) = compilation.net.take() else {
        return Err(match compilation.ok() {
            true => format!("{} holds blocks alone; there is no net to profile", args.file.display()),
            false => "no profile: the net is not sound".into(),
        });
    };
    let (mut recipe, problems) = Recipe::resolve(&net.graph().settings, None, None);
    show(&problems, &compilation.sources);
    recipe.batch_size = args.batch.unwrap_or(recipe.batch_size);
    let machine = Machine::choose(args.machine.device, args.machine.precision).map_err(|e| e.to_string())?;
    let method = Method { conv: args.conv, ..Method::default() };
    let found = profile(&net, &recipe, machine, &method, args.steps).map_err(|e| e.to_string())?;
    let title = format!(
        "{}: a training step on {} images, {} on {}",
        net.graph().name,
        recipe.batch_size,
        machine.precision,
        machine.hardware().label()
    );
    print(&format!("{title}\n\n{}", text(&found, recipe.batch_size)));
    if let Some(path) = &args.svg {
        let nodes = found
            .tasks
            .iter()
            .map(|task| Timed { path: task.path.clone(), seconds: task.seconds.iter().sum() });
        let picture = flame(&title, &nodes.collect::<Vec<_>>());
        disk::write_out(path, picture.as_bytes())
            .map_err(|e| format!("cannot write {}: {e}", path.display()))?;
        print(&format!("\nwritten to {}\n", path.display()));
    }
    Ok(())
}

fn text(profile: &Profile, batch: usize) -> String {
    let header = [
        "node",
        "forward ms",
        "backward ms",
        "share",
        "GMACs",
        "moved",
        "matrix",
        "memory",
        "convolution",
        "with it",
    ];
    let mut rows = table(&header, 1..8);
    let all: f64 = profile.tasks.iter().flat_map(|task| task.seconds).sum::<f64>() + profile.optimiser;
    for task in &profile.tasks {
        let time: f64 = task.seconds.iter().sum();
        let (macs, moved): (u64, u64) = (task.macs.iter().sum(), task.bytes.iter().sum());
        let part = |amount: u64, peak: f64| match amount {
            0 => String::new(),
            amount => format!("{:.0}%", amount as f64 / time / peak * 100.0),
        };
        rows.add_row([
            task.path.clone(),
            format!("{:.2}", task.seconds[0] * 1e3),
            format!("{:.2}", task.seconds[1] * 1e3),
            format!("{:.1}%", time / all * 100.0),
            if macs > 0 { format!("{:.1}", macs as f64 / 1e9) } else { String::new() },
            if moved > 0 { bytes(moved) } else { String::new() },
            part(macs, profile.matrix_peak),
            part(moved, profile.memory_peak),
            task.ways.map_or_else(String::new, words),
            along(task),
        ]);
    }
    let step = profile.step;
    format!(
        "{}\n\nstep {:.1} ms ({:.0} images/s), of it the optimiser {:.1} ms and what lies between the nodes {:.1} ms\n\
         this machine: {:.0} GMAC/s in a matrix product, {:.0} GB/s in a copy; matrix and memory are parts of these\n",
        trimmed(&rows),
        step * 1e3,
        batch as f64 / step,
        profile.optimiser * 1e3,
        (step - all).max(0.0) * 1e3,
        profile.matrix_peak / 1e9,
        profile.memory_peak / 1e9,
    )
}

/// One word where all directions are alike.
fn words(ways: Ways) -> String {
    let Ways { forward, input, weights } = ways;
    match forward == input && input == weights {
        true => forward.to_string(),
        false => format!("{forward}, {input}, {weights}"),
    }
}

/// The ops that are computed along, by their last names.
fn along(task: &TaskProfile) -> String {
    let names = task.along.iter().map(|path| path.rsplit('.').next().unwrap_or(path));
    names.collect::<Vec<_>>().join(", ")
}
