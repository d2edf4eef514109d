use std::fmt;

use crate::recipe::{Metric, Task};

/// The values of a task's metrics on a set of examples.
#[derive(Clone, Copy, PartialEq)]
pub struct Metrics {
    task: Task,
    /// In the order of [`Task::metrics`].
    values: [f64; MOST],
}

/// The maximum number of metrics of a task.
const MOST: usize = 2;

impl Metrics {
    /// The means of what was summed over a number of examples, in the order of [`Task::metrics`].
    pub fn mean(task: Task, sums: &[f64], examples: usize) -> Metrics {
        let mut values = [0.0; MOST];
        let count = examples.max(1) as f64;
        values.iter_mut().zip(sums).for_each(|(value, sum)| *value = sum / count);
        Metrics { task, values }
    }

    /// Reads the metrics of a task, the first one for which there is a value of each by name.
    ///
    /// # Errors
    /// The name of a metric that has none.
    pub fn read(get: impl Fn(&str) -> Option<f64>) -> Result<Metrics, &'static str> {
        let mut lacks = "";
        for task in Task::ALL {
            let mut values = [0.0; MOST];
            let mut pairs = values.iter_mut().zip(task.metrics());
            match pairs.find_map(|(value, metric)| {
                get(metric.name).map(|found| *value = found).is_none().then_some(metric.name)
            }) {
                Some(name) => lacks = name,
                None => return Ok(Metrics { task, values }),
            }
        }
        Err(lacks)
    }

    /// The task that they belong to.
    pub fn task(&self) -> Task {
        self.task
    }

    /// The metrics with their values.
    pub fn iter(&self) -> impl Iterator<Item = (&'static Metric, f64)> {
        self.task.metrics().iter().zip(self.values)
    }

    /// The value of the metric with this name.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.iter().find(|(metric, _)| metric.name == name).map(|(_, value)| value)
    }

    /// The mean of the losses.
    pub fn loss(&self) -> f64 {
        self.values[0]
    }

    /// The value of [`Task::score`] as it is shown: an accuracy in percent.
    pub fn score(&self) -> f64 {
        let score = self.task.score();
        self.get(score.name).map_or(f64::NAN, |value| score.unit.shown(value))
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter().map(|(metric, value)| (metric.name, value))).finish()
    }
}
