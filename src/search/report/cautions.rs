//! Caveats about the numbers.

use std::collections::BTreeSet;

use super::compare::MAX_PAIRED;
use super::contents::Report;
use super::groups::{Counted, Group};
use super::words::{epochs, hundredths};
use crate::diag::number_of;
use crate::search::{Inputs, Plan, PlannedRun, Run};

/// A run is an outlier if its time and its group's median differ by more than this factor.
const FAR_OFF: f64 = 1.5;
/// The spread of the times of a group, relative to the median, that is not reported.
const QUIET: f64 = 0.1;
/// The maximum number of examples per caveat.
const MOST_NAMED: usize = 3;

pub(super) fn cautions(
    report: &Report,
    plan: &Plan,
    planned: &[(&PlannedRun, Option<&Run>)],
) -> Vec<String> {
    if report.finished == 0 {
        return vec!["No run is finished: there is nothing to conclude.".into()];
    }
    let finished: Vec<&Run> =
        planned.iter().filter_map(|(_, run)| run.filter(|run| run.finished())).collect();
    let mut all = looks(report, plan);
    all.extend(halving(report, plan));
    all.extend(short_of_runs(report, plan));
    all.extend(few_runs(report, plan));
    if plan.variants.len() > 1 {
        all.push(
            "The best mean of several is too high on average, for it was chosen for being high. \
             Before quoting it, run the winner again with other seeds (--seed)."
                .into(),
        );
    }
    all.extend(images(plan));
    all.extend(mixed(&finished, report.timed_on.as_deref()));
    all.extend(far_off_times(&report.groups));
    all.extend(spread_times(&report.groups));
    if report.lengths().any(|length| length.len() > MAX_PAIRED) {
        all.push(format!(
            "Of more than {MAX_PAIRED} variants, each is compared with the best alone."
        ));
    }
    all
}

/// Optional stopping: unfinished runs, extensions of the plan, and lost runs.
fn looks(report: &Report, plan: &Plan) -> Vec<String> {
    let mut all = Vec::new();
    if !report.unfinished.is_empty() {
        all.push(format!(
            "{} of {} {} not over. Looking at the means before the end and stopping when \
             they please makes every test too hopeful.",
            report.unfinished.len(),
            number_of(report.planned, "run"),
            if report.unfinished.len() == 1 { "is" } else { "are" },
        ));
    }
    if let Some(runs) = plan.extended.first() {
        all.push(format!(
            "Runs were added to the plan, which had {runs} at first. Looking at the means and adding \
             runs until they please makes every test too hopeful: the p-values are for a number of \
             runs that was fixed beforehand."
        ));
    }
    if !report.failed.is_empty() {
        all.push(format!(
            "{} failed and no mean counts them. The mean of a variant that fails now and then \
             is the mean of its lucky runs.",
            number_of(report.failed.len(), "run")
        ));
    }
    all
}

fn halving(report: &Report, plan: &Plan) -> Option<String> {
    let keep_one_in = plan.spec.halving?;
    Some(format!(
        "Successive halving let the best one in {keep_one_in} go on after 1, {keep_one_in}, {} ... \
         runs and spared {}. What was kept was kept for its first runs, so its mean over all \
         runs is too high, and that of what was dropped too low; a good variant with a bad first \
         run is lost.",
        u64::from(keep_one_in).pow(2),
        number_of(report.dropped, "run")
    ))
}

fn few_runs(report: &Report, plan: &Plan) -> Option<String> {
    let compared = report.groups.iter().filter(|g| plan.spec.halving.is_none() || g.runs.len() > 1);
    let counts: Vec<usize> = compared.map(|g| g.runs.len()).collect();
    let fewest = *counts.iter().min().filter(|fewest| **fewest < 3)?;
    let who = if counts.iter().all(|count| *count == fewest) { "All" } else { "Some" };
    let runs = ["no finished run", "one finished run", "two finished runs"][fewest];
    Some(match fewest {
        2 => format!(
            "{who} variants have {runs}: their intervals, tests and spreads of times say hardly \
             anything."
        ),
        _ => format!(
            "{who} variants have {runs}: of fewer than two there is no interval, no test and no \
             spread of times, of two hardly any."
        ),
    })
}

/// Caveats about the images.
fn images(plan: &Plan) -> Vec<String> {
    let mut all = Vec::new();
    let limit = |limit: Option<usize>, what: &str| limit.map(|limit| format!("{limit} {what}"));
    let limits = [limit(plan.spec.limit_train, "training"), limit(plan.spec.limit_test, "test")];
    let limits: Vec<String> = limits.into_iter().flatten().collect();
    if !limits.is_empty() {
        let limits = limits.join(" and ");
        all.push(format!("Only {limits} images were used: on all of them the order may differ."));
    }
    if plan.spec.data == "synthetic" {
        all.push("The data are synthetic: the numbers say nothing about real images.".into());
    }
    all
}

