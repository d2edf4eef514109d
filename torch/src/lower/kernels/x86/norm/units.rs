use netc::lower::schedule::FusedOps;

use crate::lower::kernels::image::Image;

/// What threads share: pixels, or pairs of rows with a pool.
pub(super) fn units(x: &Image, after: FusedOps) -> usize {
    let [images, _, height, width] = x.sizes;
    if after.pool { images * height / 2 } else { images * height * width }
}
