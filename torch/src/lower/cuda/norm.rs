//! Batch normalisation together with the activation, the 2 x 2 max pool and the sum that follow
//! it, forward and backward. What activation and pool let through is found again from the input
//! and not stored.

use netc::graph::op::Activation;
use netc::lower::schedule::{FusedOps, in_kernels};
use tch::{Kind, TchError, Tensor};

use super::GpuKernels;
use super::image::{GpuImage, floats, vector};
use super::launch::{KernelArgument, THREADS, suffix};
use crate::lower::kernels::{FromTo, Owned};

/// Channels that a block works on, `WIDTH` of the kernels, and pixels that a thread sums up in fp32
/// at most, `RUN`.
const WIDTH: u32 = 64;
const RUN: u32 = 128;

/// The statistics of a batch, and normalisation as `scale * x + shift`: mean, 1 / sqrt(var + eps),
/// scale and shift, `[4, C]`, fp32.
#[derive(Debug)]
pub struct GpuMoments(Tensor);

impl GpuMoments {
    /// Those that change nothing but add a bias, if there is one.
    ///
    /// # Errors
    /// A bias of another length or kind.
    pub fn none(
        kernels: &GpuKernels,
        channels: usize,
        bias: Option<&Tensor>,
    ) -> Result<GpuMoments, TchError> {
        let full =
            |value: f64| Tensor::f_full([channels as i64], value, (Kind::Float, kernels.device()));
        let (zeros, ones) = (full(0.0)?, full(1.0)?);
        let shift = bias.map_or_else(|| Ok(zeros.shallow_clone()), Tensor::f_detach)?;
        let rows = Tensor::f_stack(&[&zeros, &ones, &ones, &shift], 0)?;
        Ok(GpuMoments(rows))
    }
}

/// How a kernel over pixels is launched.
struct LaunchGrid {
    blocks: u32,
    tiles: u32,
}

impl GpuKernels {
    /// The statistics of `x` over all but its channels, biased variance; moves the running ones by
    /// `momentum`, the running variance by the unbiased one.
    ///
    /// # Errors
    /// Tensors of another kind, shape or layout.
    pub fn moments(
        &self,
        x: &Tensor,
        owned: Owned<'_>,
        momentum: f64,
        eps: f64,
    ) -> Result<GpuMoments, TchError> {
        let x = GpuImage::of(x)?;
        let (channels, rows) = (x.sizes[1], x.pixels());
        if rows < 2 {
            return Err(TchError::Shape(
                "one value a channel has no variance to normalise by".into(),
            ));
        }
        let [weight, bias, mean, var] = owned.map(|tensor| floats(tensor, channels));
        let vector = vector(&[&x]);
        let grid = self.grid(rows, channels, vector, true)?;
        let moments = self.memory(&[4, channels.into()], Kind::Float)?;
        let partials = self.partials(&grid)?;
        let arguments = [
            (&x).into(),
            weight?,
            bias?,
            mean?,
            var?,
            (&moments).into(),
            (&partials).into(),
            self.tickets().into(),
            rows.into(),
            channels.into(),
            momentum.into(),
            eps.into(),
        ];
        self.over_pixels("statistics", &x, vector, &grid, &arguments)?;
        Ok(GpuMoments(moments))
    }

    /// Writes what comes after: `y = pool(activation(scale * x + shift))`, plus `add`.
    ///
    /// # Errors
    /// Tensors of another kind, shape or layout.
    pub fn normalise(
        &self,
        images: FromTo<'_>,
        moments: &GpuMoments,
        after: FusedOps,
        add: Option<&Tensor>,
    ) -> Result<(), TchError> {
        let (x, y) = (GpuImage::of(images.from)?, GpuImage::of(images.to)?);
        let add = add.map(GpuImage::of).transpose()?;
        fits(after, &x, &y)?;
        add.iter().try_for_each(|add| add.same(&y))?;
        let [_, channels, _, width] = y.sizes;
        let all: Vec<&GpuImage<'_>> = [&x, &y].into_iter().chain(&add).collect();
        let (vector, pixels) = (vector(&all), y.pixels());
        let grid = self.grid(pixels, channels, vector, false)?;
        let [activation, parameter] = coded(after.activation)?;
        let arguments = [
            (&x).into(),
            (&y).into(),
            add.as_ref().map_or(KernelArgument::NULL, Into::into),
            floats(&moments.0, 4 * channels)?,
            pixels.into(),
            channels.into(),
            width.into(),
            activation,
            parameter,
        ];
        let kernel = if after.pool { "normalise_pool" } else { "normalise" };
        self.over_pixels(kernel, &x, vector, &grid, &arguments)
    }

