//! The gradients of a step summed over the ranks, bucket by bucket, while the backward pass goes
//! on.

use std::ops::Range;
use std::sync::Arc;

use netc::run::RunError;
use tch::{TchError, Tensor};

use super::buckets::Buckets;
use super::{Group, c10d};
use crate::lower::At;

/// Gradients in flat buffers, a bucket each, so that they are summed where they are.
#[derive(Debug)]
pub(in crate::run) struct Reduction {
    group: Arc<Group>,
    buckets: Buckets,
    flat: Vec<Tensor>,
    /// In the order of the weights: parts of the buffers.
    gradients: Vec<Tensor>,
    /// Sums over host memory that have begun.
    sums: Vec<c10d::PendingSum>,
    /// Why a sum could not begin.
    failed: Option<String>,
}

impl Reduction {
    /// Moves gradients into flat buffers. Every handle of one of these tensors sees it there; its
    /// layout stays as it is.
    ///
    /// # Errors
    /// Errors of libtorch.
    pub(in crate::run) fn new(
        group: &Arc<Group>,
        mut gradients: Vec<Tensor>,
    ) -> Result<Reduction, RunError> {
        let elements: Vec<usize> = gradients.iter().map(Tensor::numel).collect();
        let bytes = gradients.first().map_or(1, |first| first.kind().elt_size_in_bytes());
        let buckets = Buckets::new(&elements, bytes);
        let flat = in_buffers(&buckets, &mut gradients).at("the gradients")?;
        let group = Arc::clone(group);
        Ok(Reduction { group, buckets, flat, gradients, sums: Vec::new(), failed: None })
    }

    /// Notes that a backward pass has written a gradient, and begins to sum each bucket that is
    /// complete. An error is kept for [`Reduction::finish`].
    pub(in crate::run) fn note(&mut self, gradient: usize) {
        let complete = self.buckets.note(gradient);
        if self.failed.is_none() {
            self.failed = self.begin(complete).err();
        }
    }

    fn begin(&mut self, buckets: Range<usize>) -> Result<(), String> {
        for flat in &self.flat[buckets] {
            match self.group.nccl(flat) {
                Some(nccl) => nccl.sum(flat)?,
                None => self.sums.push(self.group.ranks.begin_sum(flat)?),
            }
        }
        Ok(())
    }

    /// The sums of a step's gradients: waits for those that have begun, on a GPU without the host.
    /// Gradients that were not noted are copied from these. A step that is recorded as a CUDA graph
    /// is recorded with this call, and its replays need neither this nor [`Reduction::note`].
    ///
    /// # Errors
    /// A lost rank, errors of libtorch.
    pub(in crate::run) fn finish(&mut self, from: &[Tensor]) -> Result<Vec<Tensor>, RunError> {
        for (i, from) in from.iter().enumerate() {
            if !self.buckets.has(i) {
                self.gradients[i].f_copy_(from).at("the gradients")?;
                self.note(i);
            }
        }
        self.buckets.restart();
        let begun = self.failed.take().map_or(Ok(()), Err);
        let sums = std::mem::take(&mut self.sums);
        let summed = begun.and_then(|()| sums.into_iter().try_for_each(c10d::PendingSum::wait));
        let nccl = self.flat.first().and_then(|flat| self.group.nccl(flat));
        let summed = summed.and_then(|()| nccl.map_or(Ok(()), |nccl| nccl.rejoin()));
        summed.map_err(|why| self.group.lost(why))?;
        Ok(self.gradients.iter().map(Tensor::shallow_clone).collect())
    }
}

/// New buffers of zeros, as the storage of gradients without holes from now on.
fn in_buffers(buckets: &Buckets, gradients: &mut [Tensor]) -> Result<Vec<Tensor>, TchError> {
    let Some(first) = gradients.first() else { return Ok(Vec::new()) };
    let like = (first.kind(), first.device());
    let flat = buckets.lengths().iter().map(|length| Tensor::f_zeros([*length as i64], like));
    let flat: Vec<Tensor> = flat.collect::<Result<_, _>>()?;
    for (gradient, place) in gradients.iter_mut().zip(buckets.places()) {
        let (size, stride) = (gradient.size(), gradient.stride());
        let (buffer, first) = (&flat[place.bucket], place.first as i64);
        let _ = gradient.f_set_source_tensor_storage_offset_(buffer, first, size, stride)?;
    }
    Ok(flat)
}
