//! The kernels by number type and tile.

use netc::lower::winograd::{TileSize, packed as packed_words};

use super::super::scalar::{Bf16, Scalar};
use super::super::tile::{F2, F4, Tile};
use super::dims::Dims;
use super::forward::Convolved;
use super::{forward, pack as packing, weights};
use crate::lower::kernels::evidence::Tier;
use crate::lower::kernels::image::Image;
use crate::lower::kernels::packed::{Direction, Packed, Packing};
use crate::lower::kernels::pool::Shared;
use crate::lower::kernels::workspace::Workspace;

macro_rules! by_types {
    ($tier:expr, $tile:expr, $function:ident($($argument:expr),*)) => {
        match ($tier, $tile) {
            (Tier::Fp32(evidence), TileSize::Two) => {
                $function::<f32, F2>(evidence, $($argument),*)
            }
            (Tier::Fp32(evidence), TileSize::Four) => {
                $function::<f32, F4>(evidence, $($argument),*)
            }
            (Tier::Bf16(evidence), TileSize::Two) => {
                $function::<Bf16, F2>(evidence, $($argument),*)
            }
            (Tier::Bf16(evidence), TileSize::Four) => {
                $function::<Bf16, F4>(evidence, $($argument),*)
            }
        }
    };
}

/// Packs weights `[out_channels][3][3][in_channels]`.
///
/// # Safety
/// They have the sizes of `dims`.
pub(in crate::lower::kernels) unsafe fn pack(
    tier: Tier,
    to: Packing,
    w: Shared<f32>,
    dims: &Dims,
    packed: &mut Packed,
) {
    // SAFETY: the caller vouches for the weights.
    unsafe { by_types!(tier, to.tile, pack_as(to.direction, w, dims, packed)) }
}

unsafe fn pack_as<E: Scalar, T: Tile>(
    evidence: E::Evidence,
    direction: Direction,
    w: Shared<f32>,
    dims: &Dims,
    packed: &mut Packed,
) {
    // SAFETY: the weights have these sizes, and there is as much room as the packed ones take.
    unsafe {
        match direction {
            Direction::Forward => {
                let to = packed.words(words::<E, T>(dims));
                packing::forward::<E, T>(evidence, w, dims, to);
            }
            Direction::Backward => {
                let to = packed.words(words::<E, T>(&dims.transposed()));
                packing::backward::<E, T>(evidence, w, dims, to);
            }
        }
    }
}

fn words<E: Scalar, T: Tile>(dims: &Dims) -> usize {
    packed_words(T::SIZE, E::PACK, dims.in_channels, dims.out_channels)
}

/// # Safety
/// The images have the sizes of their `dims` and are of the tier's numbers, and the weights were
/// packed for them.
pub(in crate::lower::kernels) unsafe fn convolve(
    tier: Tier,
    tile: TileSize,
    all: Convolved<'_>,
    packed: &mut Packed,
    workspace: &mut Workspace,
) {
    // SAFETY: the caller vouches for the images.
    unsafe { by_types!(tier, tile, convolve_as(all, packed, workspace)) }
}

unsafe fn convolve_as<E: Scalar, T: Tile>(
    evidence: E::Evidence,
    all: Convolved<'_>,
    packed: &mut Packed,
    workspace: &mut Workspace,
) {
    let weights = packed.words(words::<E, T>(&all.dims));
    // SAFETY: the caller vouches for the images and the weights.
    unsafe { forward::convolve::<E, T>(evidence, all, weights, workspace) }
}

/// The gradient `dw`, `[out_channels][3][3][in_channels]`, by the weights.
///
/// # Safety
/// All have the sizes of `dims`, and the images are of the tier's numbers.
pub(in crate::lower::kernels) unsafe fn weight_gradient(
    tier: Tier,
    tile: TileSize,
    x: &Image,
    dy: &Image,
    dw: Shared<f32>,
    dims: &Dims,
    workspace: &mut Workspace,
) {
    // SAFETY: the caller vouches for the images.
    unsafe { by_types!(tier, tile, gradient_as(x, dy, dw, dims, workspace)) }
}

unsafe fn gradient_as<E: Scalar, T: Tile>(
    evidence: E::Evidence,
    x: &Image,
    dy: &Image,
    dw: Shared<f32>,
    dims: &Dims,
    workspace: &mut Workspace,
) {
    // SAFETY: the caller vouches for the sizes.
    unsafe { weights::gradient::<E, T>(evidence, x.data(), dy.data(), dw, dims, workspace) }
}
