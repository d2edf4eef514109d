//! What to do after a training that failed.

use std::path::Path;

use super::difference::difference;
use super::memory::Memory;
use crate::check::Checked;
use crate::lower::Precision;
use crate::recipe::Recipe;
use crate::run::{Machine, Method, RunError, RunFolder};

/// A training that failed.
pub(super) struct Failed<'a> {
    pub net: &'a Checked,
    pub recipe: &'a Recipe,
    pub method: &'a Method,
    pub machine: Machine,
    pub out: &'a Path,
}

impl Failed<'_> {
    /// An error, and how to go on after it.
    pub(super) fn advice(&self, error: &RunError) -> String {
        match error {
            RunError::Rank { .. } if self.checkpoint().is_some() => format!(
                "{error}\nthe run goes on from its last checkpoint, with any number of ranks: netc train --resume {}",
                self.out.display()
            ),
            RunError::Diverged { .. } | RunError::NotFinite { .. } => self.diverged(error),
            RunError::Changed { path, what, was, is } => format!(
                "{error}\n{}help: put the {what} back as it was in {}, or train anew into another folder",
                difference(what, was, is),
                path.parent().unwrap_or(self.out).display()
            ),
            RunError::Torch(failed) if failed.is_out_of_memory() => self.out_of_memory(error),
            other => other.to_string(),
        }
    }

    /// The last checkpoint, if there is one.
    fn checkpoint(&self) -> Option<String> {
        let path = self.out.join(RunFolder::CHECKPOINT);
        path.exists().then(|| path.display().to_string())
    }

    fn diverged(&self, error: &RunError) -> String {
        let mut text = error.to_string();
        if let Some(checkpoint) = self.checkpoint() {
            text += &format!("\nthe checkpoint before it: {checkpoint}");
        }
        text += "\nhelp: a lower `peak_lr` in --recipe";
        if self.machine.precision == Precision::Fp16 {
            text += "; or --precision bf16 or fp32: in fp16 numbers end at 65504";
        }
        text
    }

    fn out_of_memory(&self, error: &RunError) -> String {
        let images = self.recipe.batch_size as u64;
        let plan = match self.machine.device.is_cuda() {
            true => None,
            false => Memory::of_step(self.net, images, self.machine.precision, self.method.conv),
        };
        let plan = plan.map_or(String::new(), |memory| format!("\n{}", memory.line()));
        format!(
            "{error}\nmemory ran out{plan}\nhelp: a smaller `batch_size` in --recipe, or end other programs"
        )
    }
}
