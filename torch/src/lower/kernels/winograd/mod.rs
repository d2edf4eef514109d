//! 3 x 3 convolutions by Winograd's algorithm, forward, by the input and by the weights.
//!
//! Images are cut into tiles. Tiles and weights are transformed, so that a convolution becomes one
//! matrix product for each point of the tile, and what comes out is transformed back. A block of
//! tiles goes through all three at a time and stays in the cache.

// A point or a column is the index of several arrays at once.
#![allow(clippy::needless_range_loop)]

mod dims;
mod forward;
mod pack;
mod product;
mod transform;
mod weights;

use netc::lower::winograd::packed as packed_words;
use tch::{TchError, Tensor};

use super::element::{Bf16, Element};
use super::image::{Image, floats};
use super::norm::fits;
use super::pool::{Scratch, Shared};
use super::tile::{F2, F4, Tile};
use super::{Direction, Epilogue, Kernels, TileSize};
use dims::Dims;
use forward::Finish;

/// Memory of the threads, kept from call to call.
#[derive(Debug, Default)]
pub struct Workspace {
    inputs: Vec<Scratch>,
    products: Vec<Scratch>,
    sums: Vec<Scratch>,
}

impl Workspace {
    fn inputs(&mut self, threads: usize, words: usize) -> Vec<Shared<u32>> {
        each(&mut self.inputs, threads, words)
    }

    fn products(&mut self, threads: usize, words: usize) -> Vec<Shared<u32>> {
        each(&mut self.products, threads, words)
    }

    fn sums(&mut self, threads: usize, words: usize) -> Vec<Shared<u32>> {
        each(&mut self.sums, threads, words)
    }
}

fn each(scratch: &mut Vec<Scratch>, threads: usize, words: usize) -> Vec<Shared<u32>> {
    scratch.resize_with(threads.max(scratch.len()), Scratch::default);
    scratch.iter_mut().take(threads).map(|scratch| scratch.words(words)).collect()
}

/// Weights that were transformed, and for what: nothing else can be computed with them.
#[derive(Debug, Default)]
pub struct Packed {
    words: Scratch,
    form: Option<Form>,
}

/// What packed weights are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Form {
    tile: TileSize,
    direction: Direction,
    kind: tch::Kind,
    /// From so many channels to so many, in this direction.
    channels: [usize; 2],
}

impl Kernels {
    /// Transforms fp32 weights `[out_channels, in_channels, 3, 3]`, channels last, for one
    /// direction and images of the kind of `like`.
    ///
    /// # Errors
    /// Tensors of another kind, shape or layout.
    pub fn pack(
        self,
        weight: &Tensor,
        (tile, direction): (TileSize, Direction),
        like: tch::Kind,
        packed: &mut Packed,
    ) -> Result<(), TchError> {
        let (w, [out_channels, in_channels]) = weights(weight)?;
        let dims = Dims { images: 0, height: 0, width: 0, in_channels, out_channels };
        let channels = match direction {
            Direction::Forward => [in_channels, out_channels],
            Direction::Backward => [out_channels, in_channels],
        };
        let form = Some(Form { tile, direction, kind: like, channels });
        if packed.form != form {
            // What lies between the weights stays zero, and another form would leave other places
            // free.
            *packed = Packed::default();
        }
        match (like, tile) {
            (tch::Kind::BFloat16, TileSize::Two) => {
                pack_as::<Bf16, F2>(w, &dims, direction, packed)
            }
            (tch::Kind::BFloat16, TileSize::Four) => {
                pack_as::<Bf16, F4>(w, &dims, direction, packed)
            }
            (tch::Kind::Float, TileSize::Two) => pack_as::<f32, F2>(w, &dims, direction, packed),
            (tch::Kind::Float, TileSize::Four) => pack_as::<f32, F4>(w, &dims, direction, packed),
            (kind, _) => return Err(TchError::Kind(format!("no convolution of {kind:?}"))),
        }
        packed.form = form;
        Ok(())
    }

    /// `to`, `[N, out_channels, H, W]` or what a pool leaves of it, from `from`,
    /// `[N, in_channels, H, W]`, in a direction by weights packed for it, padded by 1. Both are
    /// channels last.
    ///
    /// # Errors
    /// Tensors of another kind, shape or layout; weights packed for another direction, kind or
    /// number of channels, or not packed.
    pub fn convolve(
        self,
        (from, to): (&Tensor, &Tensor),
        direction: Direction,
        packed: &mut Packed,
        finish: Epilogue<'_>,
        workspace: &mut Workspace,
    ) -> Result<(), TchError> {
        let (x, y) = (Image::of(from)?, Image::of(to)?);
        let [images, in_channels, height, width] = x.sizes;
        let dims = Dims { images, height, width, in_channels, out_channels: y.sizes[1] };
        fits(finish.after, &Image { sizes: [images, dims.out_channels, height, width], ..x }, &y)?;
        let form =
            packed.form.ok_or_else(|| TchError::Shape("the weights are not packed".into()))?;
        let wanted = Form {
            tile: form.tile,
            direction,
            kind: x.kind,
            channels: [in_channels, dims.out_channels],
        };
        if form != wanted {
            return Err(TchError::Shape(format!(
                "expected weights packed for {wanted:?}, got {form:?}"
            )));
        }
        match (x.kind, form.tile) {
            (tch::Kind::BFloat16, TileSize::Two) => {
                convolve_as::<Bf16, F2>(&x, packed, &y, &dims, finish, workspace)
            }
            (tch::Kind::BFloat16, TileSize::Four) => {
                convolve_as::<Bf16, F4>(&x, packed, &y, &dims, finish, workspace)
            }
            (_, TileSize::Two) => convolve_as::<f32, F2>(&x, packed, &y, &dims, finish, workspace),
            (_, TileSize::Four) => convolve_as::<f32, F4>(&x, packed, &y, &dims, finish, workspace),
        }
    }

