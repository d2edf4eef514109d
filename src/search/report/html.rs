use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::claims::Measured;
use super::compare::Comparison;
use super::contents::{NotCounted, Report};
use super::gains::{Gain, Kind};
use super::groups::{FRONT_UNCLEAR, Group};
use super::words::{epochs, hundredths};
use crate::diag::number_of;
use crate::search::Status;
use crate::tools::markup::xml_characters;

/// The maximum number of pairs listed on a page.
const MAX_PAIRS: usize = 2_000;

pub(super) fn page(report: &Report, picture: &str) -> String {
    let content = html! {
        p { (report.finished) " of " (number_of(report.planned, "run")) " finished, on " (report.data) "." }
        (PreEscaped(picture))
        (tables(report))
    };
    around(report, None, content)
}

/// The page of a running search, which reloads itself every few seconds.
pub fn live_page(status: &Status, report: &Report) -> String {
    let content = html! {
        p { (status.summary()) }
        @if !status.running.is_empty() {
            h2 { "Running" }
            table {
                thead { tr { th { "variant" } th { "epochs" } th { "seed" } th { "done" } th { "worker" } } }
                tbody { @for run in &status.running { tr {
                    td { (run.variant) } td { (run.epochs) } td { (run.seed) }
                    td { progress max=(run.epochs) value=(run.done) {} " " (format!("{:.1}", run.done)) }
                    td { (run.host) ", process " (run.pid) }
                } } }
            }
        }
        @if let Ok(picture) = report.picture() { (PreEscaped(picture)) }
        (tables(report))
    };
    around(report, Some(REFRESH), content)
}

/// Seconds between reloads of a live page.
const REFRESH: u32 = 3;

fn tables(report: &Report) -> Markup {
    html! {
        @for length in report.lengths() { (variants(length)) }
        (gains("Train longer?", LONGER, report.gains_of(Kind::Longer)))
        (gains("Change the net?", CHANGE, report.gains_of(Kind::Change)))
        (claims(&report.claims))
        (pairs(&report.comparisons))
        (cautions(&report.cautions))
        (not_counted("Failed", &report.failed))
        (not_counted("Damaged", &report.damaged))
        (not_counted("Not over", &report.unfinished))
    }
}

fn around(report: &Report, refresh: Option<u32>, content: Markup) -> String {
    let title = format!("Search over {}", report.nets.join(", "));
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                @if let Some(seconds) = refresh { meta http-equiv="refresh" content=(seconds); }
                title { (title) }
                style { (PreEscaped(include_str!("page.css"))) }
            }
            body {
                h1 { (title) }
                (content)
                script { (PreEscaped(include_str!("page.js"))) }
            }
        }
    };
    xml_characters(page.into_string())
}

fn variants(length: &[Group]) -> Markup {
    let number = |x: Option<f64>| x.map_or(String::new(), hundredths);
    html! {
        h2 { (epochs(length.first().map_or(0, |g| g.epochs))) }
        p class="muted" {
            "Shaded: the best mean, and what cannot be told apart from it. Front: no other variant is as accurate in "
            "less median time."
            @if length.iter().any(|g| !g.front_clear) { " " (FRONT_UNCLEAR) }
        }
        table {
            thead { tr {
                th data-name="variant" { "variant" } th data-name="rank" { "rank" } th data-name="n" { "n" }
                th data-name="mean" { "mean %" } th data-name="interval" { "95% interval" } th data-name="std" { "std" }
                th data-name="error" { "std error" } th data-name="time" { "median time s" } th data-name="times" { "least to longest" } th data-name="params" { "params" }
                th data-name="macs" { "MACs" } th data-name="front" { "front" }
            } }
            tbody { @for g in length {
                tr class=[g.like_best.then_some("best")] {
                    td { (g.variant) } td { (g.rank) } td { (g.runs.len()) }
                    td { (number(g.mean())) }
                    td data-value=(number(g.interval.map(|[low, _]| low))) {
                        @if let Some([low, high]) = g.interval { (format!("{low:.2} to {high:.2}")) }
                    }
                    td { (number(g.sample.filter(|s| s.n > 1).map(|s| s.std))) }
                    td { (number(g.std_error)) } td { (number(g.time.map(|t| t.median))) }
                    td data-value=(number(g.time.map(|t| t.max))) {
                        @if let Some(t) = g.time { (format!("{:.2} to {:.2}", t.min, t.max)) }
                    }
                    td { (g.params) } td { (g.macs) } td { (g.on_front()) }
                }
            } }
        }
    }
}

