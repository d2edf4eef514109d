use std::process::ExitCode;

use crate::cli::args::extension;
use crate::cli::out::{ended, print, print_json_text, write, write_picture};
use crate::cli::search::report_args::{ReportArgs, ReportFormat};
use crate::cli::table::{millions, table, thousands, trimmed};
use crate::diag::number_of;
use crate::search::report::{
    Comparison, FRONT_UNCLEAR, Gain, Group, Kind, Measured, NotCounted, Report, epochs, hundredths,
};
use crate::search::{Index, SearchError};

/// The most lines of a list in the text; the page and the JSON have them all.
const MOST_LISTED: usize = 12;

pub fn run(args: &ReportArgs) -> ExitCode {
    ended(go(args))
}

fn go(args: &ReportArgs) -> Result<(), SearchError> {
    let report = Report::read(&args.folder)?;
    match args.format {
        ReportFormat::Text => print(&text(&report)),
        ReportFormat::Json => print_json_text(&report.json()?),
        ReportFormat::Csv => print(&report.csv()?),
    }
    for path in &args.output {
        let done = match extension(path).as_str() {
            "html" => write(path, report.html()?.as_bytes()),
            "json" => write(path, (report.json()? + "\n").as_bytes()),
            "csv" => write(path, report.csv()?.as_bytes()),
            "sqlite" => write(path, &Index::database(&args.folder)?),
            _ => write_picture(path, &report.picture()?),
        };
        done.map_err(SearchError::new)?;
    }
    Ok(())
}

/// A report for people.
pub fn text(report: &Report) -> String {
    let planned = number_of(report.planned, "run");
    let mut out = format!("{} of {planned} finished, on {}\n", report.finished, report.data);
    if report.dropped > 0 {
        let dropped = number_of(report.dropped, "run");
        out += &format!("{dropped} spared by successive halving\n");
    }
    if let Some(machine) = &report.timed_on {
        out += &format!("times on {machine}\n");
    }
    for length in report.lengths() {
        out += &format!("\n{}\n{}\n", epochs(length[0].epochs), variants(length));
        out += &alike(length, &report.comparisons);
    }
    out += &gains("train longer? (paired t-test by seed", report.gains_of(Kind::Longer));
    out += &gains("change the net? (Welch's test", report.gains_of(Kind::Change));
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
    let header = [
        "variant",
        "n",
        "mean %",
        "95% interval",
        "std",
        "std error",
        "time s",
        "least to longest",
        "params",
        "MACs",
        "",
    ];
    let mut table = table(&header, 1..10);
    for g in length {
        let best = if g.rank == 1 { "best" } else { "like the best" };
        let marks = [if g.like_best { best } else { "" }, g.on_front()];
        table.add_row([
            g.variant.clone(),
            g.runs.len().to_string(),
            number(g.mean()),
            interval(g.interval),
            number(g.sample.filter(|s| s.n > 1).map(|s| s.std)),
            number(g.std_error),
            number(g.time.map(|t| t.median)),
            interval(g.time.filter(|t| t.n > 1).map(|t| [t.min, t.max])),
            thousands(g.params),
            millions(g.macs),
            marks.into_iter().filter(|mark| !mark.is_empty()).collect::<Vec<_>>().join(", "),
        ]);
    }
    let unclear = length.iter().any(|g| !g.front_clear);
    let legend = if unclear { format!("\n{FRONT_UNCLEAR}") } else { String::new() };
    trimmed(&table) + &legend
}

fn number(x: Option<f64>) -> String {
    x.map_or("-".into(), hundredths)
}

fn interval(of: Option<[f64; 2]>) -> String {
    of.map_or("-".into(), |[low, high]| format!("{low:.2} to {high:.2}"))
}

/// The gains of one kind, and their cost in time.
fn gains<'a>(title: &str, all: impl Iterator<Item = &'a Gain>) -> String {
    let header =
        ["net", "epochs", "n", "gain", "95% interval", "p", "further s", "points/s", "verdict"];
    let mut table = table(&header, 1..8);
    let mut counts = [0; 3];
    for gain in all {
        let verdict = gain.verdict();
        for (count, what) in counts.iter_mut().zip(["helps", "hurts", "open"]) {
            *count += usize::from(what == verdict);
        }
        table.add_row([
            gain.variant.clone(),
            gain.lengths(),
            gain.n[1].to_string(),
            number(Some(gain.gain)),
            interval(gain.interval),
            gain.adjusted.map_or("-".into(), |p| format!("{p:.3}")),
            number(gain.extra_time),
            number(gain.per_second),
            verdict.into(),
        ]);
    }
    if table.is_empty() {
        return String::new();
    }
    let [helps, hurts, open] = counts;
    format!(
        "\n{title} at 5%, Holm's correction; gains in points, intervals of one gain alone)\n{}\n\
         helps {helps} of {}, hurts {hurts}, open {open}\n",
        trimmed(&table),
        table.row_count()
    )
}

/// Each net's claim compared with the measurements.
fn claims(all: &[Measured]) -> String {
    if all.is_empty() {
        return String::new();
    }
    let mut table =
        table(&["net", "epochs", "claim %", "n", "mean %", "95% interval", "verdict"], 1..6);
    for claim in all {
        table.add_row([
            claim.claim.net.clone(),
            claim.claim.epochs.to_string(),
            format!("{:.2}", claim.claim.accuracy),
            claim.sample.map_or(0, |sample| sample.n).to_string(),
            number(claim.sample.map(|sample| sample.mean)),
            interval(claim.interval),
            claim.to_string(),
        ]);
    }
    format!("\nclaims (one-sample t-test at 5%, Holm's correction)\n{}\n", trimmed(&table))
}

/// Which pairs of a length cannot be told apart, those with the best first, and how many runs would
/// separate them.
fn alike(length: &[Group], all: &[Comparison]) -> String {
    let here: Vec<&Comparison> =
        all.iter().filter(|pair| pair.epochs == length[0].epochs).collect();
    if here.is_empty() {
        return String::new();
    }
    let mut alike: Vec<&Comparison> =
        here.iter().copied().filter(|pair| !pair.told_apart).collect();
    alike.sort_by_key(|pair| pair.better != length[0].variant);
    let mut out = format!(
        "{} of {} cannot be told apart (Welch's test at 5%, Holm's correction)\n",
        alike.len(),
        number_of(here.len(), "pair")
    );
    for pair in alike.iter().take(MOST_LISTED) {
        let needed = pair
            .runs_needed
            .map_or("no number of runs shows a difference of nothing".into(), |n| {
                format!("about {n} runs of each would tell them apart")
            });
        out += &format!(
            "  {} before {}: {:.2} points, p = {:.3}; {needed}\n",
            pair.better, pair.worse, pair.difference, pair.adjusted
        );
    }
    out + &more(alike.len())
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
        format!("  and {} more: see `-o report.html` or --format json\n", count - MOST_LISTED)
    } else {
        String::new()
    }
}
