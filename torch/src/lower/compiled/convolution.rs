use netc::graph::op::Conv;
use netc::lower::ConvAlgorithms;
use netc::lower::schedule::tile;
use tch::{Kind, TchError, Tensor};

use super::rules;
use crate::lower::kernels::{
    Direction, Epilogue, FromTo, Kernels, Moments, Packed, Packing, Workspace, aten,
};
use crate::lower::torch::channels_last;

/// A convolution in its chosen ways, with its weights transformed.
#[derive(Debug)]
pub(super) struct Convolution {
    op: Conv,
    pub ways: ConvAlgorithms,
    forward: Packed,
    packed: bool,
    backward: Packed,
    /// The weights in the kind of the arithmetic, until they change.
    cast: Option<Tensor>,
}

impl Convolution {
    pub(super) fn new(op: Conv, ways: ConvAlgorithms) -> Convolution {
        Convolution {
            op,
            ways,
            forward: Packed::default(),
            packed: false,
            backward: Packed::default(),
            cast: None,
        }
    }

    /// Says that the weights have changed.
    pub(super) fn renew(&mut self) {
        self.packed = false;
        self.cast = None;
    }

    /// The weights in a kind: cast once, however often they are used until they change.
    fn cast(&mut self, weight: &Tensor, kind: Kind) -> Result<Tensor, TchError> {
        if let Some(cast) = &self.cast {
            return Ok(cast.shallow_clone());
        }
        let cast = weight.f_to_kind(kind)?;
        self.cast = Some(cast.shallow_clone());
        Ok(cast)
    }

    /// The output; `y` is asked for memory for it where the library does not bring its own.
    pub(super) fn forward(
        &mut self,
        kernels: Option<Kernels>,
        x: &Tensor,
        weight: &Tensor,
        finish: Epilogue<'_>,
        y: impl FnOnce() -> Result<Tensor, TchError>,
        workspace: &mut Workspace,
    ) -> Result<Tensor, TchError> {
        match (tile(self.ways.forward), kernels) {
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
            (_, kernels) => {
                let cast = self.cast(weight, x.kind())?;
                let plain = finish.after == Default::default() && finish.add.is_none();
                let Some(kernels) = kernels.filter(|_| !plain) else {
                    let value = rules::convolve(&self.op, x, &cast, finish.bias)?;
                    return Ok(value);
                };
                let moments = Moments::none(self.op.out as usize, finish.bias)?;
                let value = channels_last(&rules::convolve(&self.op, x, &cast, None)?)?;
                let y = y()?;
                kernels.normalise(
                    FromTo { from: &value, to: &y },
                    &moments,
                    finish.after,
                    finish.add,
                )?;
                Ok(y)
            }
        }
    }

    /// The gradient by the input, from that by the output and the input.
    pub(super) fn grad_input(
        &mut self,
        kernels: Option<Kernels>,
        [gradient, x]: [&Tensor; 2],
        weight: &Tensor,
        dx: impl FnOnce() -> Result<Tensor, TchError>,
        workspace: &mut Workspace,
    ) -> Result<Tensor, TchError> {
        if let (Some(tile), Some(kernels)) = (tile(self.ways.input), kernels) {
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
            aten::convolution_backward(&self.op, [gradient, x, &cast], [true, false, false])?;
        grad_input.ok_or_else(|| TchError::Shape("there is no gradient".into()))
    }

    /// Writes the gradient by the weights, from that by the output and the input.
    pub(super) fn grad_weights(
        &mut self,
        kernels: Option<Kernels>,
        [gradient, x]: [&Tensor; 2],
        weight: &Tensor,
        dw: &Tensor,
        workspace: &mut Workspace,
    ) -> Result<(), TchError> {
        if let (Some(tile), Some(kernels)) = (tile(self.ways.weights), kernels) {
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
            aten::convolution_backward(&self.op, [gradient, x, &cast], [false, true, false])?;
        grad_weight.iter().try_for_each(|from| rules::put(dw, from))
    }
}
