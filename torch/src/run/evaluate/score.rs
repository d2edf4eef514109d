use std::sync::Arc;

use netc::recipe::Task;
use netc::run::{Metrics, RunError};
use tch::{Device, TchError, Tensor};

use crate::lower::At;
use crate::run::dist::Group;

/// The score of a net on some examples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    /// How many examples.
    pub examples: usize,
    /// The means of the task's metrics.
    pub metrics: Metrics,
}

/// Sums kept on the device, so that a batch need not wait for its numbers.
#[derive(Debug)]
pub(in crate::run) struct Tally {
    task: Task,
    examples: usize,
    /// The sums of the metrics, `[metrics]`, fp64.
    sums: Tensor,
}

impl Tally {
    /// Continues from these sums over a number of examples; from 0 if there are none.
    pub(in crate::run) fn from(
        device: Device,
        task: Task,
        sums: &[f64],
        examples: usize,
    ) -> Result<Tally, TchError> {
        let zeros = vec![0.0; task.metrics().len()];
        let sums = if sums.is_empty() { &zeros } else { sums };
        Ok(Tally { task, examples, sums: Tensor::f_from_slice(sums)?.f_to_device(device)? })
    }

    /// The same with sums in memory that something else adds to as well.
    pub(in crate::run) fn over(
        memory: Tensor,
        task: Task,
        sums: &[f64],
        examples: usize,
    ) -> Result<Tally, TchError> {
        let from = Tally::from(memory.device(), task, sums, examples)?;
        memory.shallow_clone().f_copy_(&from.sums)?;
        Ok(Tally { sums: memory, ..from })
    }

    /// Counts examples whose sums something else has added.
    pub(in crate::run) fn count(&mut self, examples: usize) {
        self.examples += examples;
    }

    /// How many examples.
    pub(in crate::run) fn examples(&self) -> usize {
        self.examples
    }

    /// All-reduces the sums over the ranks.
    pub(in crate::run) fn sum_over(&mut self, group: Option<&Arc<Group>>) -> Result<(), RunError> {
        let Some(group) = group else { return Ok(()) };
        group.wait()?;
        let mut sums = self.sums().at("the loss")?;
        let metrics = sums.len() as i64;
        sums.push(self.examples as f64);
        let all = Tensor::f_from_slice(&sums).at("the loss")?;
        group.sum(&[&all])?;
        self.examples = all.f_double_value(&[metrics]).at("the loss")? as usize;
        let sums = all.f_narrow(0, 0, metrics).and_then(|s| s.f_to_device(self.sums.device()));
        self.sums = sums.at("the loss")?;
        Ok(())
    }

    /// Adds the sums over a batch.
    pub(in crate::run) fn add(&mut self, sums: &Tensor, examples: usize) -> Result<(), TchError> {
        let _ = self.sums.f_add_(sums)?;
        self.examples += examples;
        Ok(())
    }

    /// The sums of the metrics. Waits for the device.
    pub(in crate::run) fn sums(&self) -> Result<Vec<f64>, TchError> {
        self.sums.f_to_device(Device::Cpu)?.try_into()
    }

    /// The means so far. Waits for the device.
    pub(in crate::run) fn score(&self) -> Result<Score, TchError> {
        let metrics = Metrics::mean(self.task, &self.sums()?, self.examples);
        Ok(Score { examples: self.examples, metrics })
    }
}
