//! Successive halving: variants that perform poorly in a few runs get no further runs.
//!
//! Source: K. Jamieson, A. Talwalkar, "Non-stochastic Best Arm Identification and Hyperparameter
//! Optimization", AISTATS 2016; here the resource is runs, not epochs, so every run is complete.

use std::collections::BTreeMap;

use super::Plan;

/// The decision about a planned run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is due.
    Due,
    /// The decision depends on earlier runs that have not all ended.
    Undecided,
    /// Its variant was dropped before it.
    Dropped,
}

/// The decision about each run of a plan. `results` has an entry for each: its accuracy once it has
/// ended, minus infinity if it failed.
///
/// After 1, N, N², ... runs of every remaining variant at a length, the best 1/N of the variants by
/// mean accuracy continue. Nothing is decided before all these runs have ended, so the order in
/// which they end does not matter.
pub fn fates(plan: &Plan, results: &[Option<f64>]) -> Vec<Fate> {
    let mut fates = vec![Fate::Due; plan.runs.len()];
    let Some(keep_one_in) = plan.spec.halving else { return fates };
    // The runs of each variant at each length, in the order of the seeds.
    let mut lengths: BTreeMap<u32, BTreeMap<usize, Vec<usize>>> = BTreeMap::new();
    for (i, run) in plan.runs.iter().enumerate() {
        lengths.entry(run.epochs).or_default().entry(run.variant).or_default().push(i);
    }
    for variants in lengths.into_values() {
        length(variants.into_values().collect(), keep_one_in as usize, results, &mut fates);
    }
    fates
}

fn length(
    mut left: Vec<Vec<usize>>,
    keep_one_in: usize,
    results: &[Option<f64>],
    fates: &mut [Fate],
) {
    let most = left.iter().map(Vec::len).max().unwrap_or(0);
    let mut done = 1;
    while done < most && left.len() > 1 {
        let means: Option<Vec<f64>> =
            left.iter().map(|runs| mean(&runs[..done], results)).collect();
        let Some(means) = means else {
            left.iter()
                .flat_map(|runs| &runs[done..])
                .for_each(|&run| fates[run] = Fate::Undecided);
            return;
        };
        let mut order: Vec<usize> = (0..left.len()).collect();
        order.sort_by(|&a, &b| means[b].total_cmp(&means[a]));
        let (kept, dropped) = order.split_at(left.len().div_ceil(keep_one_in));
        for &variant in dropped {
            left[variant][done..].iter().for_each(|&run| fates[run] = Fate::Dropped);
        }
        let mut kept = kept.to_vec();
        kept.sort_unstable();
        left = kept.into_iter().map(|variant| std::mem::take(&mut left[variant])).collect();
        done *= keep_one_in;
    }
}

fn mean(runs: &[usize], results: &[Option<f64>]) -> Option<f64> {
    let all: Option<Vec<f64>> = runs.iter().map(|&run| results[run]).collect();
    all.map(|all| all.iter().sum::<f64>() / all.len() as f64)
}
