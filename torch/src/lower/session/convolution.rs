use netc::graph::op::Conv;
use netc::lower::cpu::{Features, library_convolves_bf16};
use netc::lower::{ConvAlgorithms, Precision, TorchError};
use tch::{Device, Kind, TchError, Tensor};

use super::aten;
use super::own::Own;
use crate::lower::At;
use crate::lower::kernels::{
    Direction, Epilogue, FromTo, Kernels, Packed, Packing, Workspace, aten as calls,
};
use crate::lower::torch::channels_last;

/// A convolution with its chosen algorithms and transformed weights.
#[derive(Debug)]
pub(super) struct Convolution {
    op: Conv,
    algorithms: ConvAlgorithms,
    forward: Packed,
    packed: bool,
    backward: Packed,
    /// The weights in the compute dtype, cached until they change.
    cast: Option<Tensor>,
}

impl Convolution {
    pub(super) fn new(op: Conv, algorithms: ConvAlgorithms) -> Convolution {
        Convolution {
            op,
            algorithms,
            forward: Packed::default(),
            packed: false,
            backward: Packed::default(),
            cast: None,
        }
    }

    /// Invalidates the caches after the weights have changed.
    pub(super) fn invalidate(&mut self) {
        self.packed = false;
        self.cast = None;
    }

    /// The weights in a dtype: cast once, and cached until they change.
    fn cast(&mut self, weight: &Tensor, kind: Kind) -> Result<Tensor, TchError> {
        if let Some(cast) = &self.cast {
            return Ok(cast.shallow_clone());
        }
        let cast = weight.f_to_kind(kind)?;
        self.cast = Some(cast.shallow_clone());
        Ok(cast)
    }

    /// The output by libtorch.
    fn by_library(
        &mut self,
        x: &Tensor,
        weight: &Tensor,
        bias: Option<&Tensor>,
    ) -> Result<Tensor, TchError> {
        let kind = library_kind(x);
        let cast = self.cast(weight, kind)?;
        aten::convolve(&self.op, &x.f_to_kind(kind)?, &cast, bias)?.f_to_kind(x.kind())
    }

    /// The output; `y` provides memory for it where libtorch does not allocate it.
    pub(super) fn forward(
        &mut self,
        own: Option<&Own>,
        x: &Tensor,
        weight: &Tensor,
        finish: Epilogue<'_>,
        y: impl FnOnce() -> Result<Tensor, TchError>,
        workspace: &mut Workspace,
    ) -> Result<Tensor, TchError> {
        match (self.algorithms.forward.winograd(&self.op), own.and_then(Own::cpu)) {
            (Some(algorithm), Some(kernels)) => {
                if !self.packed {
                    let direction = Direction::Forward;
                    let packing = Packing { algorithm, direction, kind: x.kind() };
                    kernels.pack(weight, packing, &mut self.forward, workspace)?;
                    self.packed = true;
                }
                let (x, y) = (channels_last(x)?, y()?);
                kernels.convolve(
                    FromTo { from: &x, to: &y },
                    Direction::Forward,
                    &mut self.forward,
                    finish,
                    workspace,
                )?;
                Ok(y)
            }
            (None, _) | (_, None) => {
                let plain = finish.after == Default::default() && finish.add.is_none();
                let Some(own) = own.filter(|_| !plain) else {
                    return self.by_library(x, weight, finish.bias);
                };
                let moments = own.no_moments(self.op.out as usize, finish.bias)?;
                let value = channels_last(&self.by_library(x, weight, None)?)?;
                let y = y()?;
                own.normalise(FromTo { from: &value, to: &y }, &moments, finish.after, finish.add)?;
                Ok(y)
            }
        }
    }

