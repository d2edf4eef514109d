//! A data set on the device that yields augmented batches. All operations work on whole batches.

use netc::recipe::{Task, TestViews};
use netc::run::RunError;
use netc::run::augment::{Augmentation, Draws};
use netc::run::data::{Dataset, Split};
use tch::{Device, Kind, TchError, Tensor};

use crate::lower::At;
use crate::lower::cuda::{self, Augmented, Draw, GpuKernels, ImageSource};

/// The images and labels of one split on the device.
///
/// Pixels are bytes in NHWC layout, so that a crop is a single gather of whole pixels and batches
/// are channels-last, as convolutions need.
#[derive(Debug)]
pub struct Batches {
    /// Padded pixels, `[images * rows * columns, channels]`, bytes.
    pixels: Tensor,
    /// `[images]`, int64.
    labels: Tensor,
    count: usize,
    /// Channels, rows and columns of an image without its padding.
    image: [i64; 3],
    pad: i64,
    cutout: i64,
    /// Mean and standard deviation of each channel, on the host.
    colours: [Vec<f32>; 2],
    /// The same of each number in a row of pixels, `[columns * channels]`, fp32.
    row: [Tensor; 2],
    /// Rows, as offsets into the padded image, `[1, rows, 1]`.
    rows: Tensor,
    /// Columns from left to right, and from right to left, `[2, columns]`.
    columns: Tensor,
    /// The rows (columns) that a square starting at a row (column) covers, `[starts, length]`,
    /// bool.
    covered: [Tensor; 2],
}

/// Some examples on the device.
#[derive(Debug)]
pub struct Batch {
    /// `[N, channels, rows, columns]`, normalised, fp32.
    pub images: Tensor,
    /// The class of each image, `[N]`, int64.
    pub targets: Tensor,
}

