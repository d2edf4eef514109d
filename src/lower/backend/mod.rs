//! What computes a step: the walk over the tasks of a schedule, and the interface of a back end.

mod count;

pub use count::Footprint;

use super::{Plan, Schedule};

/// What computes the tasks of a schedule, in whatever its values are: tensors, or sizes of tensors.
pub trait Backend {
    /// A value of the net, or the gradient with respect to one.
    type Value;
    /// What a task saves for the backward pass.
    type Saved;
    /// Why a task failed.
    type Error;

    /// The same value, in the same memory.
    fn share(value: &Self::Value) -> Self::Value;

    /// The value of a task from those of its [operands](super::Task::operands), and what it saves.
    ///
    /// # Errors
    /// Those of the back end.
    fn forward(
        &mut self,
        task: usize,
        operands: &[Self::Value],
    ) -> Result<(Self::Value, Self::Saved), Self::Error>;

    /// The gradient with respect to each operand of a task's op that requires one, from the parts
    /// of the gradient with respect to its value, which are to be summed.
    ///
    /// # Errors
    /// Those of the back end.
    fn backward(
        &mut self,
        task: usize,
        gradient: Vec<Self::Value>,
        saved: Self::Saved,
    ) -> Result<Vec<Option<Self::Value>>, Self::Error>;
}

/// What the forward pass gives.
#[derive(Debug)]
pub struct ForwardPass<B: Backend> {
    /// The net's output.
    pub output: B::Value,
    /// What each task saves.
    pub saved: Vec<B::Saved>,
}

impl Schedule {
    /// Computes the tasks in order. A value is dropped after the last task that reads it.
    ///
    /// # Errors
    /// Those of the back end.
    pub fn forward<B: Backend>(
        &self,
        plan: &Plan,
        backend: &mut B,
        input: B::Value,
    ) -> Result<ForwardPass<B>, B::Error> {
        let mut values: Vec<Option<B::Value>> = plan.steps().iter().map(|_| None).collect();
        let mut saved = Vec::with_capacity(self.tasks.len());
        let mut last = B::share(&input);
        values[0] = Some(input);
        for (i, task) in self.tasks.iter().enumerate() {
            let operands = task.operands(plan);
            let read = operands.iter().filter_map(|&o| values[o].as_ref()).map(B::share);
            let read: Vec<B::Value> = read.collect();
            let (value, keep) = backend.forward(i, &read)?;
            saved.push(keep);
            for operand in operands {
                if self.values[operand].last_reader == Some(i) {
                    values[operand] = None;
                }
            }
            last = B::share(&value);
            values[task.output] = Some(value);
        }
        Ok(ForwardPass { output: last, saved })
    }

    /// Computes the gradients, the last task first, from that with respect to the output.
    ///
    /// # Errors
    /// Those of the back end.
    pub fn backward<B: Backend>(
        &self,
        plan: &Plan,
        backend: &mut B,
        gradient: B::Value,
        saved: Vec<B::Saved>,
    ) -> Result<(), B::Error> {
        let steps = plan.steps();
        let mut gradients: Vec<Vec<B::Value>> = steps.iter().map(|_| Vec::new()).collect();
        gradients[steps.len() - 1].push(gradient);
        for (i, saved) in saved.into_iter().enumerate().rev() {
            let task = &self.tasks[i];
            let parts = std::mem::take(&mut gradients[task.output]);
            if parts.is_empty() || !self.values[task.output].requires_grad {
                continue;
            }
            if let Some(add) = task.add.filter(|&add| self.values[add].requires_grad) {
                gradients[add].extend(parts.iter().map(B::share));
            }
            let found = backend.backward(i, parts, saved)?;
            for (&operand, gradient) in steps[task.step].operands.iter().zip(found) {
                let wanted = gradient.filter(|_| self.values[operand].requires_grad);
                gradients[operand].extend(wanted);
            }
        }
        Ok(())
    }
}
