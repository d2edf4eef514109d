use std::path::Path;
use std::process::ExitCode;

use super::PROBLEMS;
use super::args_report::ReportArgs;
use super::out::{complain, millions, print, table, thousands, trimmed, write, write_picture};
use crate::search::{Index, SearchError};
use crate::search::report::{Comparison, Group, Measured, NotCounted, Report, epochs};

/// The most lines of a list in the text; the page and the JSON have them all.
const MOST_LISTED: usize = 12;

pub(super) fn run(args: &ReportArgs) -> ExitCode {
    match go(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("{error}\n"));
            ExitCode::from(PROBLEMS)
        }
    }
}

fn go(args: &ReportArgs) -> Result<(), SearchError> {
    let report = Report::read(&args.folder)?;
    let to_stdout = [&args.csv, &args.json].into_iter().flatten().any(|path| path == Path::new("-"));
    if !to_stdout {
        print(&text(&report));
    }
    if let Some(path) = &args.csv {
        put(path, report.csv()?.as_bytes())?;
    }
    if let Some(path) = &args.json {
        put(path, (report.json()? + "\n").as_bytes())?;
    }
    if let Some(path) = &args.sqlite {
        put(path, &Index::database(&args.folder)?)?;
    }
    if let Some(path) = &args.html {
        put(path, report.html()?.as_bytes())?;
    }
    if let Some(path) = &args.plot {
        let svg = report.picture()?;
        write_picture(path, &svg).map_err(SearchError::new)?;
    }
    Ok(())
}

fn put(path: &Path, bytes: &[u8]) -> Result<(), SearchError> {
    if path == Path::new("-") {
        print(&String::from_utf8_lossy(bytes));
        return Ok(());
    }
    write(path, bytes).map_err(SearchError::new)
}

/// A report for people.
pub(super) fn text(report: &Report) -> String {
    let mut out = format!("{} of {} runs finished, on {}\n", report.finished, report.planned, report.data);
    if report.dropped > 0 {
        out += &format!("{} runs spared by successive halving\n", report.dropped);
    }
    if let Some(machine) = &report.timed_on {
        out += &format!("times on {machine}\n");
    }
    for length in report.lengths() {
        out += &format!("\n{}\n{}\n", epochs(length[0].epochs), variants(length));
        out += &alike(length, &report.comparisons);
    }
    out += &claims(&report.claims);
    out += &named("failed", &report.failed);
    out += &named("damaged", &report.damaged);
    out += &named("not over", &report.unfinished);
    out.push('\n');
    for caution in &report.cautions {
        out += &format!("note: {caution}\n");
    }
    out
}

fn variants(length: &[Group]) -> String {
    let header =
        ["variant", "n", "mean %", "95% interval", "std", "std error", "time s", "params", "MACs", ""];
    let mut table = table(&header, 1..9);
    let number = |x: Option<f64>| x.map_or("-".into(), |x| format!("{x:.2}"));
    for g in length {
        let best = if g.rank == 1 { "best" } else { "like the best" };
        let marks = [g.like_best.then_some(best), g.front.then_some("front")];
        table.add_row([
            g.variant.clone(),
            g.accuracies.len().to_string(),
            number(g.mean()),
            g.interval.map_or("-".into(), |[low, high]| format!("{low:.2} to {high:.2}")),
            number(g.sample.filter(|s| s.n > 1).map(|s| s.std)),
            number(g.std_error),
            number(g.time),
            thousands(g.params),
            millions(g.macs),
            marks.into_iter().flatten().collect::<Vec<_>>().join(", "),
        ]);
    }
    trimmed(&table)
}

/// Each net's claim beside what was measured.
fn claims(all: &[Measured]) -> String {
    if all.is_empty() {
        return String::new();
    }
    let mut table = table(&["net", "epochs", "claim %", "n", "mean %", "95% interval", "verdict"], 1..6);
    for claim in all {
        table.add_row([
            claim.variant.clone(),
            claim.claim.epochs.to_string(),
            format!("{:.2}", claim.claim.accuracy),
            claim.sample.map_or(0, |sample| sample.n).to_string(),
            claim.sample.map_or("-".into(), |sample| format!("{:.2}", sample.mean)),
            claim.interval.map_or("-".into(), |[low, high]| format!("{low:.2} to {high:.2}")),
            claim.verdict.to_string(),
        ]);
    }
    format!("\nclaims (one-sample t-test at 5%, Holm's correction)\n{}\n", trimmed(&table))
}

/// How many pairs of a length cannot be told apart, and what it would take for those with the best.
fn alike(length: &[Group], all: &[Comparison]) -> String {
    let here: Vec<&Comparison> = all.iter().filter(|pair| pair.epochs == length[0].epochs).collect();
    if here.is_empty() {
        return String::new();
    }
    let alike: Vec<&Comparison> = here.iter().copied().filter(|pair| !pair.told_apart).collect();
    let mut out = format!(
        "{} of {} pairs cannot be told apart (Welch's test at 5%, Holm's correction)\n",
        alike.len(),
        here.len()
    );
    let with_best: Vec<&Comparison> =
        alike.into_iter().filter(|pair| pair.better == length[0].variant).collect();
    for pair in with_best.iter().take(MOST_LISTED) {
        let needed = pair.runs_needed.map_or("no number of runs shows a difference of nothing".into(), |n| {
            format!("about {n} runs of each would tell them apart")
        });
        out += &format!(
            "  {} before {}: {:.2} points, p = {:.3}; {needed}\n",
            pair.better, pair.worse, pair.difference, pair.adjusted
        );
    }
    out + &more(with_best.len())
}

fn named(what: &str, runs: &[NotCounted]) -> String {
    let mut out = String::new();
    for run in runs.iter().take(MOST_LISTED) {
        let NotCounted { id, variant, seed, why, .. } = run;
        let length = epochs(run.epochs);
        out += &format!("{what}: {variant}, {length}, seed {seed} (runs/{id}): {why}\n");
    }
    let gap = if out.is_empty() { "" } else { "\n" };
    format!("{gap}{out}{}", more(runs.len()))
}

fn more(count: usize) -> String {
    if count > MOST_LISTED {
        format!("  and {} more: see --html or --json\n", count - MOST_LISTED)
    } else {
        String::new()
    }
}
