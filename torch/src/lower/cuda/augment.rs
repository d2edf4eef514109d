//! Augmentation of a batch from resident bytes in one pass.

use tch::{Kind, TchError, Tensor};

use super::launch::{KernelArgument, THREADS, count, suffix};
use super::{DeviceState, GpuKernels};

/// Channels of an augmented image, as many as cuDNN's 16-bit kernels for channels-last images want;
/// those that the data lack are 0.
pub const CHANNELS: i64 = 8;

/// What is done to the image at a place in the order of an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draw {
    /// Which image.
    pub image: u32,
    /// First row and column of the crop, in the padded image.
    pub crop: [u16; 2],
    /// First row and column of the square that is set to 0.
    pub cutout: [u16; 2],
    /// Whether it is mirrored.
    pub flip: bool,
}

impl Draw {
    /// The draws of an epoch as a table on a device.
    ///
    /// # Errors
    /// Errors of libtorch.
    pub fn table(draws: &[Draw], kernels: &GpuKernels) -> Result<Tensor, TchError> {
        let mut table: Vec<u8> = Vec::with_capacity(16 * draws.len());
        for draw in draws {
            table.extend(draw.image.to_ne_bytes());
            for place in draw.crop.iter().chain(&draw.cutout) {
                table.extend(place.to_ne_bytes());
            }
            table.extend(u32::from(draw.flip).to_ne_bytes());
        }
        Tensor::f_from_slice(&table)?.f_reshape([-1, 16])?.f_to_device(kernels.device())
    }
}

/// Images and labels on a device.
#[derive(Debug)]
pub struct ImageSource<'a> {
    /// Padded pixels, `[images * rows * columns, channels]`, bytes.
    pub pixels: &'a Tensor,
    /// `[images]`, int64.
    pub labels: &'a Tensor,
    /// Channels, rows and columns of an image without its padding.
    pub image: [i64; 3],
    /// Rows and columns of padding on each side.
    pub pad: i64,
    /// The side of the square that is set to 0.
    pub cutout: i64,
    /// By channel.
    pub mean: &'a [f32],
    /// By channel.
    pub std: &'a [f32],
}

/// Where a batch is written.
#[derive(Debug)]
pub struct Augmented {
    /// `[N, 8, rows, columns]`, channels last.
    pub images: Tensor,
    /// `[N]`, int64.
    pub labels: Tensor,
}

impl Augmented {
    /// Memory for a batch.
    ///
    /// # Errors
    /// Errors of libtorch.
    pub fn new(
        kernels: &GpuKernels,
        size: usize,
        image: [i64; 3],
        kind: Kind,
    ) -> Result<Augmented, TchError> {
        let [_, height, width] = image;
        let sizes = [size as i64, height, width, CHANNELS];
        let images = kernels.memory(&sizes, kind)?.f_permute([0, 3, 1, 2])?;
        Ok(Augmented { images, labels: kernels.memory(&[size as i64], Kind::Int64)? })
    }

    /// The memory of the first images alone.
    ///
    /// # Errors
    /// More than there are.
    pub fn first(&self, count: usize) -> Result<Augmented, TchError> {
        let first = |tensor: &Tensor| tensor.f_narrow(0, 0, count as i64);
        Ok(Augmented { images: first(&self.images)?, labels: first(&self.labels)? })
    }

    /// The images in the channels that the data have.
    ///
    /// # Errors
    /// Errors of libtorch.
    pub fn plain(&self, channels: i64) -> Result<Tensor, TchError> {
        self.images.f_narrow(1, 0, channels)
    }
}

impl GpuKernels {
    /// Writes the batch that begins at the state's place in the order of the draws: cropped,
    /// mirrored, normalised, with a square of 0.
    ///
    /// # Errors
    /// Tensors of another kind or shape, images with more than 8 channels.
    pub fn augment(
        &self,
        source: &ImageSource<'_>,
        draws: &Tensor,
        state: &DeviceState,
        to: &Augmented,
    ) -> Result<(), TchError> {
        let [channels, height, width] = source.image;
        let pixel = (height + 2 * source.pad) * (width + 2 * source.pad);
        let images = source.labels.size1()?;
        let fits = source.pixels.kind() == Kind::Uint8
            && source.pixels.is_contiguous()
            && source.pixels.size() == [images * pixel, channels]
            && source.labels.kind() == Kind::Int64
            && draws.kind() == Kind::Uint8
            && draws.size().get(1) == Some(&16)
            && channels <= CHANNELS
            && [source.mean, source.std].iter().all(|by| by.len() == channels as usize)
            && to.images.size() == [to.labels.size1()?, CHANNELS, height, width];
        if !fits {
            return Err(TchError::Shape(format!(
                "no batch {:?} of images {:?} in {:?}",
                to.images.size(),
                source.image,
                source.pixels.size()
            )));
        }
        let mut colours = [0.0f32; 16];
        colours[..source.mean.len()].copy_from_slice(source.mean);
        colours[8..].fill(1.0);
        colours[8..8 + source.std.len()].copy_from_slice(source.std);
        let number = |size: i64| count(size as usize).map(KernelArgument::from);
        let arguments = [
            source.pixels.into(),
            source.labels.into(),
            draws.into(),
            state.into(),
            (&to.images).into(),
            (&to.labels).into(),
            number(height)?,
            number(width)?,
            number(source.pad)?,
            number(channels)?,
            number(source.cutout)?,
            KernelArgument::Floats(colours),
        ];
        let name = format!("augment_{}", suffix(to.images.kind())?);
        self.launch(&name, [count(to.labels.numel())?, 1], THREADS, &arguments)
    }
}
