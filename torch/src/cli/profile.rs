use std::path::{Path, PathBuf};
use std::process::ExitCode;

use netc::cli::args::Format;
use netc::cli::net::{blocks_alone, unsound};
use netc::cli::out::{
    ended, may_write_together, print, print_json, show, warning, write, write_picture,
};
use netc::cli::table::{bytes, table, trimmed};
use netc::cli::train::args::ProfileArgs;
use netc::cli::train::kernel_table;
use netc::compile;
use netc::graph::Graph;
use netc::lower::{Candidate, ConvAlgorithm, ConvAlgorithms, Reason, Times};
use netc::recipe::Layers;
use netc::run::{Method, process_age};
use netc::tools::flame::{Timed, flame};
use serde_json::{Map, Value};

use super::advice::enough_memory;
use super::train::warn_of;
use crate::run::{Machine, Phases, Profile, ProfileOptions, TaskProfile, profile};

pub(super) fn run(args: &ProfileArgs) -> ExitCode {
    ended(go(args))
}

fn go(args: &ProfileArgs) -> Result<(), String> {
    let start = process_age();
    let mut compilation = compile(&args.file, &args.set.set);
    let before = Before { start, compilation: compilation.seconds };
    show(&compilation.problems, &compilation.sources);
    let Some(net) = compilation.net.take() else {
        return Err(match compilation.ok() {
            true => blocks_alone(&args.file, "profile"),
            false => format!("no profile: {}", unsound(&compilation.problems, "the net")),
        });
    };
    let layers = Layers::of(&args.recipe.recipe)?;
    let settings = &net.graph().settings;
    let (mut recipe, problems) = layers.resolve(settings, None, &mut compilation.sources)?;
    show(&problems, &compilation.sources);
    if problems.has_errors() {
        return Err("no profile: the recipe is not sound".into());
    }
    recipe.batch_size = args.batch.unwrap_or(recipe.batch_size);
    let machine =
        Machine::choose(args.machine.device, args.machine.precision).map_err(|e| e.to_string())?;
    let method = Method {
        conv: args.conv,
        passes: args.passes.clone(),
        without: args.without.clone(),
        ..Method::default()
    };
    warn_of(&method, machine);
    may_write_together([&args.output, &args.trace].into_iter().flatten().map(PathBuf::as_path))?;
    enough_memory(&net, recipe.batch_size, args.conv, machine)
        .map_err(|why| format!("no profile: {why}"))?;
    let ProfileArgs { steps, retune, memory, kernels, .. } = *args;
    let options = ProfileOptions { steps, retune, memory, kernels, trace: args.trace.is_some() };
    let found =
        profile(&net, &recipe, machine, &method, options).map_err(|error| error.to_string())?;
    if let Some(why) = &found.untraced {
        warning(&format!("the kernels were not recorded: {why}"));
    }
    let title = format!(
        "{}: a training step on {} images, {} on {}",
        net.graph().name,
        recipe.batch_size,
        machine.precision,
        machine.hardware().label()
    );
    match (args.format, args.phases) {
        (Format::Json, _) => print_json(&json(net.graph(), &before, &found)?),
        (Format::Text, true) => print(&format!("{title}\n\n{}", phases(&before, &found.phases))),
        (Format::Text, false) => print(&format!("{title}\n\n{}", text(&found, recipe.batch_size))),
    }
    if let Some(path) = &args.output {
        let nodes = found
            .tasks
            .iter()
            .map(|task| Timed { path: task.path.clone(), seconds: task.seconds.iter().sum() });
        write_picture(path, &flame(&title, &nodes.collect::<Vec<_>>()))?;
        written(args, path);
    }
    if let (Some(path), Some(trace)) = (&args.trace, &found.chrome) {
        write(path, trace)?;
        written(args, path);
    }
    Ok(())
}

fn written(args: &ProfileArgs, path: &Path) {
    if args.format == Format::Text {
        print(&format!("\nwritten to {}\n", path.display()));
    }
}

