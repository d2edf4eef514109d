//! What a reader of the numbers must know.

use std::collections::BTreeSet;

use super::{MAX_PAIRED, Report};
use crate::search::{Plan, PlannedRun, Run};

pub(super) fn cautions(report: &Report, plan: &Plan, planned: &[(&PlannedRun, Option<&Run>)]) -> Vec<String> {
    let mut all = Vec::new();
    if report.finished == 0 {
        return vec!["No run is finished: there is nothing to conclude.".into()];
    }
    if !report.unfinished.is_empty() {
        all.push(format!(
            "{} of {} runs are not over. Looking at the means before the end and stopping when they please \
             makes every test too hopeful.",
            report.unfinished.len(),
            report.planned
        ));
    }
    if !report.failed.is_empty() {
        all.push(format!(
            "{} runs failed and no mean counts them. The mean of a variant that fails now and then is the mean \
             of its lucky runs.",
            report.failed.len()
        ));
    }
    if let Some(keep_one_in) = plan.spec.halving {
        all.push(format!(
            "Successive halving let the best one in {keep_one_in} go on after 1, {keep_one_in}, {} ... runs and spared {} \
             runs. What was kept was kept for its first runs, so its mean over all runs is too high, and that of \
             what was dropped too low; a good variant with a bad first run is lost.",
            u64::from(keep_one_in).pow(2),
            report.dropped
        ));
    }
    let compared = report.groups.iter().filter(|g| plan.spec.halving.is_none() || g.accuracies.len() > 1);
    if let Some(fewest) = compared.map(|g| g.accuracies.len()).filter(|n| *n < 3).min() {
        all.push(format!(
            "Some variants have {fewest} finished runs. With fewer than two there is no interval and no test, \
             with two hardly any."
        ));
    }
    if plan.variants.len() > 1 {
        all.push(
            "The best mean of several is too high on average, for it was chosen for being high. Before quoting \
             it, run the winner again with other seeds (--seed)."
                .into(),
        );
    }
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
    let used = planned.iter().filter_map(|(_, run)| run.filter(|run| run.finished()));
    let machines: BTreeSet<Option<String>> = used.map(Run::hardware).collect();
    if machines.len() > 1 {
        all.push(format!(
            "The runs were computed on more than one kind of machine. Times are those on {} alone.",
            report.timed_on.as_deref().unwrap_or("none of them")
        ));
    }
    if report.lengths().any(|length| length.len() > MAX_PAIRED) {
        all.push(format!("Of more than {MAX_PAIRED} variants, each is compared with the best alone."));
    }
    all
}
