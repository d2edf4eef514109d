//! How long a search takes on this machine, by a few steps of a few of its nets.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use netc::check::Checked;
use netc::recipe::Recipe;
use netc::run::data::{Dataset, synthetic};
use netc::run::{EpochRow, Method, NoJournal};
use netc::search::{Plan, SearchError, Sha};

use crate::run::{Job, Machine, train};

/// The maximum number of nets that are timed; the others are interpolated by their MACs.
const MOST_TIMED: usize = 3;
/// The shortest meaningful time in seconds; a faster machine does more steps.
const SHORTEST: f64 = 0.3;
/// The maximum number of steps that are timed.
const MOST_STEPS: usize = 64;
/// The maximum number of images that a test is timed with.
const MOST_TESTED: usize = 500;

/// The speed of this machine on the nets of a search.
#[derive(Debug, Clone, PartialEq)]
pub struct Calibration {
    /// How many nets were timed.
    pub timed: usize,
    /// Seconds that each variant of the plan takes to train on one image, and to test one.
    pub per_image: Vec<[f64; 2]>,
}

impl Calibration {
    /// Seconds of a whole plan on one worker like this one, given how many images it trains and
    /// tests on.
    pub fn seconds(&self, plan: &Plan, train: usize, test: usize) -> f64 {
        let run = |variant: usize, epochs: u32| {
            let [training, testing] = self.per_image[variant];
            f64::from(epochs) * (training * train as f64 + testing * test as f64)
        };
        plan.runs.iter().map(|planned| run(planned.variant, planned.epochs)).sum()
    }
}

/// Times a few steps of a few of a plan's variants on generated images. `net` returns the net of a
/// graph, `watch` receives each variant's name.
///
/// # Errors
/// Errors of libtorch.
pub fn calibrate(
    plan: &Plan,
    net: &dyn Fn(&Sha) -> Result<Checked, SearchError>,
    machine: Machine,
    watch: &mut dyn FnMut(&str),
) -> Result<Calibration, SearchError> {
    let found = &plan.variants;
    let mut order: Vec<usize> = (0..found.len()).collect();
    order.sort_by_key(|&i| found[i].macs);
    let count = order.len().min(MOST_TIMED);
    // The smallest, the largest, and some between them.
    let chosen = (0..count).map(|i| order[i * (order.len() - 1) / (count - 1).max(1)]);
    let mut points: Vec<(f64, [f64; 2])> = Vec::new();
    for i in chosen {
        let recipe = plan.runs.iter().find(|run| run.variant == i).and_then(|run| plan.recipe(run));
        let Some(recipe) = recipe else { continue };
        watch(&found[i].name);
        points.push((found[i].macs as f64, time(&net(&found[i].graph)?, recipe, machine)?));
    }
    let per_image = found.iter().map(|variant| between(&points, variant.macs as f64)).collect();
    Ok(Calibration { timed: count, per_image })
}

/// Seconds to train on an image and to test on one.
fn time(net: &Checked, recipe: Recipe, machine: Machine) -> Result<[f64; 2], SearchError> {
    let mut steps = 1;
    loop {
        let images = recipe.batch_size * steps;
        let test = images.min(MOST_TESTED);
        let image = net.shape(net.input()).image().unwrap_or_default().map(|n| n as usize);
        let classes = net.shape(net.output()).channels() as usize;
        let row =
            two_epochs(net, &recipe, machine, &synthetic::noise(image, classes, [images, test]))?;
        if row.train_time >= SHORTEST || steps >= MOST_STEPS {
            return Ok([row.train_time / images as f64, row.test_time / test as f64]);
        }
        steps *= 4;
    }
}

/// The second of two epochs; the first one warms up.
fn two_epochs(
    net: &Checked,
    recipe: &Recipe,
    machine: Machine,
    data: &Dataset,
) -> Result<EpochRow, SearchError> {
    let job = Job {
        net,
        recipe: &Recipe { test_every: 1, ..recipe.clone().of_length(2) },
        data,
        limit_train: None,
        limit_test: None,
        seed: 0,
        machine,
        save_every: Duration::MAX,
        resume: None,
        group: None,
        method: &Method::default(),
        stop: &AtomicBool::new(false),
    };
    let report =
        train(&job, &mut NoJournal, &mut |_| {}).map_err(|e| SearchError::new(e.to_string()))?;
    report.rows.last().copied().ok_or_else(|| SearchError::new("the calibration did not end"))
}

/// Linear between the points on both sides.
fn between(points: &[(f64, [f64; 2])], macs: f64) -> [f64; 2] {
    let after =
        points.iter().position(|(at, _)| *at >= macs).unwrap_or(points.len().saturating_sub(1));
    let (Some(&(x1, high)), Some(&(x0, low))) =
        (points.get(after), points.get(after.saturating_sub(1)))
    else {
        return [0.0; 2];
    };
    let part = if x1 > x0 { (macs - x0) / (x1 - x0) } else { 1.0 };
    [0, 1].map(|i| low[i] + part * (high[i] - low[i]))
}