/// Seconds spent before the phases of a profile.
struct Before {
    start: Option<f64>,
    /// Of parsing, resolving and checking.
    compilation: [f64; 3],
}

impl Before {
    /// All phases in their order, each with its name.
    fn phases(&self, after: &Phases) -> Vec<(&'static str, f64)> {
        let [parse, resolve, check] = self.compilation;
        let Phases { passes, weights, schedule, tuning, first, second } = *after;
        let start = self.start.map(|start| ("start", start));
        let others = [
            ("parse", parse),
            ("resolve", resolve),
            ("check", check),
            ("passes", passes),
            ("weights", weights),
            ("schedule", schedule),
            ("tuning", tuning),
            ("first step", first),
            ("second step", second),
        ];
        start.into_iter().chain(others).collect()
    }
}

fn phases(before: &Before, after: &Phases) -> String {
    let mut rows = table(&["phase", "ms"], 1..2);
    for (name, seconds) in before.phases(after) {
        rows.add_row([name.to_string(), format!("{:.2}", seconds * 1e3)]);
    }
    trimmed(&rows) + "\n"
}

fn json(graph: &Graph, before: &Before, profile: &Profile) -> Result<Value, String> {
    let phases: Map<String, Value> = before
        .phases(&profile.phases)
        .into_iter()
        .map(|(name, time)| (name.into(), time.into()))
        .collect();
    let mut value =
        serde_json::to_value(profile).map_err(|error| format!("cannot write JSON: {error}"))?;
    value["net"] = graph.name.as_str().into();
    value["phases"] = phases.into();
    value["predicted_bytes"] = profile.predicted.total().into();
    Ok(value)
}

fn text(profile: &Profile, batch: usize) -> String {
    let traced = profile.kernels.is_some();
    let mut header = vec![
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
    if traced {
        header.insert(3, "kernels ms");
    }
    let mut rows = table(&header, 1..8 + usize::from(traced));
    let all: f64 = profile.tasks.iter().flat_map(|task| task.seconds).sum::<f64>()
        + profile.optimiser
        + profile.data;
    for task in &profile.tasks {
        let time: f64 = task.seconds.iter().sum();
        let (macs, moved): (u64, u64) = (task.macs.iter().sum(), task.bytes.iter().sum());
        let kernels = task.traced.map(|traced| traced.iter().sum::<f64>());
        let computed = kernels.unwrap_or(time);
        let part = |amount: u64, peak: f64| match amount {
            0 => String::new(),
            _ if computed <= 0.0 => String::new(),
            amount => format!("{:.0}%", amount as f64 / computed / peak * 100.0),
        };
        let mut row = vec![
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
        ];
        if let Some(kernels) = kernels {
            row.insert(3, format!("{:.3}", kernels * 1e3));
        }
        rows.add_row(row);
    }
    let step = profile.step;
    format!(
        "{}\n\nstep {:.1} ms ({:.0} images/s), of it augmentation {:.1} ms ({:.1}%), the optimiser {:.1} ms and what lies \
         between the nodes {:.1} ms\n{}this machine: {:.0} GMAC/s in a matrix product, {:.0} GB/s in a copy; matrix and memory are parts of these\n{}{}{}",
        trimmed(&rows),
        step * 1e3,
        batch as f64 / step,
        profile.data * 1e3,
        profile.data / step * 100.0,
        profile.optimiser * 1e3,
        (step - all).max(0.0) * 1e3,
        memory(profile),
        profile.matrix_peak / 1e9,
        profile.memory_peak / 1e9,
        fewer_products(profile),
        reasons(profile),
        profile
            .kernels
            .as_ref()
            .map_or_else(String::new, |kernels| { format!("\n{}", kernel_table(kernels)) }),
    )
}

/// Why a convolution may pass the matrix product, if one does fewer products than are counted.
fn fewer_products(profile: &Profile) -> &'static str {
    let ways = profile.tasks.iter().filter_map(|task| task.ways);
    let mut used = ways.flat_map(|ways| [ways.forward, ways.input, ways.weights]);
    match used.any(|way| way != ConvAlgorithm::Library) {
        true => {
            "GMACs are those of the definition; f2 does 2.25 times fewer products, f4 and int16 4 \
             times, or 1.78 times where the stride is 2: they may pass 100%\n"
        }
        false => "",
    }
}