    /// The gradient with respect to the input, from that with respect to the output, and the input.
    pub(super) fn grad_input(
        &mut self,
        own: Option<&Own>,
        [gradient, x]: [&Tensor; 2],
        weight: &Tensor,
        dx: impl FnOnce() -> Result<Tensor, TchError>,
        workspace: &mut Workspace,
    ) -> Result<Tensor, TchError> {
        let kernels = own.and_then(Own::cpu);
        let algorithm = self.algorithms.input.winograd(&self.op);
        if let (Some(algorithm), Some(kernels)) = (algorithm, kernels) {
            let direction = Direction::Backward;
            let packing = Packing { algorithm, direction, kind: x.kind() };
            kernels.pack(weight, packing, &mut self.backward, workspace)?;
            let (gradient, dx) = (channels_last(gradient)?, dx()?);
            let plain = Epilogue::default();
            kernels.convolve(
                FromTo { from: &gradient, to: &dx },
                direction,
                &mut self.backward,
                plain,
                workspace,
            )?;
            return Ok(dx);
        }
        let kind = library_kind(x);
        let cast = self.cast(weight, kind)?;
        let (gradient, inputs) = (gradient.f_to_kind(kind)?, x.f_to_kind(kind)?);
        let wanted = [true, false, false];
        let [grad_input, ..] =
            calls::convolution_backward(&self.op, [&gradient, &inputs, &cast], wanted)?;
        let none = || TchError::Shape("there is no gradient".into());
        grad_input.ok_or_else(none)?.f_to_kind(x.kind())
    }

    /// Writes the gradient with respect to the weights, from that with respect to the output, and
    /// the input.
    pub(super) fn grad_weights(
        &mut self,
        own: Option<&Own>,
        [gradient, x]: [&Tensor; 2],
        weight: &Tensor,
        dw: &Tensor,
        workspace: &mut Workspace,
    ) -> Result<(), TchError> {
        let kernels = own.and_then(Own::cpu);
        let algorithm = self.algorithms.weights.winograd(&self.op);
        if let (Some(algorithm), Some(kernels)) = (algorithm, kernels) {
            return kernels.weight_gradient(
                &channels_last(x)?,
                &channels_last(gradient)?,
                dw,
                algorithm,
                workspace,
            );
        }
        let kind = library_kind(x);
        let cast = self.cast(weight, kind)?;
        let (gradient, x) = (gradient.f_to_kind(kind)?, x.f_to_kind(kind)?);
        let wanted = [false, true, false];
        let [_, grad_weight, _] =
            calls::convolution_backward(&self.op, [&gradient, &x, &cast], wanted)?;
        grad_weight.iter().try_for_each(|from| aten::put(dw, from))
    }
}

/// A convolution of images by given algorithms, as a compiled step computes it on a CPU: its output,
/// and from the gradient with respect to that those with respect to the input and to the weights.
/// `None` on a processor without netc's kernels for the precision.
///
/// # Errors
/// Errors of libtorch.
pub fn convolve(
    op: &Conv,
    algorithms: ConvAlgorithms,
    precision: Precision,
    [x, weight, gradient]: [&Tensor; 3],
) -> Result<Option<[Tensor; 3]>, TorchError> {
    let Some(kernels) = Kernels::detect(precision) else { return Ok(None) };
    let own = Own::Cpu(kernels);
    let (mut conv, mut workspace) =
        (Convolution::new(op.clone(), algorithms), Workspace::default());
    let mut directions = || {
        let [x, gradient] = [channels_last(x)?, channels_last(gradient)?];
        let weight = &channels_last(weight)?;
        let [y, dx] = [gradient.f_empty_like()?, x.f_empty_like()?];
        let dw = weight.f_zeros_like()?;
        let finish = Epilogue::default();
        let y = conv.forward(Some(&own), &x, weight, finish, || Ok(y), &mut workspace)?;
        let images = [&gradient, &x];
        let dx = conv.grad_input(Some(&own), images, weight, || Ok(dx), &mut workspace)?;
        conv.grad_weights(Some(&own), images, weight, &dw, &mut workspace)?;
        Ok([y, dx, dw])
    };
    directions().at("a convolution").map(Some)
}

/// The dtype in which libtorch convolves images: fp32 for bf16 where it is slow.
fn library_kind(x: &Tensor) -> Kind {
    let slow = x.device() == Device::Cpu && !library_convolves_bf16(Features::detect());
    match x.kind() {
        Kind::BFloat16 if slow => Kind::Float,
        kind => kind,
    }
}
