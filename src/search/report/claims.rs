use std::fmt;

use serde::Serialize;

use super::groups::Group;
use super::words::epochs;
use crate::search::stats::{ALPHA, Sample, holm};
use crate::search::{Claim, Plan, unlike_published};

/// A net's claim next to the measured result.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measured {
    /// The name of the variant that was trained.
    pub variant: String,
    /// The claim in the net's recipe.
    pub claim: Claim,
    /// The finished runs with that number of epochs.
    pub sample: Option<Sample>,
    /// The 95% confidence interval of their mean.
    pub interval: Option<[f64; 2]>,
    /// The difference from the claim, in percentage points, that this many runs detect with a power
    /// of 0.8.
    pub detectable: Option<f64>,
    /// The verdict on the claim.
    pub verdict: Verdict,
}

/// The verdict on a claim, from a one-sample t-test at [`ALPHA`] with Holm's correction for the
/// number of claims.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// The difference from the claim is not significant. How conclusive that is depends on
    /// [`Measured::detectable`].
    NotToldApart {
        /// The adjusted p-value.
        p: f64,
    },
    /// The difference is significant.
    Differs {
        /// The mean minus the claim, in percentage points.
        by: f64,
        /// The adjusted p-value.
        p: f64,
    },
    /// Fewer than two runs.
    TooFew,
    /// All runs are identical: there is no variance for a test.
    AllTheSame,
    /// The training does not correspond to the claim.
    NotComparable {
        /// The reason.
        why: String,
    },
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.verdict {
            Verdict::NotToldApart { p } => {
                write!(f, "cannot be told apart, p = {p:.3}")?;
                let points =
                    |f: &mut fmt::Formatter<'_>, x| write!(f, "; {x:.2} points off would show");
                self.detectable.map_or(Ok(()), |x| points(f, x))
            }
            Verdict::Differs { by, p } => {
                let way = if *by < 0.0 { "below" } else { "above" };
                write!(f, "{:.2} points {way}, p = {p:.3}", by.abs())
            }
            Verdict::TooFew => write!(f, "too few runs to say"),
            Verdict::AllTheSame => write!(f, "all runs are the same: nothing to test with"),
            Verdict::NotComparable { why } => write!(f, "not comparable: {why}"),
        }
    }
}

pub(super) fn claims(plan: &Plan, groups: &[Group]) -> Vec<Measured> {
    let mut all: Vec<(Measured, Option<f64>)> = Vec::new();
    let pairs =
        plan.variants.iter().flat_map(|v| v.claims.iter().map(move |claim| (v, claim.clone())));
    for (variant, claim) in pairs {
        let mut own = groups.iter().filter(|group| group.variant == variant.name);
        let same = own.clone().find(|group| group.epochs == claim.epochs);
        let trained = own.next().map_or(0, |group| group.epochs);
        let why = same.is_none().then(|| {
            format!("trained for {}, claimed for {}", epochs(trained), epochs(claim.epochs))
        });
        let spec = &plan.spec;
        let limits = [spec.limit_train, spec.limit_test];
        let why = unlike_published(&spec.data, limits, &spec.layers()).or(why);
        let sample = same.and_then(|group| group.sample);
        let p =
            sample.filter(|_| why.is_none()).and_then(|sample| sample.differs_from(claim.accuracy));
        let untested = match sample {
            Some(Sample { n: 2.., .. }) => Verdict::AllTheSame,
            _ => Verdict::TooFew,
        };
        let verdict = why.map_or(untested, |why| Verdict::NotComparable { why });
        let (interval, variant) = (same.and_then(|group| group.interval), variant.name.clone());
        all.push((Measured { variant, claim, sample, interval, detectable: None, verdict }, p));
    }
    let adjusted = holm(&all.iter().filter_map(|(_, p)| *p).collect::<Vec<f64>>());
    let strictest = ALPHA / adjusted.len().max(1) as f64;
    for ((measured, _), p) in all.iter_mut().filter(|(_, p)| p.is_some()).zip(adjusted) {
        let by = measured.sample.map_or(0.0, |sample| sample.mean - measured.claim.accuracy);
        measured.detectable = measured.sample.and_then(|sample| sample.detectable(strictest));
        measured.verdict =
            if p < ALPHA { Verdict::Differs { by, p } } else { Verdict::NotToldApart { p } };
    }
    all.into_iter().map(|(measured, _)| measured).collect()
}
