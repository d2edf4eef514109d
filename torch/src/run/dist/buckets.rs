use std::ops::Range;

/// The maximum bytes of gradients that are summed as one, as in PyTorch's DistributedDataParallel.
/// A larger gradient is alone in its bucket.
const MOST: usize = 25 << 20;
/// Bytes of which the place of a gradient is a multiple, as in a tensor that libtorch allocates on
/// a CPU.
const ALIGNMENT: usize = 64;

/// Which gradients are summed together, and which of them a backward pass has written so far.
///
/// The last gradients are in the first bucket, because they are written first. Buckets are summed
/// in this order, which all ranks must share, even if a later one is complete before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Buckets {
    places: Vec<BucketPlace>,
    /// Elements of each bucket.
    lengths: Vec<usize>,
    written: Vec<bool>,
    /// Of each bucket, how many gradients are not written.
    missing: Vec<usize>,
    /// How many buckets have been given out to be summed.
    given: usize,
}

/// Where a gradient is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BucketPlace {
    /// Its bucket.
    pub bucket: usize,
    /// Its first element in the bucket.
    pub first: usize,
}

impl Buckets {
    /// For gradients of these numbers of elements, in the order of the weights. An element takes
    /// `bytes` bytes.
    pub fn new(elements: &[usize], bytes: usize) -> Buckets {
        let bytes = bytes.max(1);
        let (most, alignment) = (MOST / bytes, (ALIGNMENT / bytes).max(1));
        let mut lengths: Vec<usize> = Vec::new();
        let mut places = vec![BucketPlace { bucket: 0, first: 0 }; elements.len()];
        for (place, elements) in places.iter_mut().zip(elements).rev() {
            let end = lengths.last().map(|length| length.next_multiple_of(alignment));
            let first = end.filter(|end| end + elements <= most).unwrap_or_else(|| {
                lengths.push(0);
                0
            });
            let bucket = lengths.len() - 1;
            lengths[bucket] = first + elements;
            *place = BucketPlace { bucket, first };
        }
        let (written, missing) = (vec![false; elements.len()], vec![0; lengths.len()]);
        let mut buckets = Buckets { places, lengths, written, missing, given: 0 };
        buckets.restart();
        buckets
    }

    /// Where each gradient is, in the order of the weights.
    pub fn places(&self) -> &[BucketPlace] {
        &self.places
    }

    /// The number of elements of each bucket.
    pub fn lengths(&self) -> &[usize] {
        &self.lengths
    }

    /// Whether this pass has written a gradient.
    pub fn has(&self, gradient: usize) -> bool {
        self.written.get(gradient).is_some_and(|written| *written)
    }

    /// Notes that a gradient is written, and returns the buckets that can be summed from now on.
    pub fn note(&mut self, gradient: usize) -> Range<usize> {
        let first = self.given;
        if let (Some(written @ false), Some(place)) =
            (self.written.get_mut(gradient), self.places.get(gradient))
        {
            *written = true;
            self.missing[place.bucket] -= 1;
            self.given += self.missing[first..].iter().take_while(|missing| **missing == 0).count();
        }
        first..self.given
    }

    /// Begins another pass.
    pub fn restart(&mut self) {
        self.given = 0;
        self.written.fill(false);
        self.missing.fill(0);
        self.places.iter().for_each(|place| self.missing[place.bucket] += 1);
    }
}
