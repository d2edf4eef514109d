//! Tensors as memory of kernels.

use tch::{Kind, TchError, Tensor};

use super::launch::{KernelArgument, count, suffix};

/// A tensor `[N, C, H, W]` with the channels innermost in memory and nothing between them.
#[derive(Debug, Clone, Copy)]
pub(super) struct GpuImage<'a> {
    pub tensor: &'a Tensor,
    pub kind: Kind,
    /// N, C, H, W.
    pub sizes: [u32; 4],
}

impl<'a> GpuImage<'a> {
    pub(super) fn of(tensor: &'a Tensor) -> Result<GpuImage<'a>, TchError> {
        let refuse = || {
            TchError::Shape(format!(
                "expected a dense image, channels last, below 2^31 pixels, \
                 got {:?} {:?} with strides {:?}",
                tensor.kind(),
                tensor.size(),
                tensor.stride()
            ))
        };
        let [n, c, h, w]: [i64; 4] = tensor.size4().map_err(|_| refuse())?.into();
        let dense = [h * w * c, 1, w * c, c];
        let stride = tensor.stride();
        let mut lies = [n, c, h, w].into_iter().zip(dense).zip(&stride);
        let lies = lies.all(|((size, want), has)| size == 1 || want == *has);
        let small = n.checked_mul(h * w).is_some_and(|pixels| pixels > 0 && pixels < 1 << 31);
        if !lies || !small {
            return Err(refuse());
        }
        suffix(tensor.kind())?;
        let sizes = [n, c, h, w].map(|size| u32::try_from(size).unwrap_or(u32::MAX));
        Ok(GpuImage { tensor, kind: tensor.kind(), sizes })
    }

    /// The channels in one access of memory of 16 bytes.
    fn wide(&self) -> u32 {
        if self.kind == Kind::Float { 4 } else { 8 }
    }

    pub(super) fn pixels(&self) -> u32 {
        self.sizes[0] * self.sizes[2] * self.sizes[3]
    }

    pub(super) fn same(&self, other: &GpuImage<'_>) -> Result<(), TchError> {
        match self.sizes == other.sizes && self.kind == other.kind {
            true => Ok(()),
            false => Err(TchError::Shape(format!(
                "expected images alike, got {:?} {:?} and {:?} {:?}",
                self.kind, self.sizes, other.kind, other.sizes
            ))),
        }
    }

    /// Whether this is what a 2 x 2 pool leaves of an image, whose odd last row or column it drops.
    pub(super) fn pooled(&self, from: &GpuImage<'_>) -> Result<(), TchError> {
        let [images, channels, height, width] = from.sizes;
        let fits = self.sizes == [images, channels, height / 2, width / 2];
        match fits && self.kind == from.kind {
            true => Ok(()),
            false => Err(TchError::Shape(format!(
                "no {:?} {:?} from {:?} {:?}",
                self.kind, self.sizes, from.kind, from.sizes
            ))),
        }
    }
}

impl From<&GpuImage<'_>> for KernelArgument {
    fn from(image: &GpuImage<'_>) -> KernelArgument {
        image.tensor.into()
    }
}

/// Channels in one access of memory: as many as 16 bytes hold where sizes and addresses allow it.
pub(super) fn vector(images: &[&GpuImage<'_>]) -> u32 {
    let wide = |image: &&GpuImage<'_>| {
        image.sizes[1].is_multiple_of(image.wide())
            && image.tensor.data_ptr().cast::<u8>().align_offset(16) == 0
    };
    images.first().filter(|_| images.iter().all(wide)).map_or(1, |first| first.wide())
}

/// The memory of a dense fp32 tensor of so many numbers.
pub(super) fn floats(tensor: &Tensor, numbers: u32) -> Result<KernelArgument, TchError> {
    let fits =
        tensor.kind() == Kind::Float && tensor.is_contiguous() && count(tensor.numel())? == numbers;
    match fits {
        true => Ok(tensor.into()),
        false => Err(TchError::Shape(format!(
            "expected {numbers} fp32 numbers, got {:?} {:?}",
            tensor.kind(),
            tensor.size()
        ))),
    }
}
