use std::collections::BTreeMap;

use serde::de::Error as _;
use serde::ser::{Error as _, SerializeMap as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Metrics;
use crate::recipe::Unit;

/// The numbers of one epoch; times are in seconds. A line of a log has the metrics by name: the
/// training's loss as `train_loss`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EpochRow {
    /// From 1.
    pub epoch: u32,
    /// The learning rate for the mean loss at its end.
    pub lr: f64,
    /// Time of its training.
    pub train_time: f64,
    /// On augmented images, batch by batch while the weights changed.
    pub train: Metrics,
    /// Time of its test, 0 without one.
    pub test_time: f64,
    /// On the test set; the recipe says after which epochs.
    pub test: Option<Metrics>,
    /// Training and testing since the start.
    pub total_time: f64,
}

impl EpochRow {
    /// The metrics of the training and of the test, with their prefix in logs.
    pub fn splits(&self) -> [(&'static str, Option<Metrics>); 2] {
        [("train", Some(self.train)), ("test", self.test)]
    }

    /// The time of the training and of the test.
    pub fn times(&self) -> [f64; 2] {
        [self.train_time, self.test_time]
    }

    /// Whether a training can have produced these numbers. A loss may have any value.
    pub(super) fn sound(&self) -> bool {
        let times = [self.train_time, self.test_time, self.total_time];
        let splits = self.splits().into_iter().filter_map(|(_, metrics)| metrics);
        let mut metrics = splits.flat_map(|all| all.iter().collect::<Vec<_>>());
        self.lr.is_finite()
            && times.iter().all(|time| (0.0..1e12).contains(time))
            && metrics.all(|(m, x)| m.unit == Unit::Loss || m.unit.range().contains(&x))
    }
}

impl Serialize for EpochRow {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("epoch", &self.epoch)?;
        let mut number = |name: &str, value: f64| match value.is_finite() {
            true => map.serialize_entry(name, &value),
            // `null`, as JSON has it, could not be read back.
            false => Err(S::Error::custom(format!("{value} cannot be written as JSON"))),
        };
        number("lr", self.lr)?;
        for ((split, metrics), time) in self.splits().into_iter().zip(self.times()) {
            number(&format!("{split}_time"), time)?;
            for (metric, value) in metrics.iter().flat_map(Metrics::iter) {
                number(&format!("{split}_{}", metric.name), value)?;
            }
        }
        number("total_time", self.total_time)?;
        map.end()
    }
}

/// A number; JSON has `null` for one that is not finite.
type Number = Option<f64>;

#[derive(Deserialize)]
struct Logged {
    epoch: u32,
    lr: Number,
    train_time: Number,
    test_time: Number,
    total_time: Number,
    #[serde(flatten)]
    metrics: BTreeMap<String, serde_json::Value>,
}

impl<'de> Deserialize<'de> for EpochRow {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<EpochRow, D::Error> {
        let line = Logged::deserialize(from)?;
        let metrics = |split: &str| {
            let value = |name: &str| line.metrics.get(&format!("{split}_{name}"));
            let number = |name: &str| {
                value(name)
                    .and_then(|value| if value.is_null() { Some(f64::NAN) } else { value.as_f64() })
            };
            let read = Metrics::read(number);
            read.map_err(|name| D::Error::custom(format!("no number `{split}_{name}`")))
        };
        let tested = line.metrics.keys().any(|name| name.starts_with("test_"));
        let number = |number: Number| number.unwrap_or(f64::NAN);
        Ok(EpochRow {
            epoch: line.epoch,
            lr: number(line.lr),
            train_time: number(line.train_time),
            train: metrics("train")?,
            test_time: number(line.test_time),
            test: tested.then(|| metrics("test")).transpose()?,
            total_time: number(line.total_time),
        })
    }
}
