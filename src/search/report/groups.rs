use std::collections::BTreeMap;

use serde::Serialize;

use crate::search::stats::{Sample, Spread};
use crate::search::{Plan, PlannedRun, Run};

/// The runs of one variant at one length.
#[derive(Debug, Clone, Serialize)]
pub struct Group {
    /// The variant's name.
    pub variant: String,
    /// Its series in plots.
    pub family: String,
    /// Epochs of each run.
    pub epochs: u32,
    /// Its rank by mean among the variants of its length, from 1.
    pub rank: usize,
    /// Trained parameters.
    pub params: u64,
    /// Multiply-accumulate operations for one image.
    pub macs: u64,
    /// The finished runs, in the order of the seeds.
    pub runs: Vec<Counted>,
    /// The number, mean and standard deviation of their accuracies in percent.
    pub sample: Option<Sample>,
    /// The standard error of the mean.
    pub std_error: Option<f64>,
    /// The 95% confidence interval of the mean.
    pub interval: Option<[f64; 2]>,
    /// Runs that are unfinished or failed.
    pub others: usize,
    /// The times of training and testing in seconds, on [`super::Report::timed_on`].
    pub time: Option<Spread>,
    /// Whether it is on the Pareto front: no other group is at least as accurate in less median
    /// time, or better in the same time.
    pub front: bool,
    /// Whether that holds for any medians within their confidence intervals.
    pub front_clear: bool,
    /// Whether it is the best of its length, or not significantly worse.
    pub like_best: bool,
}

/// A finished run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Counted {
    /// The run's id.
    pub id: String,
    /// Its seed.
    pub seed: u64,
    /// As [`Run::score`].
    #[serde(rename = "accuracy")]
    pub score: f64,
    /// Its time of training and testing in seconds; `None` for a machine other than that of the
    /// report.
    pub time: Option<f64>,
}

impl Group {
    /// Mean accuracy of the finished runs.
    pub fn mean(&self) -> Option<f64> {
        self.sample.map(|sample| sample.mean)
    }

    /// Its position relative to the Pareto front, as text; empty for a group that is clearly off
    /// it.
    pub fn on_front(&self) -> &'static str {
        match (self.front, self.front_clear) {
            (true, true) => "front",
            (true, false) => "front?",
            (false, false) => "off front?",
            (false, true) => "",
        }
    }
}

/// The seed of a planned run, and the run if it has started.
type Seeded<'r> = (u64, Option<&'r Run>);

/// The explanation of marks with a question mark.
pub const FRONT_UNCLEAR: &str = "front?, off front?: by the median times; those of a net as accurate overlap, so the \
     times do not tell.";

/// All groups: the longest first, and by mean among those of the same length.
pub(super) fn groups(
    plan: &Plan,
    planned: &[(&PlannedRun, Option<&Run>)],
    timed_on: Option<&str>,
) -> Vec<Group> {
    let mut members: BTreeMap<(u32, usize), Vec<Seeded<'_>>> = BTreeMap::new();
    for (planned, run) in planned {
        members.entry((planned.epochs, planned.variant)).or_default().push((planned.seed, *run));
    }
    let group = |((epochs, variant), runs)| group(plan, epochs, variant, runs, timed_on);
    let mut groups: Vec<Group> = members.into_iter().map(group).collect();
    let mean = |g: &Group| g.mean().unwrap_or(f64::NEG_INFINITY);
    groups.sort_by(|a, b| b.epochs.cmp(&a.epochs).then(mean(b).total_cmp(&mean(a))));
    for length in groups.chunk_by_mut(|a, b| a.epochs == b.epochs) {
        for (place, group) in length.iter_mut().enumerate() {
            group.rank = place + 1;
        }
    }
    mark_front(&mut groups);
    groups
}

fn group(
    plan: &Plan,
    epochs: u32,
    variant: usize,
    runs: Vec<Seeded<'_>>,
    timed_on: Option<&str>,
) -> Group {
    let variant = &plan.variants[variant];
    let planned = runs.len();
    let counted = |(seed, run): Seeded<'_>| {
        let run = run?;
        let time = run.time().filter(|_| run.hardware().as_deref() == timed_on);
        Some(Counted { id: run.id.to_string(), seed, score: run.score()?, time })
    };
    let mut runs: Vec<Counted> = runs.into_iter().filter_map(counted).collect();
    runs.sort_by_key(|run| run.seed);
    let sample = Sample::of(&runs.iter().map(|run| run.score).collect::<Vec<f64>>());
    Group {
        variant: variant.name.clone(),
        family: variant.family.clone(),
        epochs,
        rank: 0,
        params: variant.params,
        macs: variant.macs,
        others: planned - runs.len(),
        sample,
        std_error: sample.and_then(|s| s.std_error()),
        interval: sample.and_then(|s| s.interval()),
        time: Spread::of(&runs.iter().filter_map(|run| run.time).collect::<Vec<f64>>()),
        runs,
        front: false,
        front_clear: true,
        like_best: false,
    }
}

/// A group as a point for the Pareto front.
#[derive(Debug, Clone, Copy)]
struct Point {
    time: Spread,
    mean: f64,
}

fn mark_front(groups: &mut [Group]) {
    let point = |g: &Group| Some(Point { time: g.time?, mean: g.mean()? });
    let points: Vec<Point> = groups.iter().filter_map(point).collect();
    // With all times anywhere in their intervals.
    let beaten_from = |own: Point, time: f64, other: fn(&Spread) -> f64| {
        points.iter().any(|p| {
            let t = other(&p.time);
            t <= time && p.mean >= own.mean && (t < time || p.mean > own.mean)
        })
    };
    for group in groups {
        let Some(own) = point(group) else { continue };
        group.front = !beaten_from(own, own.time.median, |t| t.median);
        let [low, high] = own.time.interval;
        group.front_clear = match group.front {
            // Even the upper bound of its time is no more than the lower bound of any group as
            // accurate.
            true => !points.iter().any(|p| {
                p.mean >= own.mean
                    && p.time.interval[0] < high
                    && (p.mean > own.mean || p.time != own.time)
            }),
            false => beaten_from(own, low, |t| t.interval[1]),
        };
    }
}
