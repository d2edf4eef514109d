//! What people see of a check: a line for a file, and what its stages or the files cost.

use std::path::Path;

use super::args::CheckArgs;
use super::settings::is_settings;
use super::{Checkup, MemoryEstimate};
use crate::check::Checked;
use crate::cli::table::{echo_overrides, fitted, millions, thousands};
use crate::graph::Shape;
use crate::limits::MAX_PREDICTED_NODES;
use crate::tools::show::stages;

pub(super) fn text(checkups: &[Checkup], args: &CheckArgs) -> String {
    match checkups {
        [checkup] => one(checkup, args),
        checkups => many(checkups, args),
    }
}

/// Verdict and table of one file.
fn one(checkup: &Checkup, args: &CheckArgs) -> String {
    let mut text = verdict(checkup, args) + "\n";
    if let Some(net) = &checkup.compilation.net {
        text += &echo_overrides(net, &args.set.set);
        text += &format!("\n{}\n", stage_table(net));
        let memory = MemoryEstimate::of(net, args).map(|memory| memory.line());
        let large = || {
            format!(
                "memory: not predicted for more than {} ops",
                thousands(MAX_PREDICTED_NODES as u64)
            )
        };
        let large = || (net.order().len() > MAX_PREDICTED_NODES).then(large);
        text += &memory.or_else(large).map_or_else(String::new, |line| format!("\n{line}\n"));
    }
    text
}

fn verdict(checkup: &Checkup, args: &CheckArgs) -> String {
    let file = &checkup.name;
    match (&checkup.compilation.net, checkup.passes(args)) {
        (_, false) => format!("{file}: {}", count_of(checkup, "problem")),
        (Some(net), true) => format!(
            "{file}: {} is sound{}: {} -> {}, {} params, {} MACs",
            net.graph().name,
            and_warnings(checkup),
            net.shape(net.input()),
            net.shape(net.output()),
            thousands(net.params()),
            millions(net.macs())
        ),
        (None, true) => format!("{file}: sound, {}{}", alone(checkup), and_warnings(checkup)),
    }
}

/// What a file without a net holds.
fn alone(checkup: &Checkup) -> &'static str {
    match is_settings(Path::new(&checkup.name)) {
        true => "settings alone",
        false => "blocks alone",
    }
}

fn and_warnings(checkup: &Checkup) -> String {
    match checkup.compilation.problems.is_empty() {
        true => String::new(),
        false => format!(", {}", count_of(checkup, "warning")),
    }
}

fn count_of(checkup: &Checkup, what: &str) -> String {
    match checkup.compilation.problems.len() {
        1 => format!("1 {what}"),
        n => format!("{n} {what}s"),
    }
}

fn stage_table(net: &Checked) -> String {
    let row = |name: String, shape: &Shape, params, macs| {
        vec![name, shape.to_string(), thousands(params), millions(macs)]
    };
    let rows = stages(net).into_iter().map(|s| row(s.name, &s.shape, s.params, s.macs));
    let total = row("total".into(), net.shape(net.output()), net.params(), net.macs());
    let header = ["stage", "output", "params", "MACs"];
    fitted(&header, 2..4, rows.chain([total]).collect())
}

/// A row for each file, and how many are sound.
fn many(checkups: &[Checkup], args: &CheckArgs) -> String {
    let mut all_fit = true;
    let mut row = |checkup: &Checkup| {
        let (name, warnings) = (checkup.name.clone(), and_warnings(checkup));
        match (&checkup.compilation.net, checkup.passes(args)) {
            (_, false) => vec![name, count_of(checkup, "problem")],
            (Some(net), true) => vec![
                name,
                format!("sound{warnings}"),
                thousands(net.params()),
                millions(net.macs()),
                MemoryEstimate::of(net, args).map_or_else(String::new, |memory| {
                    all_fit &= memory.fits();
                    memory.short()
                }),
            ],
            (None, true) => vec![name, format!("{}{warnings}", alone(checkup))],
        }
    };
    let header = ["file", "verdict", "params", "MACs", "memory"];
    let rows = fitted(&header, 2..5, checkups.iter().map(&mut row).collect());
    let sound = checkups.iter().filter(|checkup| checkup.passes(args)).count();
    let mark = if all_fit { "" } else { ", with `!` more than this machine has" };
    format!(
        "{rows}\n\n{sound} of {} files are sound; memory is that of a training step{mark}\n",
        checkups.len()
    )
}
