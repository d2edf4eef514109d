use netc::graph::op::Conv;
use netc::lower::{ConvAlgorithms, Precision, TorchError};
use tch::{Kind, TchError, Tensor};

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
        match (self.algorithms.forward.tile_size(), own.and_then(Own::cpu)) {
            (Some(tile), Some(kernels)) => {
                if !self.packed {
                    let direction = Direction::Forward;
                    let packing = Packing { tile, direction, kind: x.kind() };
                    kernels.pack(weight, packing, &mut self.forward)?;
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
                let cast = self.cast(weight, x.kind())?;
                let plain = finish.after == Default::default() && finish.add.is_none();
                let Some(own) = own.filter(|_| !plain) else {
                    let value = aten::convolve(&self.op, x, &cast, finish.bias)?;
                    return Ok(value);
                };
                let moments = own.no_moments(self.op.out as usize, finish.bias)?;
                let value = channels_last(&aten::convolve(&self.op, x, &cast, None)?)?;
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
        if let (Some(tile), Some(kernels)) = (self.algorithms.input.tile_size(), kernels) {
            let direction = Direction::Backward;
            let packing = Packing { tile, direction, kind: x.kind() };
            kernels.pack(weight, packing, &mut self.backward)?;
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
        let cast = self.cast(weight, x.kind())?;
        let [grad_input, ..] =
            calls::convolution_backward(&self.op, [gradient, x, &cast], [true, false, false])?;
        grad_input.ok_or_else(|| TchError::Shape("there is no gradient".into()))
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
        if let (Some(tile), Some(kernels)) = (self.algorithms.weights.tile_size(), kernels) {
            return kernels.weight_gradient(
                &channels_last(x)?,
                &channels_last(gradient)?,
                dw,
                tile,
                workspace,
            );
        }
        let cast = self.cast(weight, x.kind())?;
        let [_, grad_weight, _] =
            calls::convolution_backward(&self.op, [gradient, x, &cast], [false, true, false])?;
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
        let [y, dx] = [gradient.f_empty_like()?, x.f_empty_like()?];
        let dw = channels_last(weight)?.f_zeros_like()?;
        let finish = Epilogue::default();
        let y = conv.forward(Some(&own), &x, weight, finish, || Ok(y), &mut workspace)?;
        let images = [&gradient, &x];
        let dx = conv.grad_input(Some(&own), images, weight, || Ok(dx), &mut workspace)?;
        conv.grad_weights(Some(&own), images, weight, &dw, &mut workspace)?;
        Ok([y, dx, dw])
    };
    directions().at("a convolution").map(Some)
}