    /// Turns `x`, the input of [`normalise`](GpuKernels::normalise), into the gradient with respect
    /// to it, from that with respect to the output, which is the sum of one or two tensors; writes
    /// the gradients with respect to weight and bias.
    ///
    /// # Errors
    /// Tensors of another kind, shape or layout.
    pub fn normalise_backward(
        &self,
        x: &Tensor,
        gradient: [Option<&Tensor>; 2],
        moments: &GpuMoments,
        weight: &Tensor,
        after: FusedOps,
        grad_owned: [&Tensor; 2],
    ) -> Result<(), TchError> {
        let x = GpuImage::of(x)?;
        let [first, second] = gradient.map(|gradient| gradient.map(GpuImage::of).transpose());
        let (first, second) =
            (first?.ok_or_else(|| TchError::Shape("there is no gradient".into()))?, second?);
        fits(after, &x, &first)?;
        second.iter().try_for_each(|second| second.same(&first))?;
        let [_, channels, _, width] = first.sizes;
        let moments = floats(&moments.0, 4 * channels)?;
        let [grad_weight, grad_bias] = grad_owned.map(|tensor| floats(tensor, channels));
        let all: Vec<&GpuImage<'_>> = [&x, &first].into_iter().chain(&second).collect();
        let (vector, pixels) = (vector(&all), first.pixels());
        let more = second.as_ref().map_or(KernelArgument::NULL, Into::into);
        let factors = self.memory(&[3, channels.into()], Kind::Float)?;
        let grid = self.grid(pixels, channels, vector, true)?;
        let partials = self.partials(&grid)?;
        let [activation, parameter] = coded(after.activation)?;
        let sums = [
            (&x).into(),
            (&first).into(),
            more,
            moments,
            floats(weight, channels)?,
            grad_weight?,
            grad_bias?,
            (&factors).into(),
            (&partials).into(),
            self.tickets().into(),
            pixels.into(),
            channels.into(),
            width.into(),
            activation,
            parameter,
        ];
        let pooled = |plain, pool| if after.pool { pool } else { plain };
        let kernel = pooled("gradient_sums", "gradient_sums_pool");
        self.over_pixels(kernel, &x, vector, &grid, &sums)?;
        let grid = self.grid(pixels, channels, vector, false)?;
        let input = [
            (&x).into(),
            (&first).into(),
            more,
            (&x).into(),
            moments,
            (&factors).into(),
            pixels.into(),
            channels.into(),
            width.into(),
            activation,
            parameter,
        ];
        let kernel = pooled("gradient_input", "gradient_input_pool");
        self.over_pixels(kernel, &x, vector, &grid, &input)
    }

    /// A 2 x 2 max pool; the last row or column of an odd size is dropped.
    ///
    /// # Errors
    /// Tensors of another kind, shape or layout.
    pub fn max_pool(&self, images: FromTo<'_>) -> Result<(), TchError> {
        let (x, y) = (GpuImage::of(images.from)?, GpuImage::of(images.to)?);
        y.pooled(&x)?;
        let [_, channels, height, width] = x.sizes;
        let (vector, pixels) = (vector(&[&x, &y]), y.pixels());
        let grid = self.grid(pixels, channels, vector, false)?;
        let sizes = [pixels, channels, height, width].map(KernelArgument::from);
        let images = [&x, &y].map(KernelArgument::from);
        let arguments: Vec<KernelArgument> = images.into_iter().chain(sizes).collect();
        self.over_pixels("max_pool", &x, vector, &grid, &arguments)
    }

    /// Writes the gradient with respect to `x`, the input of a 2 x 2 max pool, from that with
    /// respect to its output.
    ///
    /// # Errors
    /// Tensors of another kind, shape or layout.
    pub fn max_pool_backward(
        &self,
        x: &Tensor,
        gradient: &Tensor,
        grad_input: &Tensor,
    ) -> Result<(), TchError> {
        let [x, gradient, grad_input] =
            [GpuImage::of(x)?, GpuImage::of(gradient)?, GpuImage::of(grad_input)?];
        gradient.pooled(&x)?;
        grad_input.same(&x)?;
        let [_, channels, height, width] = x.sizes;
        let (vector, pixels) = (vector(&[&x, &gradient, &grad_input]), gradient.pixels());
        let grid = self.grid(pixels, channels, vector, false)?;
        let sizes = [pixels, channels, height, width].map(KernelArgument::from);
        let images = [&x, &gradient, &grad_input].map(KernelArgument::from);
        let arguments: Vec<KernelArgument> = images.into_iter().chain(sizes).collect();
        self.over_pixels("max_pool_gradient", &x, vector, &grid, &arguments)
    }

