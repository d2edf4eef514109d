//! Training tasks and their metrics.

use std::ops::RangeInclusive;

/// The task that a net is trained for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Task {
    /// One class for each image; the loss is the cross-entropy.
    #[default]
    Classification,
}

/// A metric on a set of examples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    /// Its name in logs, after `train_` or `test_`.
    pub name: &'static str,
    /// Its name in text, in tables of the index, and in TensorBoard tags.
    pub title: &'static str,
    /// Its unit.
    pub unit: Unit,
}

/// The unit of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A mean over the examples; less is better.
    Loss,
    /// The fraction of examples that are predicted correctly, shown in percent; more is better.
    Fraction,
}

const LOSS: Metric = Metric { name: "loss", title: "loss", unit: Unit::Loss };
const ACCURACY: Metric = Metric { name: "acc", title: "accuracy", unit: Unit::Fraction };

impl Task {
    /// All tasks.
    pub const ALL: [Task; 1] = [Task::Classification];

    /// Its metrics, in the order in which they are shown. The first one is the loss.
    pub fn metrics(self) -> &'static [Metric] {
        match self {
            Task::Classification => &[LOSS, ACCURACY],
        }
    }

    /// The metric by which variants are compared; higher is better.
    pub fn score(self) -> Metric {
        match self {
            Task::Classification => ACCURACY,
        }
    }
}

impl Metric {
    /// Its label on the axis of a plot.
    pub fn axis(self) -> String {
        match self.unit {
            Unit::Loss => self.title.into(),
            Unit::Fraction => format!("{} in percent", self.title),
        }
    }
}

impl Unit {
    /// A value as shown: a fraction in percent.
    pub fn shown(self, value: f64) -> f64 {
        match self {
            Unit::Loss => value,
            Unit::Fraction => value * 100.0,
        }
    }

    /// The finite values that a training in fp32 can produce.
    pub fn range(self) -> RangeInclusive<f64> {
        match self {
            Unit::Loss => -3.5e38..=3.5e38,
            Unit::Fraction => 0.0..=1.0,
        }
    }
}
