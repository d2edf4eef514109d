use tch::{TchError, Tensor};

use super::memory::{self, Interval};
use super::{Algorithm, Compiled};
use crate::graph::{Op, Shape};
use crate::lower::TorchNet;

/// Memory for values and gradients that the kernels write.
#[derive(Debug, Default)]
pub(super) struct Slots {
    memory: Vec<Tensor>,
    /// For each task, the slot of its value, and of the gradient by its first operand.
    pub value: Vec<Option<usize>>,
    pub gradient: Vec<Option<usize>>,
}

impl Compiled {
    pub(super) fn plan_memory(
        &mut self,
        net: &TorchNet,
        training: bool,
        batch: usize,
    ) -> Result<(), TchError> {
        let steps = net.plan.steps();
        let lifetimes = memory::lifetimes(&net.plan, &self.tasks, training);
        let (mut intervals, mut of) = (Vec::new(), Vec::new());
        for (i, task) in self.tasks.iter().enumerate() {
            if self.writes_value(net, i, training) {
                let to = lifetimes.value[task.output].max(i);
                intervals.push(Interval { from: i, to, size: steps[task.output].shape.elements() });
                of.push((i, true));
            }
            if let Some(operand) = self.writes_gradient(net, i).filter(|_| training) {
                let (from, to) = (2 * self.tasks.len() - 1 - i, lifetimes.gradient[operand]);
                intervals.push(Interval { from, to, size: steps[operand].shape.elements() });
                of.push((i, false));
            }
        }
        let (slot_of, sizes) = memory::slots(&intervals);
        self.slots.value = vec![None; self.tasks.len()];
        self.slots.gradient = vec![None; self.tasks.len()];
        for ((task, value), slot) in of.into_iter().zip(slot_of) {
            let place = if value { &mut self.slots.value } else { &mut self.slots.gradient };
            place[task] = Some(slot);
        }
        for size in sizes {
            let count = i64::try_from(size.saturating_mul(batch as u64)).unwrap_or(i64::MAX);
            self.slots.memory.push(Tensor::f_empty([count], (net.kind, net.device))?);
        }
        Ok(())
    }

    /// Whether a kernel writes a task's value.
    fn writes_value(&self, net: &TorchNet, i: usize, training: bool) -> bool {
        let (task, step) = (&self.tasks[i], &net.plan.steps()[self.tasks[i].step]);
        if self.kernels.is_none() || step.shape.image().is_none() {
            return false;
        }
        match &self.convolutions[i] {
            Some(convolution) => convolution.ways.forward != Algorithm::Library || task.fused(),
            None => training && matches!(step.op, Op::BatchNorm(_)),
        }
    }

    /// The operand whose gradient a kernel of task `i` writes.
    fn writes_gradient(&self, net: &TorchNet, i: usize) -> Option<usize> {
        let operand = *net.plan.steps()[self.tasks[i].step].operands.first()?;
        let convolution = self.convolutions[i].as_ref()?;
        (convolution.ways.input != Algorithm::Library && self.wanted[operand]).then_some(operand)
    }
}

impl Slots {
    /// The first images of a slot, channels last.
    pub(super) fn image(&self, slot: Option<usize>, images: i64, shape: &Shape) -> Result<Tensor, TchError> {
        let memory = slot.and_then(|slot| self.memory.get(slot));
        let (Some(memory), Some(sizes)) = (memory, shape.image()) else {
            return Err(TchError::Shape("there is no memory for a value".into()));
        };
        let [c, h, w] = sizes.map(|size| size as i64);
        memory.f_narrow(0, 0, images * c * h * w)?.f_view([images, h, w, c])?.f_permute([0, 3, 1, 2])
    }
}
