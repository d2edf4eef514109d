//! The kernels by instructions, number type and algorithm.

use netc::lower::winograd::{Dims, PackedWeights, Winograd};
use tch::Kind;

use super::super::element::{Bf16, Element};
use super::super::simd::Simd;
use super::super::tile::{Down, F2, F4, One, Tile, WeightGradTile};
use super::block::Convolved;
use super::operand::{Bf16Pair, Fp32, Int16Pair, Operand};
use super::{forward, pack as packing, weights};
use crate::lower::kernels::evidence::{Kernels, Tier};
use crate::lower::kernels::image::Image;
use crate::lower::kernels::packed::{Direction, Packed, Packing};
use crate::lower::kernels::pool::Shared;
use crate::lower::kernels::workspace::Workspace;

/// Calls a function of vectors, number type, tile and operands.
macro_rules! by_types {
    ($tier:expr, $kind:expr, $algorithm:expr, $function:ident($($argument:expr),*)) => {
        match ($tier, $kind) {
            (Tier::Avx2(simd), Kind::BFloat16) => {
                by_types!(in simd, Bf16, Fp32, $algorithm, $function($($argument),*))
            }
            (Tier::Avx2(simd), _) => {
                by_types!(in simd, f32, Fp32, $algorithm, $function($($argument),*))
            }
            (Tier::Avx512(simd), Kind::BFloat16) => {
                by_types!(in simd, Bf16, Fp32, $algorithm, $function($($argument),*))
            }
            (Tier::Avx512Bf16(_, simd), Kind::BFloat16) => {
                by_types!(in simd, Bf16, Bf16Pair, $algorithm, $function($($argument),*))
            }
            (Tier::Avx512(simd) | Tier::Avx512Bf16(simd, _), _) => {
                by_types!(in simd, f32, Fp32, $algorithm, $function($($argument),*))
            }
        }
    };
    (in $simd:expr, $element:ty, $operand:ty, $algorithm:expr, $function:ident($($argument:expr),*)) => {
        match $algorithm {
            Winograd::Pointwise => {
                $function::<_, $element, One, $operand, false>($simd, $($argument),*)
            }
            Winograd::F2 => $function::<_, $element, F2, $operand, false>($simd, $($argument),*),
            Winograd::F4 => $function::<_, $element, F4, $operand, false>($simd, $($argument),*),
            Winograd::Int16 => $function::<_, $element, F4, Int16Pair, true>($simd, $($argument),*),
            Winograd::StridedF4 => {
                $function::<_, $element, Down, $operand, false>($simd, $($argument),*)
            }
            Winograd::StridedInt16 => {
                $function::<_, $element, Down, Int16Pair, true>($simd, $($argument),*)
            }
        }
    };
}

/// Packs weights `[out_channels][kernel][kernel][in_channels]`.
///
/// # Safety
/// They have the sizes of `dims`.
pub(in crate::lower::kernels) unsafe fn pack(
    kernels: Kernels,
    to: Packing,
    w: Shared<f32>,
    dims: &Dims,
    packed: &mut Packed,
    workspace: &mut Workspace,
) {
    // SAFETY: the caller vouches for the weights.
    unsafe {
        by_types!(
            kernels.tier(),
            to.kind,
            to.algorithm,
            pack_as(to.direction, w, dims, packed, workspace)
        )
    }
}

unsafe fn pack_as<S: Simd, E: Element, T: Tile, O: Operand<S>, const INTEGERS: bool>(
    simd: S,
    direction: Direction,
    w: Shared<f32>,
    dims: &Dims,
    packed: &mut Packed,
    workspace: &mut Workspace,
) {
    let dims_from = match direction {
        Direction::Forward => *dims,
        Direction::Backward => dims.transposed(),
    };
    let to = packed.words(words::<S, T, O>(&dims_from));
    // SAFETY: the weights have these sizes, and there is as much room as the packed ones take.
    unsafe { packing::pack::<S, T, O>(simd, direction, w, dims, to, workspace) }
}

fn words<S: Simd, T: Tile, O: Operand<S>>(dims: &Dims) -> usize {
    PackedWeights::new(T::SIZE, O::KIND, dims.in_channels, dims.out_channels).words
}

/// # Safety
/// The images have the sizes of their `dims`, and the weights were packed for them as `packing`
/// says.
pub(in crate::lower::kernels) unsafe fn convolve(
    kernels: Kernels,
    packing: Packing,
    all: Convolved<'_>,
    packed: &mut Packed,
    workspace: &mut Workspace,
) {
    let vnni = kernels.vnni();
    // SAFETY: the caller vouches for the images.
    unsafe {
        by_types!(
            kernels.tier(),
            packing.kind,
            packing.algorithm,
            convolve_as(vnni, packing.direction, all, packed, workspace)
        )
    }
}

/// Integers have a scale for each row in the backward direction.
unsafe fn convolve_as<S: Simd, E: Element, T: Tile, O: Operand<S>, const INTEGERS: bool>(
    simd: S,
    vnni: bool,
    direction: Direction,
    all: Convolved<'_>,
    packed: &mut Packed,
    workspace: &mut Workspace,
) {
    let weights = packed.words(words::<S, T, O>(&all.dims));
    // SAFETY: the caller vouches for the images and the weights.
    unsafe {
        match direction {
            Direction::Backward => {
                forward::convolve::<S, E, T::Back, O, INTEGERS>(simd, vnni, all, weights, workspace)
            }
            Direction::Forward => {
                forward::convolve::<S, E, T, O, false>(simd, vnni, all, weights, workspace)
            }
        }
    }
}

/// The gradient `dw`, `[out_channels][kernel][kernel][in_channels]`, by the weights.
///
/// # Safety
/// All have the sizes of `dims`.
pub(in crate::lower::kernels) unsafe fn weight_gradient(
    kernels: Kernels,
    algorithm: Winograd,
    [x, dy]: [&Image; 2],
    dw: Shared<f32>,
    dims: &Dims,
    workspace: &mut Workspace,
) {
    let vnni = kernels.vnni();
    // SAFETY: the caller vouches for the images.
    unsafe {
        by_types!(
            kernels.tier(),
            x.kind,
            algorithm,
            gradient_as(vnni, [x, dy], dw, dims, workspace)
        )
    }
}

unsafe fn gradient_as<
    S: Simd,
    E: Element,
    T: WeightGradTile,
    O: Operand<S>,
    const INTEGERS: bool,
>(
    simd: S,
    vnni: bool,
    images: [&Image; 2],
    dw: Shared<f32>,
    dims: &Dims,
    workspace: &mut Workspace,
) {
    let images = images.map(|image| image.data());
    // SAFETY: the caller vouches for the sizes.
    unsafe { weights::gradient::<S, E, T, O>(simd, vnni, images, dw, dims, workspace) }
}