/// Why the convolutions have their algorithms: the times of all candidates, the chosen ones with a
/// star.
fn reasons(profile: &Profile) -> String {
    let mut rows = table(
        &["convolution", "images", "rounds", "by", "forward ms", "input ms", "weights ms"],
        1..3,
    );
    let (mut rule, mut small) = (Vec::new(), Vec::new());
    for task in &profile.tasks {
        match &task.reason {
            Some(Reason::Timed(times)) => {
                rows.add_rows(candidates(&task.path, times));
            }
            Some(Reason::Rule) => rule.push(task.path.as_str()),
            Some(Reason::Small) => small.push(task.path.as_str()),
            Some(Reason::Library) | None => {}
        }
    }
    let mut text = String::new();
    if !rows.is_empty() {
        text = format!(
            "\nchosen by time (*), once for each shape on this machine; --retune times again:\n{}\n",
            trimmed(&rows)
        );
    }
    for (why, paths) in [("by --conv", rule), ("too small to be timed", small)] {
        if !paths.is_empty() {
            text += &format!("\n{why}: {}\n", paths.join(", "));
        }
    }
    text
}

/// A row for each candidate.
fn candidates(path: &str, times: &Times) -> Vec<Vec<String>> {
    let ConvAlgorithms { forward, input, weights } = times.algorithms();
    let row = |(i, timed): (usize, &Candidate)| {
        let first = |text: String| if i == 0 { text } else { String::new() };
        let mut row = vec![
            first(path.to_string()),
            first(times.images.to_string()),
            first(times.rounds.to_string()),
            timed.algorithm.to_string(),
        ];
        row.extend(timed.seconds.iter().zip([forward, input, weights]).map(|(seconds, chosen)| {
            let star = if chosen == timed.algorithm { " *" } else { "" };
            seconds.map_or_else(String::new, |seconds| format!("{:.2}{star}", seconds * 1e3))
        }));
        row
    };
    times.candidates.iter().enumerate().map(row).collect()
}

/// The memory of the step: predicted, by part, and measured.
fn memory(profile: &Profile) -> String {
    let predicted = profile.predicted;
    let parts = [
        ("weights", predicted.weights),
        ("gradients and velocities", predicted.training),
        ("transformed weights", predicted.packed),
        ("workspace", predicted.workspace),
        ("slots", predicted.slots),
        ("the rest at its peak", predicted.passing),
    ];
    let parts = parts.iter().filter(|(_, size)| *size > 0);
    let parts: Vec<String> = parts.map(|(name, size)| format!("{name} {}", bytes(*size))).collect();
    let measured = profile.allocated.map_or_else(String::new, |measured| {
        let ratio = predicted.total() as f64 / measured as f64;
        format!(", the process held {} ({ratio:.2})", bytes(measured))
    });
    format!("memory {}{measured}: {}\n", bytes(predicted.total()), parts.join(", "))
}

/// A single word if all directions use the same algorithm.
fn words(ways: ConvAlgorithms) -> String {
    let ConvAlgorithms { forward, input, weights } = ways;
    match forward == input && input == weights {
        true => forward.to_string(),
        false => format!("{forward}, {input}, {weights}"),
    }
}

/// The fused ops, by the last segments of their paths.
fn along(task: &TaskProfile) -> String {
    let names = task.along.iter().map(|path| path.rsplit('.').next().unwrap_or(path));
    names.collect::<Vec<_>>().join(", ")
}
