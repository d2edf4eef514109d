//! Weights as products read them: on a GPU in 16 bits, copied from the fp32 masters.

use netc::graph::Op;
use netc::graph::op::Role;
use netc::lower::TorchError;
use netc::lower::schedule::{Kernel, Schedule};
use tch::{Kind, TchError, Tensor};

use crate::lower::cuda::{self, CHANNELS};
use crate::lower::torch::channels_last;
use crate::lower::{At, TorchNet};

/// The 16-bit copies of a net's weights.
#[derive(Debug)]
pub(super) struct Copies {
    /// Of each weight of the net, if it has one.
    pub of: Vec<Option<Tensor>>,
    update: cuda::Updates,
}

impl Copies {
    /// Copies of the weights of convolutions and linear layers, if the net computes in 16 bits. The
    /// filters that read the input have [`CHANNELS`] input channels if it is `padded`.
    pub(super) fn new(
        kernels: &cuda::GpuKernels,
        net: &TorchNet,
        padded: bool,
    ) -> Result<Option<Copies>, TorchError> {
        if !matches!(net.kind, Kind::Half | Kind::BFloat16) {
            return Ok(None);
        }
        let mut of: Vec<Option<Tensor>> = net.weights.iter().map(|_| None).collect();
        for (step, owned) in net.plan.steps().iter().zip(&net.owned) {
            if !matches!(step.op, Op::Conv(_) | Op::Linear(_)) {
                continue;
            }
            for i in owned.clone().filter(|&i| net.weights[i].role != Role::Bias) {
                let weight = net.weights[i].tensor.f_detach().at(&step.path)?;
                let wide = padded && step.operands == [0];
                of[i] = Some(zeros(&weight, net.kind, wide).at(&step.path)?);
            }
        }
        let mut pairs: Vec<(Tensor, &Tensor)> = Vec::new();
        for (weight, copy) in net.weights.iter().zip(&of) {
            if let Some(copy) = copy {
                pairs.push((weight.tensor.f_detach().at(&weight.name)?, copy));
            }
        }
        let copied: Vec<cuda::Copied<'_>> =
            pairs.iter().map(|(weight, copy)| cuda::Copied { weight, copy }).collect();
        let update =
            cuda::Updates::copying(kernels, net.kind, &copied).at("the weights in 16 bits")?;
        drop(copied);
        drop(pairs);
        Ok(Some(Copies { of, update }))
    }

    /// Copies all weights.
    pub(super) fn refresh(&self) -> Result<(), TchError> {
        self.update.copy_weights()
    }
}

/// Whether the input is given more channels than the net says, zeros: only convolutions read it,
/// in 16 bits.
pub(super) fn pads_input(net: &TorchNet, schedule: &Schedule) -> bool {
    let steps = net.plan.steps();
    let few = steps.first().is_some_and(|input| (input.shape.channels() as i64) < CHANNELS);
    let convolves = |step: &netc::lower::Step| match &step.op {
        Op::Conv(op) => op.groups == 1,
        _ => false,
    };
    let fits = |task: &netc::lower::Task| {
        !task.operands(&net.plan).contains(&0)
            || (convolves(&steps[task.step]) && matches!(task.kernel, Kernel::Conv { .. }))
    };
    few && cuda::is_16_bits(net.kind) && schedule.tasks.iter().all(fits)
}

/// Images with [`CHANNELS`] channels; those that have them are left as they are.
pub(super) fn padded(images: &Tensor) -> Result<Tensor, TchError> {
    match images.size()[1] {
        few if few < CHANNELS => {
            channels_last(&images.f_constant_pad_nd([0, 0, 0, 0, 0, CHANNELS - few])?)
        }
        _ => Ok(images.shallow_clone()),
    }
}

/// Memory like that of a weight, in another kind, and with [`CHANNELS`] input channels if `wide`.
pub(super) fn zeros(weight: &Tensor, kind: Kind, wide: bool) -> Result<Tensor, TchError> {
    let mut sizes = weight.size();
    if wide && sizes.len() == 4 {
        sizes[1] = sizes[1].max(CHANNELS);
    }
    channels_last(&Tensor::f_zeros(sizes, (kind, weight.device()))?)
}
