//! Images, and windows that move over them.

use crate::graph::{Shape, ShapeError};

/// Channels, height and width of an operand, which must be an image.
pub(super) fn image(op: &str, shape: &Shape) -> Result<[u64; 3], ShapeError> {
    shape.image().ok_or_else(|| {
        ShapeError::new(format!("{op} expected an image [N, channels, height, width], got {shape}"))
    })
}

/// The number of windows of size `reach` at `stride` that fit into `length` padded by `pad` on both
/// sides. With `ceil` the last one may extend beyond the edge, if it starts within the input or the
/// padding before it (PyTorch's rule). `None`: no window fits.
pub(crate) fn windows(length: u64, reach: u64, stride: u64, pad: u64, ceil: bool) -> Option<u64> {
    let room = (length + 2 * pad).checked_sub(reach)?;
    let floor = room / stride + 1;
    let one_more = ceil && room % stride != 0 && floor * stride < length + pad;
    Some(floor + u64::from(one_more))
}

/// Rows and columns of windows of a reach, at a stride, on an image that is padded: as many as fit
/// whole; `None` if none does.
pub fn outputs(
    image: [usize; 2],
    reach: [usize; 2],
    stride: [usize; 2],
    pad: [usize; 2],
) -> Option<[usize; 2]> {
    let size = |axis: usize| {
        let sizes = [image[axis], reach[axis], stride[axis], pad[axis]];
        let [length, reach, stride, pad] = sizes.map(|size| size as u64);
        usize::try_from(windows(length, reach, stride, pad, false)?).ok()
    };
    Some([size(0)?, size(1)?])
}

/// The error for a window that is larger than its padded operand.
pub(super) fn too_large(what: &str, reach: u64, operand: &Shape, pad: [u64; 2]) -> ShapeError {
    ShapeError::new(format!("a {what} of {reach} does not fit into {operand} with pad {}", pad[0]))
        .help(format!("use a smaller {what}, more padding, or pool less ahead of it"))
}
