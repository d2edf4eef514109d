use std::collections::BTreeMap;

use serde::Serialize;

use super::groups::{Counted, Group};
use crate::search::Plan;
use crate::search::stats::{ALPHA, Difference, holm};

/// The gain of a variant from longer training, or of a change of the net over the original net.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Gain {
    /// The kind of gain.
    pub kind: Kind,
    /// The variant's name.
    pub variant: String,
    /// Epochs of its runs.
    pub epochs: u32,
    /// The baseline: the variant itself, or the original net.
    pub base: String,
    /// Epochs of the baseline's runs.
    pub base_epochs: u32,
    /// The number of runs: of the baseline, and of the variant.
    pub n: [usize; 2],
    /// The difference of the means, in percentage points.
    pub gain: f64,
    /// The 95% confidence interval of the gain, not corrected for the number of tests.
    pub interval: Option<[f64; 2]>,
    /// The p-value of the test; `None` for fewer than two runs, or without variance.
    pub p: Option<f64>,
    /// The p-value adjusted by Holm's procedure for the number of gains of this kind.
    pub adjusted: Option<f64>,
    /// Whether the adjusted p-value is below [`ALPHA`].
    pub told_apart: bool,
    /// The additional median time in seconds; `None` if the times may be equal.
    pub extra_time: Option<f64>,
    /// Percentage points gained per additional second; `None` if the gain is not significant, or if
    /// there is no clear additional time.
    pub per_second: Option<f64>,
}

/// The kind of a gain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The same net, trained for more epochs. A plan has the same seeds at each length, and runs
    /// with the same seed have the same initial weights and order of images: a paired t-test.
    Longer,
    /// Another net, trained for the same number of epochs: Welch's t-test.
    Change,
}

/// Compares each variant at each length with itself at the next shorter one, then with the original
/// net.
pub(super) fn gains(plan: &Plan, groups: &[Group]) -> Vec<Gain> {
    let mut of: BTreeMap<&str, Vec<&Group>> = BTreeMap::new();
    for group in groups {
        of.entry(&group.variant).or_default().push(group);
    }
    // The groups come longest first.
    let longer = plan.variants.iter().filter_map(|variant| of.get(variant.name.as_str())).flat_map(
        |lengths| lengths.windows(2).filter_map(|pair| gain(Kind::Longer, pair[1], pair[0])),
    );
    let base = base(plan).map_or(&[][..], |name| of.get(name).map_or(&[][..], |lengths| lengths));
    let changed = base.iter().flat_map(|base| {
        let others = groups.iter().filter(|g| g.epochs == base.epochs && g.variant != base.variant);
        others.filter_map(|other| gain(Kind::Change, base, other))
    });
    let (mut longer, mut changed): (Vec<Gain>, Vec<Gain>) = (longer.collect(), changed.collect());
    adjust(&mut longer);
    adjust(&mut changed);
    longer.extend(changed);
    longer
}

/// The variant that is the original net, if the search varies a single net.
fn base(plan: &Plan) -> Option<&str> {
    let as_it_is = plan.variants.iter().find(|variant| variant.name == variant.family)?;
    (plan.spec.nets.len() == 1 && plan.variants.len() > 1).then_some(as_it_is.name.as_str())
}

fn gain(kind: Kind, base: &Group, group: &Group) -> Option<Gain> {
    let (found, n) = match kind {
        Kind::Longer => {
            let after: BTreeMap<u64, f64> =
                group.runs.iter().map(|run| (run.seed, run.score)).collect();
            let pair = |run: &Counted| Some((run.score, *after.get(&run.seed)?));
            let pairs: Vec<(f64, f64)> = base.runs.iter().filter_map(pair).collect();
            (Difference::paired(&pairs)?, [pairs.len(); 2])
        }
        Kind::Change => {
            let (a, b) = (base.sample?, group.sample?);
            (Difference::unpaired(&a, &b), [a.n, b.n])
        }
    };
    let times = base.time.zip(group.time).filter(|(a, b)| !a.overlaps(b));
    let extra_time = times.map(|(a, b)| b.median - a.median);
    Some(Gain {
        kind,
        variant: group.variant.clone(),
        epochs: group.epochs,
        base: base.variant.clone(),
        base_epochs: base.epochs,
        n,
        gain: found.mean,
        interval: found.interval,
        p: found.p,
        adjusted: None,
        told_apart: false,
        extra_time,
        per_second: None,
    })
}

fn adjust(gains: &mut [Gain]) {
    let adjusted = holm(&gains.iter().filter_map(|gain| gain.p).collect::<Vec<f64>>());
    for (gain, p) in gains.iter_mut().filter(|gain| gain.p.is_some()).zip(adjusted) {
        gain.adjusted = Some(p);
        gain.told_apart = p < ALPHA;
        let further = gain.extra_time.filter(|time| gain.told_apart && *time > 0.0);
        gain.per_second = further.map(|time| gain.gain / time);
    }
}

impl Gain {
    /// `4 to 6`, or the length of both sides.
    pub fn lengths(&self) -> String {
        match self.kind {
            Kind::Longer => format!("{} to {}", self.base_epochs, self.epochs),
            Kind::Change => self.epochs.to_string(),
        }
    }

    /// `helps`, `hurts` or `open`, or that there is nothing to test.
    pub fn verdict(&self) -> &'static str {
        match (self.p, self.told_apart, self.gain > 0.0) {
            (None, ..) => "not tested",
            (_, false, _) => "open",
            (_, true, true) => "helps",
            (_, true, false) => "hurts",
        }
    }
}