impl Batch {
    /// How many examples there are.
    pub fn len(&self) -> usize {
        self.targets.size().first().map_or(0, |&count| count as usize)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// One epoch's draws on the device; one entry for each place in the epoch's order.
#[derive(Debug)]
pub struct EpochDraws {
    /// The image.
    order: Tensor,
    /// The first pixel of its crop.
    first: Tensor,
    /// 1 to mirror it.
    flip: Tensor,
    /// First row and first column of its square.
    cutout: [Tensor; 2],
}

impl Batches {
    /// Moves the first `limit` examples of a split to a device, padded for `what`.
    ///
    /// # Errors
    /// No examples, more padding than reflection allows, a square larger than the image, too
    /// little memory.
    pub fn new(
        data: &Dataset,
        split: &Split,
        limit: Option<usize>,
        what: Augmentation,
        device: Device,
    ) -> Result<Batches, RunError> {
        let [channels, rows, columns] = data.image;
        augmentable(what, TestViews::Plain, data.image)?;
        let count = limit.unwrap_or(usize::MAX).min(split.labels.len());
        if count == 0 {
            return Err(RunError::Data(format!(
                "expected at least one image of {} to use",
                data.name
            )));
        }
        let images = &split.images[..count * channels * rows * columns];
        Batches::build(data, images, &split.labels[..count], what, device)
            .at("loading the images")
            .map_err(Into::into)
    }

    fn build(
        data: &Dataset,
        images: &[u8],
        labels: &[u16],
        what: Augmentation,
        device: Device,
    ) -> Result<Batches, TchError> {
        let image = data.image.map(|d| d as i64);
        let [channels, height, width] = image;
        let (count, pad) = (labels.len() as i64, what.crop_pad as i64);
        let reflect = |length| {
            let index: Vec<i64> = (-pad..length + pad).map(|i| reflected(i, length)).collect();
            Tensor::f_from_slice(&index)
        };
        let pixels = Tensor::f_from_slice(images)?
            .f_reshape([count, channels, height, width])?
            .f_permute([0, 2, 3, 1])?
            .f_index_select(1, &reflect(height)?)?
            .f_index_select(2, &reflect(width)?)?
            .f_reshape([-1, channels])?;
        let ascending: Vec<i64> = (0..width).collect();
        let both: Vec<i64> = ascending.iter().chain(ascending.iter().rev()).copied().collect();
        let row_offsets: Vec<i64> = (0..height).map(|row| row * (width + 2 * pad)).collect();
        let cutout = what.cutout as i64;
        let to = |tensor: Tensor| tensor.f_to_device(device);
        let colours = [&data.normalisation.mean, &data.normalisation.std]
            .map(|by| by[..data.image[0]].to_vec());
        let [mean, std] =
            colours.each_ref().map(|by| to(Tensor::f_from_slice(by)?.f_repeat([width])?));
        Ok(Batches {
            pixels: to(pixels.f_contiguous()?)?,
            labels: to(Tensor::f_from_slice(
                &labels.iter().map(|&label| label.into()).collect::<Vec<i64>>(),
            )?)?,
            count: labels.len(),
            image,
            pad,
            cutout,
            colours,
            row: [mean?, std?],
            rows: to(Tensor::f_from_slice(&row_offsets)?.f_reshape([1, -1, 1])?)?,
            columns: to(Tensor::f_from_slice(&both)?.f_reshape([2, -1])?)?,
            covered: [to(covered(height, cutout)?)?, to(covered(width, cutout)?)?],
        })
    }

    /// The task that the targets are for.
    pub fn task(&self) -> Task {
        Task::Classification
    }

    /// How many examples there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Channels, rows and columns of an image.
    pub fn image(&self) -> [i64; 3] {
        self.image
    }

    /// Rows and columns of padding on each side.
    pub fn padding(&self) -> usize {
        usize::try_from(self.pad).unwrap_or(0)
    }

    /// Whether [`augment`](Batches::augment) can be used.
    pub fn fit_kernels(&self) -> bool {
        let [channels, height, width] = self.image;
        let places = height.max(width) + 2 * self.pad;
        channels <= cuda::CHANNELS && places < 1 << 16 && self.count < 1 << 31
    }

    /// An epoch's draws as the kernels read them.
    pub fn draws(&self, draws: &Draws, kernels: &GpuKernels) -> Result<Tensor, TchError> {
        let pair = |places: &[i64; 2]| places.map(|place| place as u16);
        let draw = |i: usize| Draw {
            image: draws.order[i] as u32,
            crop: pair(&draws.crop[i]),
            cutout: pair(&draws.cutout[i]),
            flip: draws.flip[i] == 1,
        };
        let all: Vec<Draw> = (0..draws.order.len()).map(draw).collect();
        Draw::table(&all, kernels)
    }

    /// Writes the augmented examples at the state's place in the order of an epoch, by kernels.
    pub fn augment(
        &self,
        kernels: &GpuKernels,
        draws: &Tensor,
        state: &cuda::DeviceState,
        to: &Augmented,
    ) -> Result<(), TchError> {
        let [mean, std] = &self.colours;
        let source = ImageSource {
            pixels: &self.pixels,
            labels: &self.labels,
            image: self.image,
            pad: self.pad,
            cutout: self.cutout,
            mean,
            std,
        };
        kernels.augment(&source, draws, state, to)
    }

    /// Moves an epoch's draws to the device.
    pub fn epoch(&self, draws: &Draws) -> Result<EpochDraws, TchError> {
        let [_, height, width] = self.image;
        let (tall, wide) = (height + 2 * self.pad, width + 2 * self.pad);
        let places = draws.order.iter().zip(&draws.crop);
        let first: Vec<i64> = places.map(|(image, [y, x])| (image * tall + y) * wide + x).collect();
        let cut = |axis: usize| draws.cutout.iter().map(|at| at[axis]).collect::<Vec<i64>>();
        let to = |list: &[i64]| Tensor::f_from_slice(list)?.f_to_device(self.pixels.device());
        Ok(EpochDraws {
            order: to(&draws.order)?,
            first: to(&first)?,
            flip: to(&draws.flip)?,
            cutout: [to(&cut(0))?, to(&cut(1))?],
        })
    }

    /// The augmented examples at `start..start + count` of an epoch's order.
    pub fn training(
        &self,
        epoch: &EpochDraws,
        start: usize,
        count: usize,
    ) -> Result<Batch, TchError> {
        let pick = |list: &Tensor| list.f_narrow(0, start as i64, count as i64);
        let columns = self.columns.f_index_select(0, &pick(&epoch.flip)?)?.f_unsqueeze(1)?;
        let mut images = self.crop(&pick(&epoch.first)?, &columns)?;
        if self.cutout > 0 {
            let rows =
                self.covered[0].f_index_select(0, &pick(&epoch.cutout[0])?)?.f_unsqueeze(2)?;
            let columns =
                self.covered[1].f_index_select(0, &pick(&epoch.cutout[1])?)?.f_unsqueeze(1)?;
            let _ = images.f_masked_fill_(&rows.f_logical_and(&columns)?.f_unsqueeze(1)?, 0.0)?;
        }
        let targets = self.labels.f_index_select(0, &pick(&epoch.order)?)?;
        Ok(Batch { images, targets })
    }

    /// The examples `start..start + count`, not augmented.
    pub fn plain(&self, start: usize, count: usize) -> Result<Batch, TchError> {
        let [channels, height, width] = self.image;
        let (tall, wide) = (height + 2 * self.pad, width + 2 * self.pad);
        let pixels = self
            .pixels
            .f_reshape([-1, tall, wide, channels])?
            .f_narrow(0, start as i64, count as i64)?
            .f_narrow(1, self.pad, height)?
            .f_narrow(2, self.pad, width)?;
        let images = self.normalised(&pixels)?;
        let targets = self.labels.f_narrow(0, start as i64, count as i64)?;
        Ok(Batch { images, targets })
    }

    /// Gathers images by first pixel `[n]` and columns `[n or 1, 1, columns]`, and normalises them.
    fn crop(&self, first: &Tensor, columns: &Tensor) -> Result<Tensor, TchError> {
        let pixel =
            first.f_reshape([-1, 1, 1])?.f_add(&self.rows)?.f_add(columns)?.f_flatten(0, -1)?;
        self.normalised(&self.pixels.f_index_select(0, &pixel)?)
    }

    /// Images of pixels in this order, `[..., C]`, minus the mean and divided by the standard
    /// deviation.
    fn normalised(&self, pixels: &Tensor) -> Result<Tensor, TchError> {
        let [channels, height, width] = self.image;
        let [mean, std] = &self.row;
        pixels
            .f_to_kind(Kind::Float)?
            .f_reshape([-1, width * channels])?
            .f_sub_(mean)?
            .f_div_(std)?
            .f_reshape([-1, height, width, channels])?
            .f_permute([0, 3, 1, 2])
    }
}

/// The index that reflection padding reads for index `i` of `length`; the edge itself is not
/// repeated.
fn reflected(i: i64, length: i64) -> i64 {
    let last = length - 1;
    last - (last - i.abs()).abs()
}

fn covered(length: i64, side: i64) -> Result<Tensor, TchError> {
    let starts = 0..=length - side;
    let table: Vec<bool> = starts
        .flat_map(|start| (0..length).map(move |i| (start..start + side).contains(&i)))
        .collect();
    Tensor::f_from_slice(&table)?.f_reshape([-1, length])
}

/// Refuses more padding than reflection allows, for training and for the views of a test, and a
/// square larger than the image.
pub(super) fn augmentable(
    what: Augmentation,
    views: TestViews,
    [_, rows, columns]: [usize; 3],
) -> Result<(), RunError> {
    let shorter = rows.min(columns);
    if what.crop_pad >= shorter || what.cutout > shorter {
        return Err(RunError::Data(format!(
            "expected `crop_pad` below and `cutout` up to the image's {shorter} pixels, got {} and {}",
            what.crop_pad, what.cutout
        )));
    }
    if views == TestViews::FlipShift && shorter < 2 {
        return Err(RunError::Data(format!(
            "`test_views: flip_shift` shifts images by a pixel, and these are {rows} x {columns}"
        )));
    }
    Ok(())
}