/// Groups with missing runs.
fn short_of_runs(report: &Report, plan: &Plan) -> Option<String> {
    let missing = |g: &&Group| g.others > 0 && plan.spec.halving.is_none();
    let short: Vec<String> = report
        .groups
        .iter()
        .filter(missing)
        .map(|g| {
            let planned = g.runs.len() + g.others;
            format!("{} at {} {} of {planned}", g.variant, epochs(g.epochs), g.runs.len())
        })
        .collect();
    let count = short.len();
    (count > 0).then(|| {
        format!(
            "{count} of {} {} fewer finished runs than planned ({}). Intervals are wider with \
             fewer, and what kept the others from finishing may have chosen among them.",
            number_of(report.groups.len(), "group"),
            if count == 1 { "has" } else { "have" },
            named(&short)
        )
    })
}

/// Runs that were made with different versions, precisions or hardware.
fn mixed(finished: &[&Run], timed_on: Option<&str>) -> Vec<String> {
    let mut all = Vec::new();
    let of = |value: fn(&Inputs) -> &String| {
        finished.iter().map(|run| value(&run.inputs).clone()).collect()
    };
    let inputs: [(&str, BTreeSet<String>); 3] = [
        ("versions of netc", of(|inputs| &inputs.netc)),
        ("versions of libtorch", of(|inputs| &inputs.libtorch)),
        ("precisions", of(|inputs| &inputs.precision)),
    ];
    for (what, values) in inputs {
        if values.len() > 1 {
            let values: Vec<String> = values.into_iter().collect();
            all.push(format!(
                "The runs were made by different {what} ({}). A difference between variants may be \
                 one between these.",
                named(&values)
            ));
        }
    }
    let machines: BTreeSet<Option<String>> = finished.iter().map(|run| run.hardware()).collect();
    if machines.len() > 1 {
        all.push(format!(
            "The runs were computed on more than one kind of machine or number of threads. Times are \
             those on {} alone; accuracies are of all runs, and the same seed gives other bits on \
             another machine.",
            timed_on.unwrap_or("none of them")
        ));
    }
    all
}

/// Runs that took much more or less time than the others of their group.
fn far_off_times(groups: &[Group]) -> Option<String> {
    let mut far: Vec<(f64, String)> = Vec::new();
    for group in groups {
        let Some(median) = group.time.filter(|time| time.n > 2).map(|time| time.median) else {
            continue;
        };
        let off = |run: &Counted| {
            let time =
                run.time.filter(|time| *time > median * FAR_OFF || *time * FAR_OFF < median)?;
            let factor = time.max(median) / time.min(median).max(f64::MIN_POSITIVE);
            let (variant, length) = (&group.variant, epochs(group.epochs));
            Some((
                factor,
                format!("{variant} at {length}, seed {}: {time:.1} s of {median:.1} s", run.seed),
            ))
        };
        far.extend(group.runs.iter().filter_map(off));
    }
    far.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    let texts: Vec<String> = far.into_iter().map(|(_, text)| text).collect();
    (!texts.is_empty()).then(|| {
        format!(
            "{} more than {FAR_OFF} times the median of {} group, or less than the median over \
             {FAR_OFF} ({}). The machine may have been busy with something else. Medians bear a few \
             of these.",
            if texts.len() == 1 { "1 time is".into() } else { format!("{} times are", texts.len()) },
            if texts.len() == 1 { "its" } else { "their" },
            named(&texts)
        )
    })
}

/// Groups whose times differ so much that differences between groups may be noise.
fn spread_times(groups: &[Group]) -> Option<String> {
    let parts =
        groups.iter().filter_map(|g| Some((g.time.map(|t| (t.max - t.min) / t.median)?, g)));
    let wide: Vec<(f64, &Group)> = parts.filter(|(part, _)| *part > QUIET).collect();
    let (most, group) = wide.iter().max_by(|(a, _), (b, _)| a.total_cmp(b))?;
    let time = group.time?;
    Some(format!(
        "The times of {} of {} differ by more than {:.0}% of their median, at most by {:.0}% \
         ({} at {}: {} to {} s). Differences in time smaller than that say nothing; for \
         times, run on a quiet machine.",
        wide.len(),
        number_of(groups.len(), "group"),
        QUIET * 100.0,
        most * 100.0,
        group.variant,
        epochs(group.epochs),
        hundredths(time.min),
        hundredths(time.max)
    ))
}

/// The first few of a list, and a note that there are more.
fn named(all: &[String]) -> String {
    let first = all.iter().take(MOST_NAMED).map(String::as_str).collect::<Vec<&str>>().join("; ");
    if all.len() > MOST_NAMED { first + "; ..." } else { first }
}
