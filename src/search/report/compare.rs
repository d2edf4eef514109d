use serde::Serialize;

use super::groups::Group;
use crate::search::stats::{ALPHA, holm, runs_needed, welch};

/// The maximum number of variants per length for which all pairs are compared; with more, each is
/// only compared with the best.
pub const MAX_PAIRED: usize = 200;

/// Two variants of one length.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// Epochs of each run.
    pub epochs: u32,
    /// The variant with the better mean.
    pub better: String,
    /// The other.
    pub worse: String,
    /// The difference of the means, in percentage points.
    pub difference: f64,
    /// Welch's p-value.
    pub p: f64,
    /// The p-value adjusted by Holm's procedure for the number of comparisons at this length.
    pub adjusted: f64,
    /// Whether the adjusted p-value is below [`ALPHA`].
    pub told_apart: bool,
    /// The number of runs of each that would give a power of 0.8, if means and deviations are as
    /// measured, at the strictest level of the correction. `None` if there is no difference to
    /// detect.
    pub runs_needed: Option<u64>,
}

/// Compares the groups of each length, and marks those that are not significantly worse than the
/// best.
pub(super) fn compare(groups: &mut [Group]) -> Vec<Comparison> {
    let mut all = Vec::new();
    for length in groups.chunk_by_mut(|a, b| a.epochs == b.epochs) {
        let last_first = if length.len() > MAX_PAIRED { 1 } else { length.len() };
        let pairs = (0..last_first).flat_map(|a| (a + 1..length.len()).map(move |b| (a, b)));
        let tested: Vec<(usize, usize, f64)> =
            pairs.filter_map(|(a, b)| Some((a, b, test(&length[a], &length[b])?))).collect();
        let adjusted = holm(&tested.iter().map(|(_, _, p)| *p).collect::<Vec<f64>>());
        let strictest = ALPHA / tested.len().max(1) as f64;
        let mut apart_from_best = vec![false; length.len()];
        for (&(a, b, p), adjusted) in tested.iter().zip(adjusted) {
            let told_apart = adjusted < ALPHA;
            apart_from_best[b] |= a == 0 && told_apart;
            let (better, worse) = (&length[a], &length[b]);
            let Some((x, y)) = better.sample.zip(worse.sample) else { continue };
            all.push(Comparison {
                epochs: better.epochs,
                better: better.variant.clone(),
                worse: worse.variant.clone(),
                difference: x.mean - y.mean,
                p,
                adjusted,
                told_apart,
                runs_needed: runs_needed(&x, &y, strictest),
            });
        }
        for (group, apart) in length.iter_mut().zip(apart_from_best) {
            group.like_best = group.sample.is_some() && !apart;
        }
    }
    all
}

fn test(a: &Group, b: &Group) -> Option<f64> {
    welch(&a.sample?, &b.sample?)
}
