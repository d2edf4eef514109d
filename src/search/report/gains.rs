use std::collections::BTreeMap;

use serde::Serialize;

use super::{Counted, Group};
use crate::search::Plan;
use crate::search::stats::{ALPHA, Difference, holm};

/// What longer training gained a variant, or what a change of the net gained over the net as it is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Gain {
    /// Which of the two.
    pub kind: Kind,
    /// The variant's name.
    pub variant: String,
    /// Epochs of its runs.
    pub epochs: u32,
    /// What it is compared with: itself, or the net as it is.
    pub base: String,
    /// Epochs of those runs.
    pub base_epochs: u32,
    /// Runs on each side: the base's, the variant's.
    pub n: [usize; 2],
    /// How much better the variant's mean is, in points.
    pub gain: f64,
    /// The 95% confidence interval of the gain, not corrected for the number of tests.
    pub interval: Option<[f64; 2]>,
    /// The test's p-value; `None` for fewer than two runs, and for runs that do not deviate.
    pub p: Option<f64>,
    /// The p-value adjusted by Holm's procedure for the number of gains of this kind.
    pub adjusted: Option<f64>,
    /// Whether the adjusted p-value is below [`ALPHA`].
    pub told_apart: bool,
    /// How much longer the median run takes, in seconds; `None` where the times may be the same.
    pub extra_time: Option<f64>,
    /// Points gained for each further second; `None` where the gain may be chance, and where it
    /// takes no further second, or the times may be the same.
    pub per_second: Option<f64>,
}

/// What was done to gain something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The same net, trained for more epochs. A plan has the same seeds at each length, and runs of
    /// one seed have the same first weights and the same order of images: a paired t-test of their
    /// differences.
    Longer,
    /// Another net, trained for as many epochs: Welch's t-test.
    Change,
}

/// Each variant at each length against itself at the next shorter one, then each against the net as
/// it is.
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

/// The variant that is the net as it is, where one net was varied.
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

    /// `helps`, `hurts`, `open`; or that there is nothing to test.
    pub fn verdict(&self) -> &'static str {
        match (self.p, self.told_apart, self.gain > 0.0) {
            (None, ..) => "not tested",
            (_, false, _) => "open",
            (_, true, true) => "helps",
            (_, true, false) => "hurts",
        }
    }
}
