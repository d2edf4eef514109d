//! The passes of a session over a batch.

use netc::lower::TorchError;
use netc::lower::schedule::Schedule;
use tch::{TchError, Tensor};

use super::Session;
use super::backend::{Resident, SavedTensors, Torch};
use super::weights::padded;
use crate::lower::torch::{Mode, channels_last};
use crate::lower::{At, Objective, TorchNet, cuda};

/// The result of a step.
#[derive(Debug)]
pub struct Stepped {
    /// The output, `[N, ...]`.
    pub output: Tensor,
    /// The objective's loss.
    pub loss: Tensor,
}

impl Session {
    /// Forward and backward pass of training on images `[N, C, H, W]`: the objective's loss for
    /// these targets, and its [gradients](Session::gradients).
    ///
    /// # Errors
    /// Errors of libtorch.
    pub fn step(
        &mut self,
        images: &Tensor,
        targets: &Tensor,
        objective: Objective,
        seed: u64,
    ) -> Result<Stepped, TorchError> {
        self.step_watched(images, targets, objective, seed, &mut |_| ())
    }

    /// The same; `written` is told the index of each [gradient](Session::gradients) as soon as the
    /// backward pass has written it.
    ///
    /// # Errors
    /// Errors of libtorch.
    pub fn step_watched(
        &mut self,
        images: &Tensor,
        targets: &Tensor,
        objective: Objective,
        seed: u64,
        written: &mut dyn FnMut(usize),
    ) -> Result<Stepped, TorchError> {
        tch::no_grad(|| {
            self.weights_changed()?;
            let (value, saved) = self.forward(images, Mode::Train { seed }, None)?;
            let output = value.f_to_kind(self.net.masters).at("the output")?;
            let (loss, gradient) = objective.loss_and_gradient(&output, targets).at("the loss")?;
            let gradient = gradient.f_to_kind(value.kind()).at("the loss")?;
            let (net, schedule, mut backend) = self.parts(Mode::Train { seed }, None);
            backend.written = Some(written);
            schedule.backward(net.plan(), &mut backend, gradient, saved)?;
            Ok(Stepped { output, loss })
        })
    }

    /// The same on the device alone: it waits for nothing and reads all that differs from step to
    /// step from the state, to whose sums it adds those of the [metrics](netc::recipe::Metric).
    /// The [gradients](Session::gradients) are multiplied by the state's gradient scale. Dropout
    /// draws from the state's step and from `seed`. Weights that changed otherwise than by an
    /// optimiser that writes the [copies](Session::copies) have to be
    /// [announced](Session::weights_changed). `written` is told the index of each gradient as soon
    /// as the backward pass has launched what writes it.
    ///
    /// # Errors
    /// A session without kernels for GPUs; errors of libtorch.
    pub fn step_on_device(
        &mut self,
        images: &Tensor,
        targets: &Tensor,
        objective: Objective,
        state: &cuda::DeviceState,
        seed: u64,
        written: &mut dyn FnMut(usize),
    ) -> Result<(), TorchError> {
        tch::no_grad(|| {
            let resident = Some(Resident { state, seed });
            let mode = Mode::Train { seed };
            let (value, saved) = self.forward(images, mode, resident)?;
            let output = value.f_contiguous().at("the output")?;
            let gradient = output.f_empty_like().at("the loss")?;
            self.add_sums(&output, targets, objective, Some(&gradient), state)?;
            let (net, schedule, mut backend) = self.parts(mode, resident);
            backend.written = Some(written);
            schedule.backward(net.plan(), &mut backend, gradient, saved)
        })
    }

    /// Adds the sums of the [metrics](netc::recipe::Metric) of an output to those of a state, and
    /// writes the gradient with respect to it, if it is wanted.
    ///
    /// # Errors
    /// A session without kernels for GPUs; errors of libtorch.
    pub fn add_sums(
        &self,
        output: &Tensor,
        targets: &Tensor,
        objective: Objective,
        gradient: Option<&Tensor>,
        state: &cuda::DeviceState,
    ) -> Result<(), TorchError> {
        let Some(kernels) = self.gpu_kernels() else {
            return Err(TchError::Torch("there are no kernels for this device".into()))
                .at("the loss");
        };
        match objective {
            Objective::CrossEntropy { label_smoothing } => kernels
                .cross_entropy(output, targets, label_smoothing, gradient, state)
                .at("the loss"),
        }
    }

    /// The output of a net compiled for evaluation, in fp32, or in fp64 for an fp64 net. It uses
    /// the weights as they were at the first call.
    ///
    /// # Errors
    /// Errors of libtorch.
    pub fn evaluate(&mut self, images: &Tensor) -> Result<Tensor, TorchError> {
        tch::no_grad(|| {
            let (value, _) = self.forward(images, Mode::Eval, None)?;
            value.f_to_kind(self.net.masters).at("the output")
        })
    }

    /// The output, and what each task saves for the backward pass.
    fn forward(
        &mut self,
        images: &Tensor,
        mode: Mode,
        resident: Option<Resident<'_>>,
    ) -> Result<(Tensor, Vec<SavedTensors>), TorchError> {
        let input = images.f_to_kind(self.net.kind).and_then(|images| channels_last(&images));
        let input = if self.pads_input { input.and_then(|images| padded(&images)) } else { input };
        let (net, schedule, mut backend) = self.parts(mode, resident);
        let pass = schedule.forward(net.plan(), &mut backend, input.at("the images")?)?;
        Ok((pass.output, pass.saved))
    }

    /// What is walked, and what computes.
    fn parts<'s>(
        &'s mut self,
        mode: Mode,
        resident: Option<Resident<'s>>,
    ) -> (&'s TorchNet, &'s Schedule, Torch<'s>) {
        let Session { net, schedule, convolutions, memory, own, ghost, workspace, clock, .. } =
            self;
        let backend = Torch {
            net,
            schedule,
            convolutions,
            gradients: &self.gradients,
            written: None,
            memory,
            own: own.as_ref(),
            ghost: *ghost,
            resident,
            workspace,
            clock: clock.as_deref_mut(),
            mode,
        };
        (backend.net, backend.schedule, backend)
    }
}
