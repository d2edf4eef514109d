//! 3 x 3 convolutions by Winograd's algorithm and those of 1 x 1, forward, by the input and by the
//! weights.

use netc::lower::winograd::{CHANNELS, Dims, Winograd};
use tch::{Kind, TchError, Tensor};

use super::evidence::{Kernels, compute};
use super::image::{Image, floats};
use super::packed::{Direction, Packed, PackedFor, Packing};
use super::pool::Shared;
use super::terms::{Epilogue, FromTo};
use super::workspace::Workspace;
#[cfg(target_arch = "x86_64")]
use super::x86::winograd;

impl Kernels {
    /// Transforms fp32 weights `[out_channels, in_channels, kernel, kernel]`, channels last.
    ///
    /// # Errors
    /// Tensors of another kind, shape or layout.
    pub fn pack(
        self,
        weight: &Tensor,
        packing: Packing,
        packed: &mut Packed,
        workspace: &mut Workspace,
    ) -> Result<(), TchError> {
        let (w, [out_channels, in_channels]) = weights(weight, packing.algorithm)?;
        applies(packing.algorithm, [in_channels, out_channels])?;
        if !matches!(packing.kind, Kind::Float | Kind::BFloat16) {
            return Err(TchError::Kind(format!("no kernels for {:?}", packing.kind)));
        }
        let none = [0, 0];
        let dims = Dims { images: 0, input: none, output: none, in_channels, out_channels };
        let channels = match packing.direction {
            Direction::Forward => [in_channels, out_channels],
            Direction::Backward => [out_channels, in_channels],
        };
        packed.renew(PackedFor { packing, channels });
        // SAFETY: the weights have these sizes.
        compute!(self, unsafe { winograd::pack(self, packing, w, &dims, packed, workspace) });
        Ok(())
    }

    /// Writes images `[N, out_channels, H, W]` or what a pool leaves of them, from
    /// `[N, in_channels, H, W]`, in a direction by weights packed for it, padded by 1. With a
    /// stride of 2, H and W of the output of a convolution are half those of the input, rounded
    /// up. Both are channels last.
    ///
    /// # Errors
    /// Tensors of another kind, shape or layout; weights packed for another direction, kind or
    /// number of channels, or not packed.
    pub fn convolve(
        self,
        images: FromTo<'_>,
        direction: Direction,
        packed: &mut Packed,
        finish: Epilogue<'_>,
        workspace: &mut Workspace,
    ) -> Result<(), TchError> {
        let (x, y) = (Image::of(images.from)?, Image::of(images.to)?);
        if finish.after.beyond_relu() {
            return Err(TchError::Shape("convolutions are followed by a ReLU alone".into()));
        }
        let has =
            packed.purpose().ok_or_else(|| TchError::Shape("the weights are not packed".into()))?;
        let algorithm = has.packing.algorithm;
        if finish.after.pool && algorithm == Winograd::Pointwise {
            return Err(TchError::Shape("no pool follows a convolution of 1 x 1".into()));
        }
        finish.sums_what_it_writes()?;
        let [images, in_channels, height, width] = x.sizes;
        let [_, out_channels, rows, columns] = y.sizes;
        let pool = if finish.after.pool { 2 } else { 1 };
        let whole = Image { sizes: [y.sizes[0], out_channels, rows * pool, columns * pool], ..y };
        leaves(
            algorithm,
            match direction {
                Direction::Forward => [&x, &whole],
                Direction::Backward => [&whole, &x],
            },
        )?;
        let output = [rows * pool, columns * pool];
        let dims = Dims { images, input: [height, width], output, in_channels, out_channels };
        let dims = algorithm.dims(dims);
        let wanted = PackedFor {
            packing: Packing { algorithm, direction, kind: x.kind },
            channels: [in_channels, dims.out_channels],
        };
        if has != wanted {
            return Err(TchError::Shape(format!(
                "expected weights packed for {wanted:?}, got {has:?}"
            )));
        }
        let bias = finish.bias.map(|bias| floats(bias, dims.out_channels)).transpose()?;
        let add = finish.add.map(Image::of).transpose()?;
        add.iter().try_for_each(|add| add.same(&y))?;
        compute!(self, {
            let Epilogue { after, sums, .. } = finish;
            let convolved = winograd::Convolved { x, y, dims, bias, after, add, sums };
            // SAFETY: the images have these sizes, and the weights were packed for them.
            unsafe { winograd::convolve(self, has.packing, convolved, packed, workspace) }
        });
        Ok(())
    }

    /// The gradient `dw` by the weights, fp32 `[out_channels, in_channels, kernel, kernel]`, from
    /// the input and the gradient by the output. All are channels last.
    ///
    /// # Errors
    /// Tensors of another kind, shape or layout.
    pub fn weight_gradient(
        self,
        x: &Tensor,
        dy: &Tensor,
        dw: &Tensor,
        algorithm: Winograd,
        workspace: &mut Workspace,
    ) -> Result<(), TchError> {
        let (x, dy) = (Image::of(x)?, Image::of(dy)?);
        leaves(algorithm, [&x, &dy])?;
        let (w, sizes) = weights(dw, algorithm)?;
        if sizes != [dy.sizes[1], x.sizes[1]] {
            return Err(TchError::Shape(format!(
                "weights of {sizes:?} for {:?} and {:?}",
                x.sizes, dy.sizes
            )));
        }
        let [images, in_channels, ..] = x.sizes;
        let [input, output] = [&x, &dy].map(|image| [image.sizes[2], image.sizes[3]]);
        let dims = Dims { images, input, output, in_channels, out_channels: dy.sizes[1] };
        let dims = algorithm.dims(dims);
        applies(algorithm, sizes)?;
        // SAFETY: the tensors have these sizes.
        compute!(self, unsafe {
            winograd::weight_gradient(self, algorithm, [&x, &dy], w, &dims, workspace)
        });
        Ok(())
    }
}

fn weights(weight: &Tensor, algorithm: Winograd) -> Result<(Shared<f32>, [usize; 2]), TchError> {
    let image = Image::of(weight)?;
    let kernel = algorithm.kernel();
    match image.sizes {
        [out_channels, in_channels, down, right]
            if image.kind == Kind::Float && [down, right] == [kernel; 2] =>
        {
            Ok((image.data(), [out_channels, in_channels]))
        }
        other => Err(TchError::Shape(format!(
            "expected fp32 weights of {kernel} x {kernel}, got {:?} {other:?}",
            image.kind
        ))),
    }
}

fn applies(algorithm: Winograd, channels: [usize; 2]) -> Result<(), TchError> {
    match algorithm.applies(channels) {
        true => Ok(()),
        false => Err(TchError::Shape(format!(
            "{algorithm:?} convolutions are for {CHANNELS} channels at most, got {channels:?}"
        ))),
    }
}

/// Whether a convolution, padded by half its kernel, makes images as large as the second of the
/// first, and at least one.
fn leaves(algorithm: Winograd, [from, to]: [&Image; 2]) -> Result<(), TchError> {
    let [images, _, height, width] = from.sizes;
    let [rows, columns] = [height, width].map(|size| size.div_ceil(algorithm.stride()));
    let [has, _, down, right] = to.sizes;
    match [images, rows, columns] == [has, down, right] && from.kind == to.kind && images > 0 {
        true => Ok(()),
        false => Err(TchError::Shape(format!(
            "a {algorithm:?} convolution does not make {:?} {:?} of {:?} {:?}",
            to.kind, to.sizes, from.kind, from.sizes
        ))),
    }
}
