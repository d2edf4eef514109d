use netc::graph::Shape;
use netc::lower::schedule::Slots;
use tch::{Device, Kind, TchError, Tensor};

/// Memory for values and gradients that the kernels write.
#[derive(Debug)]
pub(super) struct Buffers {
    slots: Vec<Tensor>,
    like: (Kind, Device),
}

impl Buffers {
    /// Allocates the slots for batches of at most `batch` images.
    pub(super) fn new(
        slots: &Slots,
        batch: usize,
        like: (Kind, Device),
    ) -> Result<Buffers, TchError> {
        let slot = |size: &u64| {
            let count = i64::try_from(size.saturating_mul(batch as u64)).unwrap_or(i64::MAX);
            Tensor::f_empty([count], like)
        };
        Ok(Buffers { slots: slots.sizes.iter().map(slot).collect::<Result<_, _>>()?, like })
    }

    /// The first images of a slot, in channels-last layout; new memory if there is no slot.
    pub(super) fn image(
        &self,
        slot: Option<usize>,
        images: i64,
        shape: &Shape,
    ) -> Result<Tensor, TchError> {
        let sizes = shape.image().ok_or_else(|| TchError::Shape(format!("{shape} is no image")))?;
        let [c, h, w] = sizes.map(|size| size as i64);
        let numbers = match slot.and_then(|slot| self.slots.get(slot)) {
            Some(slot) => slot.f_narrow(0, 0, images * c * h * w)?,
            None => Tensor::f_empty([images * c * h * w], self.like)?,
        };
        numbers.f_view([images, h, w, c])?.f_permute([0, 3, 1, 2])
    }
}