    /// The largest number of each channel of each image.
    ///
    /// # Errors
    /// Tensors of another kind, shape or layout.
    pub fn global_max(&self, images: FromTo<'_>) -> Result<(), TchError> {
        let (x, y) = (GpuImage::of(images.from)?, GpuImage::of(images.to)?);
        self.over_channels("global_max", &x, &[&y], &y)
    }

    /// Writes the gradient with respect to `x`, the input of a [global max
    /// pool](GpuKernels::global_max), from that with respect to its output.
    ///
    /// # Errors
    /// Tensors of another kind, shape or layout.
    pub fn global_max_backward(
        &self,
        x: &Tensor,
        gradient: &Tensor,
        grad_input: &Tensor,
    ) -> Result<(), TchError> {
        let [x, gradient, grad_input] =
            [GpuImage::of(x)?, GpuImage::of(gradient)?, GpuImage::of(grad_input)?];
        grad_input.same(&x)?;
        self.over_channels("global_max_gradient", &x, &[&gradient, &grad_input], &gradient)
    }

    fn over_channels(
        &self,
        kernel: &str,
        x: &GpuImage<'_>,
        others: &[&GpuImage<'_>],
        one: &GpuImage<'_>,
    ) -> Result<(), TchError> {
        let [images, channels, height, width] = x.sizes;
        if one.sizes != [images, channels, 1, 1] || one.kind != x.kind {
            return Err(TchError::Shape(format!("no {:?} of {:?}", one.sizes, x.sizes)));
        }
        let all: Vec<&GpuImage<'_>> = [x].into_iter().chain(others.iter().copied()).collect();
        let vector = vector(&all);
        let numbers = [images, height * width, channels].map(KernelArgument::from);
        let arguments: Vec<KernelArgument> =
            all.into_iter().map(KernelArgument::from).chain(numbers).collect();
        let name = format!("{kernel}_v{vector}_{}", suffix(x.kind)?);
        let blocks = (images * (channels / vector)).div_ceil(THREADS);
        self.launch(&name, [blocks, 1], THREADS, &arguments)
    }

    fn over_pixels(
        &self,
        kernel: &str,
        x: &GpuImage<'_>,
        vector: u32,
        grid: &LaunchGrid,
        arguments: &[KernelArgument],
    ) -> Result<(), TchError> {
        let name = format!("{kernel}_v{vector}_{}", suffix(x.kind)?);
        self.launch(&name, [grid.blocks, grid.tiles], THREADS, arguments)
    }

    /// The blocks for so many pixels: enough to fill the GPU, and where fp32 sums are taken, to
    /// keep them short.
    fn grid(
        &self,
        pixels: u32,
        channels: u32,
        vector: u32,
        sums: bool,
    ) -> Result<LaunchGrid, TchError> {
        let tiles = channels.div_ceil(WIDTH);
        if tiles as usize > GpuKernels::TICKETS {
            return Err(TchError::Shape(format!(
                "{channels} channels are too many for the kernels"
            )));
        }
        let rows = THREADS / (channels / vector).min(WIDTH / vector);
        let full = (self.most_blocks() / tiles).max(1);
        let least = if sums { pixels.div_ceil(RUN * rows) } else { 1 };
        Ok(LaunchGrid { blocks: pixels.div_ceil(4 * rows).min(full).max(least), tiles })
    }

    /// Memory for the sums of all blocks.
    fn partials(&self, grid: &LaunchGrid) -> Result<Tensor, TchError> {
        let count = i64::from(grid.blocks) * i64::from(grid.tiles) * 2 * i64::from(WIDTH);
        self.memory(&[count], Kind::Float)
    }
}

/// An activation and its parameter, as the kernels number them.
fn coded(activation: Option<Activation>) -> Result<[KernelArgument; 2], TchError> {
    let Some(activation) = activation else { return Ok([0u32.into(), 0.0f32.into()]) };
    let found = in_kernels(activation).gpu;
    let (code, parameter) =
        found.ok_or_else(|| TchError::Shape(format!("no kernels for {activation:?}")))?;
    Ok([code.into(), (parameter as f32).into()])
}

/// Whether `y` is what the fused ops leave of `x`, whose sizes are even where one is a pool.
fn fits(after: FusedOps, x: &GpuImage<'_>, y: &GpuImage<'_>) -> Result<(), TchError> {
    let [_, _, height, width] = x.sizes;
    match after.pool {
        true if !(height | width).is_multiple_of(2) => {
            Err(TchError::Shape(format!("a fused pool of {height} x {width}")))
        }
        true => y.pooled(x),
        false => y.same(x),
    }
}