    /// The gradient `dw` by the weights, fp32 `[out_channels, in_channels, 3, 3]`, from the input
    /// and the gradient by the output. All are channels last.
    ///
    /// # Errors
    /// Tensors of another kind, shape or layout.
    pub fn weight_gradient(
        self,
        (x, dy): (&Tensor, &Tensor),
        dw: &Tensor,
        tile: TileSize,
        workspace: &mut Workspace,
    ) -> Result<(), TchError> {
        let (x, dy) = (Image::of(x)?, Image::of(dy)?);
        x.same_pixels(&dy)?;
        let (w, sizes) = weights(dw)?;
        if sizes != [dy.sizes[1], x.sizes[1]] {
            return Err(TchError::Shape(format!(
                "weights of {sizes:?} for {:?} and {:?}",
                x.sizes, dy.sizes
            )));
        }
        let [images, in_channels, height, width] = x.sizes;
        let dims = Dims { images, height, width, in_channels, out_channels: dy.sizes[1] };
        // SAFETY: the tensors have these sizes and are of this kind, and the token shows that the
        // machine has the features.
        unsafe {
            match (x.kind, tile) {
                (tch::Kind::BFloat16, TileSize::Two) => {
                    weights::gradient::<Bf16, F2>(x.data(), dy.data(), w, &dims, workspace);
                }
                (tch::Kind::BFloat16, TileSize::Four) => {
                    weights::gradient::<Bf16, F4>(x.data(), dy.data(), w, &dims, workspace);
                }
                (_, TileSize::Two) => {
                    weights::gradient::<f32, F2>(x.data(), dy.data(), w, &dims, workspace)
                }
                (_, TileSize::Four) => {
                    weights::gradient::<f32, F4>(x.data(), dy.data(), w, &dims, workspace)
                }
            }
        }
        Ok(())
    }
}

fn weights(weight: &Tensor) -> Result<(Shared<f32>, [usize; 2]), TchError> {
    let image = Image::of(weight)?;
    match image.sizes {
        [out_channels, in_channels, 3, 3] if image.kind == tch::Kind::Float => {
            Ok((image.data(), [out_channels, in_channels]))
        }
        other => Err(TchError::Shape(format!(
            "expected fp32 weights of 3 x 3, got {:?} {other:?}",
            image.kind
        ))),
    }
}

fn pack_as<E: Element, T: Tile>(
    w: Shared<f32>,
    dims: &Dims,
    direction: Direction,
    packed: &mut Packed,
) {
    // SAFETY: the weights have these sizes and the scratch is as large as the packed ones; zeros at
    // first.
    unsafe {
        match direction {
            Direction::Forward => {
                let to = packed.words.words(packed_words(
                    T::SIZE,
                    E::PACK,
                    dims.in_channels,
                    dims.out_channels,
                ));
                pack::forward::<E, T>(w, dims, to);
            }
            Direction::Backward => {
                let to = packed.words.words(packed_words(
                    T::SIZE,
                    E::PACK,
                    dims.out_channels,
                    dims.in_channels,
                ));
                pack::backward::<E, T>(w, dims, to);
            }
        }
    }
}

fn convolve_as<E: Element, T: Tile>(
    x: &Image,
    packed: &mut Packed,
    y: &Image,
    dims: &Dims,
    finish: Epilogue<'_>,
    workspace: &mut Workspace,
) -> Result<(), TchError> {
    let bias = finish.bias.map(|bias| floats(bias, dims.out_channels)).transpose()?;
    let add = finish.add.map(Image::of).transpose()?;
    add.iter().try_for_each(|add| add.same(y))?;
    let finish = Finish { bias, after: finish.after, add: add.as_ref().map(Image::data) };
    let size = packed_words(T::SIZE, E::PACK, dims.in_channels, dims.out_channels);
    // SAFETY: the images have these sizes, and the weights were packed for them.
    unsafe {
        forward::convolve::<E, T>(
            x.data(),
            packed.words.words(size),
            y.data(),
            dims,
            finish,
            workspace,
        )
    };
    Ok(())
}