fn claims(all: &[Measured]) -> Markup {
    html! {
        @if !all.is_empty() {
            h2 { "Claims of the nets" }
            table {
                thead { tr { th { "net" } th { "epochs" } th { "claim %" } th { "n" } th { "mean %" } th { "95% interval" }
                    th { "verdict" } } }
                tbody { @for claim in all { tr {
                    td { (claim.claim.net) } td { (claim.claim.epochs) } td { (format!("{:.2}", claim.claim.accuracy)) }
                    td { (claim.sample.map_or(0, |s| s.n)) }
                    td { (claim.sample.map_or(String::new(), |s| format!("{:.2}", s.mean))) }
                    td { @if let Some([low, high]) = claim.interval { (format!("{low:.2} to {high:.2}")) } }
                    td { (claim) }
                } } }
            }
        }
    }
}

const LONGER: &str = "Each net against itself at the next shorter length: paired t-tests by seed at 5%, with Holm's correction \
     for their number. Intervals are of one gain alone.";
const CHANGE: &str = "Each net against the net as it is, at the same length: Welch's tests at 5%, with Holm's correction for \
     their number. Intervals are of one gain alone.";

fn gains<'a>(title: &str, how: &str, all: impl Iterator<Item = &'a Gain>) -> Markup {
    let all: Vec<&Gain> = all.collect();
    let number = |x: Option<f64>| x.map_or(String::new(), |x| format!("{x:.3}"));
    html! {
        @if !all.is_empty() {
            h2 { (title) }
            p { (how) " Points are percentage points of accuracy; no time where the times may be the same." }
            table {
                thead { tr {
                    th { "net" } th { "epochs" } th { "n" } th { "gain in points" } th { "95% interval" } th { "adjusted p" }
                    th { "further s" } th { "points per s" } th { "verdict" }
                } }
                tbody { @for g in all { tr {
                    td { (g.variant) } td { (g.lengths()) } td { (g.n[1]) } td { (hundredths(g.gain)) }
                    td { @if let Some([low, high]) = g.interval { (format!("{low:.2} to {high:.2}")) } }
                    td { (number(g.adjusted)) } td { (g.extra_time.map_or(String::new(), hundredths)) } td { (number(g.per_second)) }
                    td { (g.verdict()) }
                } } }
            }
        }
    }
}

fn pairs(all: &[Comparison]) -> Markup {
    let alike: Vec<&Comparison> = all.iter().filter(|pair| !pair.told_apart).collect();
    html! {
        h2 { "Pairs that cannot be told apart" }
        p {
            (alike.len()) " of " (number_of(all.len(), "pair")) ", by Welch's test at 5% with Holm's correction for the number of "
            "comparisons at each length. The last column: about how many runs of each would tell them apart four "
            "times in five, if means and deviations are as measured."
        }
        @if !alike.is_empty() {
            table {
                thead { tr {
                    th { "better" } th { "worse" } th { "epochs" } th { "difference" } th { "p" } th { "adjusted p" }
                    th { "runs needed" }
                } }
                tbody { @for pair in alike.iter().take(MAX_PAIRS) { tr {
                    td { (pair.better) } td { (pair.worse) } td { (pair.epochs) }
                    td { (format!("{:.3}", pair.difference)) } td { (format!("{:.3}", pair.p)) }
                    td { (format!("{:.3}", pair.adjusted)) }
                    td { (pair.runs_needed.map_or(String::new(), |n| n.to_string())) }
                } } }
            }
            @if alike.len() > MAX_PAIRS { p { "The first " (MAX_PAIRS) " are listed." } }
        }
    }
}

fn cautions(all: &[String]) -> Markup {
    html! {
        h2 { "What to know before concluding" }
        ul { @for caution in all { li { (caution) } } }
    }
}

fn not_counted(title: &str, runs: &[NotCounted]) -> Markup {
    html! {
        @if !runs.is_empty() {
            h2 { (title) }
            table {
                thead { tr { th { "variant" } th { "epochs" } th { "seed" } th { "run" } th { "why" } } }
                tbody { @for run in runs { tr {
                    td { (run.variant) } td { (run.epochs) } td { (run.seed) } td { (run.id) } td { (run.why) }
                } } }
            }
        }
    }
}
