//! Tensors as memory.

use netc::lower::schedule::FusedOps;
pub(super) use tch::Kind;
use tch::{Device, TchError, Tensor};

use super::pool::Shared;

/// Bytes that the caches hold until what follows reads them.
pub(super) const CACHED: usize = 16 << 20;

/// A tensor `[N, C, H, W]` on the CPU, fp32 or bf16, with the channels innermost in memory and
/// nothing between them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Image {
    pub kind: Kind,
    /// N, C, H, W.
    pub sizes: [usize; 4],
    pub at: Shared<u8>,
}

impl Image {
    pub(super) fn of(tensor: &Tensor) -> Result<Image, TchError> {
        let refuse = || {
            TchError::Shape(format!(
                "expected a dense image on the CPU in fp32 or bf16, channels last, got {:?} {:?} with strides {:?}",
                tensor.kind(),
                tensor.size(),
                tensor.stride()
            ))
        };
        let [n, c, h, w] = tensor.size4().map_err(|_| refuse())?.into();
        let kind = tensor.kind();
        let dense = [h * w * c, 1, w * c, c];
        let strides = tensor.stride();
        let at = [n, c, h, w]
            .into_iter()
            .zip(dense)
            .zip(&strides)
            .all(|((size, want), has)| size == 1 || want == *has);
        if !at || !matches!(kind, Kind::Float | Kind::BFloat16) || tensor.device() != Device::Cpu {
            return Err(refuse());
        }
        let sizes = [n, c, h, w].map(|size| usize::try_from(size).unwrap_or(0));
        Ok(Image { kind, sizes, at: Shared::at_pointer(tensor.data_ptr().cast()) })
    }

    /// Its numbers, of a type as large as those of its kind.
    pub(super) fn data<T>(&self) -> Shared<T> {
        self.at.cast()
    }

    /// Whether it is written past the caches, so that what it replaces is not read before: if it
    /// is larger than so many bytes, and whole vectors of its channels are aligned.
    pub(super) fn streams(&self, beyond: usize) -> bool {
        let bytes = self.sizes.iter().product::<usize>() * self.kind.elt_size_in_bytes();
        // SAFETY: the address alone is of interest.
        let is_aligned = unsafe { self.at.at(0) }.align_offset(64) == 0;
        bytes > beyond && is_aligned && self.sizes[1].is_multiple_of(16)
    }

    pub(super) fn same(&self, other: &Image) -> Result<(), TchError> {
        match self.kind == other.kind && self.sizes == other.sizes {
            true => Ok(()),
            false => Err(TchError::Shape(format!(
                "expected images alike, got {:?} {:?} and {:?} {:?}",
                self.kind, self.sizes, other.kind, other.sizes
            ))),
        }
    }
}

/// Whether `y` is what `after` leaves of `x`.
pub(super) fn fits(after: FusedOps, x: &Image, y: &Image) -> Result<(), TchError> {
    if let Some(activation) =
        after.activation.filter(|_| after.beyond_relu() && after.on_cpu().is_none())
    {
        return Err(TchError::Shape(format!("no kernel has {activation:?}")));
    }
    if after.pool && after.beyond_relu() {
        return Err(TchError::Shape("a pool follows a ReLU alone".into()));
    }
    let [images, channels, height, width] = x.sizes;
    let expected = match after.pool {
        true if height % 2 == 1 || width % 2 == 1 => [0; 4],
        true => [images, channels, height / 2, width / 2],
        false => x.sizes,
    };
    match y.sizes == expected && y.kind == x.kind {
        true => Ok(()),
        false => Err(TchError::Shape(format!(
            "no {:?} {:?} from {:?} {:?}",
            y.kind, y.sizes, x.kind, x.sizes
        ))),
    }
}

/// The numbers of an fp32 vector of a known length.
pub(super) fn floats(tensor: &Tensor, count: usize) -> Result<&[f32], TchError> {
    vector(tensor, count)?;
    // SAFETY: a dense fp32 tensor of so many numbers, which lives as long as the slice.
    Ok(unsafe { std::slice::from_raw_parts(tensor.data_ptr().cast_const().cast(), count) })
}

/// The memory of a dense fp32 tensor of so many numbers in any order, to be written to.
pub(super) fn vector(tensor: &Tensor, count: usize) -> Result<Shared<f32>, TchError> {
    let dense = tensor.is_contiguous() || Image::of(tensor).is_ok();
    if tensor.kind() != Kind::Float
        || tensor.device() != Device::Cpu
        || tensor.numel() != count
        || !dense
    {
        let message = format!(
            "expected {count} fp32 numbers on the CPU, got {:?} {:?}",
            tensor.kind(),
            tensor.size()
        );
        return Err(TchError::Shape(message));
    }
    Ok(Shared::at_pointer(tensor.data_ptr().cast()))
}
