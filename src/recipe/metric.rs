//! The metrics by which nets are judged.

use std::ops::RangeInclusive;

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

/// The mean of the losses.
pub(super) const LOSS: Metric = Metric { name: "loss", title: "loss", unit: Unit::Loss };
/// The fraction of examples that are classified correctly.
pub(super) const ACCURACY: Metric = Metric { name: "acc", title: "accuracy", unit: Unit::Fraction };

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
