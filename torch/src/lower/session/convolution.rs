use netc::graph::op::Conv;
use netc::lower::schedule::FusedOps;
use netc::lower::winograd::Winograd;
use netc::lower::{ConvAlgorithms, ConvDirection, ConvKernel, Im2col, Precision, TorchError};
use tch::{Kind, TchError, Tensor};

use super::aten;
use super::own::Own;
use crate::lower::At;
use crate::lower::kernels::{
    Direction, Epilogue, FromTo, Kernels, Packed, Packing, Workspace, aten as calls,
};
use crate::lower::torch::{channels_last, library_kind, ops};

/// A convolution with its chosen algorithms and transformed weights.
#[derive(Debug)]
pub(super) struct Convolution {
    op: Conv,
    /// What computes the output and both gradients; libtorch, if `None`.
    kernels: [Option<ConvKernel>; 3],
    forward: Packed,
    packed: bool,
    backward: Packed,
    /// The weights in the compute dtype, cached until they change.
    cast: Option<Tensor>,
}

impl Convolution {
    /// One of so many channels of the input.
    pub(super) fn new(op: Conv, in_channels: u64, algorithms: ConvAlgorithms) -> Convolution {
        let kernel = |way| algorithms.of(way).kernel(&op, in_channels, way);
        Convolution {
            kernels: ConvDirection::ALL.map(kernel),
            op,
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
        let cast = self.cast(weight, library_kind(&self.op, x))?;
        ops::convolve(&self.op, x, &cast, bias)
    }

    /// The output; `y` provides memory for it where libtorch does not allocate it.
    pub(super) fn forward(
        &mut self,
        own: Option<&Own>,
        x: &Tensor,
        weight: &Tensor,
        finish: Epilogue<'_>,
        y: impl Fn() -> Result<Tensor, TchError>,
        workspace: &mut Workspace,
    ) -> Result<Tensor, TchError> {
        let Epilogue { bias, after, add, .. } = finish;
        let cpu = own.and_then(Own::cpu);
        let [by, ..] = self.kernels;
        let value = match cpu.zip(by) {
            Some((kernels, by)) => {
                let x = channels_last(x)?;
                let whole = finishes(by, after);
                let value = if after.pool && !whole { self.empty_output(&x)? } else { y()? };
                let finish = if whole { finish } else { Epilogue::default() };
                let images = FromTo { from: &x, to: &value };
                self.by_kernel((kernels, by), images, weight, finish, workspace)?;
                if whole {
                    return Ok(value);
                }
                value
            }
            None if after == FusedOps::default() && add.is_none() => {
                return self.by_library(x, weight, bias);
            }
            None => channels_last(&self.by_library(x, weight, None)?)?,
        };
        let own = own.ok_or_else(|| TchError::Shape("no kernel finishes a convolution".into()))?;
        let moments = own.no_moments(self.op.out as usize, bias)?;
        let in_place = cpu.is_some() && !after.pool;
        let y = if in_place { value.shallow_clone() } else { y()? };
        own.normalise(FromTo { from: &value, to: &y }, &moments, after, add)?;
        Ok(y)
    }

    /// The output by a kernel.
    fn by_kernel(
        &mut self,
        (kernels, by): (Kernels, ConvKernel),
        images: FromTo<'_>,
        weight: &Tensor,
        finish: Epilogue<'_>,
        workspace: &mut Workspace,
    ) -> Result<(), TchError> {
        let FromTo { from: x, to } = images;
        match by {
            ConvKernel::Winograd(algorithm) => {
                self.pack_forward(kernels, algorithm, (x.kind(), weight), workspace)?;
                kernels.convolve(images, Direction::Forward, &mut self.forward, finish, workspace)
            }
            ConvKernel::Im2col(of) => {
                let weights = (x.kind(), &by_patch(weight, of)?);
                self.pack_forward(kernels, Winograd::Pointwise, weights, workspace)?;
                let images = FromTo { from: &kernels.patches(x, of)?, to };
                kernels.convolve(images, Direction::Forward, &mut self.forward, finish, workspace)
            }
            ConvKernel::Depthwise(of) => kernels.depthwise(images, weight, of, finish, workspace),
        }
    }

    /// Transforms the weights, if they have changed since.
    fn pack_forward(
        &mut self,
        kernels: Kernels,
        algorithm: Winograd,
        (kind, weight): (Kind, &Tensor),
        workspace: &mut Workspace,
    ) -> Result<(), TchError> {
        if !self.packed {
            let packing = Packing { algorithm, direction: Direction::Forward, kind };
            kernels.pack(weight, packing, &mut self.forward, workspace)?;
            self.packed = true;
        }
        Ok(())
    }

    /// Memory for the output of an image, channels last.
    fn empty_output(&self, x: &Tensor) -> Result<Tensor, TchError> {
        let (images, _, height, width) = x.size4()?;
        let [rows, columns] = self.op.output([height, width].map(|size| size as u64));
        let sizes = [images, rows as i64, columns as i64, self.op.out as i64];
        Tensor::f_empty(sizes, (x.kind(), x.device()))?.f_permute([0, 3, 1, 2])
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
        let [_, by, _] = self.kernels;
        match own.and_then(Own::cpu).zip(by) {
            Some((kernels, ConvKernel::Depthwise(of))) => {
                let (gradient, dx) = (channels_last(gradient)?, dx()?);
                kernels.depthwise_grad_input(&gradient, &dx, weight, of)?;
                return Ok(dx);
            }
            Some((kernels, ConvKernel::Winograd(algorithm))) => {
                let direction = Direction::Backward;
                let packing = Packing { algorithm, direction, kind: x.kind() };
                kernels.pack(weight, packing, &mut self.backward, workspace)?;
                let (gradient, dx) = (channels_last(gradient)?, dx()?);
                let images = FromTo { from: &gradient, to: &dx };
                let (packed, plain) = (&mut self.backward, Epilogue::default());
                kernels.convolve(images, direction, packed, plain, workspace)?;
                return Ok(dx);
            }
            Some((_, ConvKernel::Im2col(_))) | None => {}
        }
        let kind = library_kind(&self.op, x);
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
        let [.., by] = self.kernels;
        if let Some((kernels, by)) = own.and_then(Own::cpu).zip(by) {
            let (x, gradient) = (channels_last(x)?, channels_last(gradient)?);
            return match by {
                ConvKernel::Winograd(algorithm) => {
                    kernels.weight_gradient(&x, &gradient, dw, algorithm, workspace)
                }
                ConvKernel::Im2col(of) => {
                    let (patches, of_patches) = (kernels.patches(&x, of)?, by_patch(dw, of)?);
                    let product = Winograd::Pointwise;
                    kernels.weight_gradient(
                        &patches,
                        &gradient,
                        &of_patches,
                        product,
                        workspace,
                    )?;
                    let found = of_patches.f_narrow(1, 0, of.numbers() as i64)?;
                    let by_tap = dw.f_permute([0, 2, 3, 1])?;
                    aten::put(&by_tap, &found.f_reshape(by_tap.size())?)
                }
                ConvKernel::Depthwise(of) => kernels.depthwise_grad_weights(&x, &gradient, dw, of),
            };
        }
        let kind = library_kind(&self.op, x);
        let cast = self.cast(weight, kind)?;
        let (gradient, x) = (gradient.f_to_kind(kind)?, x.f_to_kind(kind)?);
        let wanted = [false, true, false];
        let [_, grad_weight, _] =
            calls::convolution_backward(&self.op, [&gradient, &x, &cast], wanted)?;
        grad_weight.iter().try_for_each(|from| aten::put(dw, from))
    }
}

/// A convolution of images by given algorithms, as a compiled step computes it on a CPU: its
/// output, and from the gradient with respect to that those with respect to the input and to the
/// weights. `None` on a processor without netc's kernels for the precision.
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
    let in_channels = x.size().get(1).map_or(0, |channels| channels.unsigned_abs());
    let mut conv = Convolution::new(op.clone(), in_channels, algorithms);
    let mut workspace = Workspace::default();
    let mut directions = || {
        let [x, gradient] = [channels_last(x)?, channels_last(gradient)?];
        let weight = &channels_last(weight)?;
        let [y, dx] = [gradient.f_empty_like()?, x.f_empty_like()?];
        let dw = weight.f_zeros_like()?;
        let finish = Epilogue::default();
        let place = || Ok(y.shallow_clone());
        let y = conv.forward(Some(&own), &x, weight, finish, place, &mut workspace)?;
        let images = [&gradient, &x];
        let dx = conv.grad_input(Some(&own), images, weight, || Ok(dx), &mut workspace)?;
        conv.grad_weights(Some(&own), images, weight, &dw, &mut workspace)?;
        Ok([y, dx, dw])
    };
    directions().at("a convolution").map(Some)
}

/// Whether the kernel of an output does what follows it as well.
fn finishes(by: ConvKernel, after: FusedOps) -> bool {
    match by {
        ConvKernel::Winograd(Winograd::Pointwise) | ConvKernel::Im2col(_) => {
            !after.beyond_relu() && !after.pool
        }
        ConvKernel::Winograd(_) => !after.beyond_relu(),
        ConvKernel::Depthwise(_) => !after.pool,
    }
}

/// Weights as those of patches, `[out_channels, depth, 1, 1]`.
fn by_patch(weight: &Tensor, of: Im2col) -> Result<Tensor, TchError> {
    let by_tap = weight.f_permute([0, 2, 3, 1])?.f_flatten(1, 3)?;
    let zeros = (of.depth() - of.numbers()) as i64;
    by_tap.f_constant_pad_nd([0, zeros])?.f_unsqueeze(-1)?.f_unsqueeze(-1)
}
