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
pub fn windows(length: u64, reach: u64, stride: u64, pad: u64, ceil: bool) -> Option<u64> {
    let room = (length + 2 * pad).checked_sub(reach)?;
    let floor = room / stride + 1;
    let one_more = ceil && room % stride != 0 && floor * stride < length + pad;
    Some(floor + u64::from(one_more))
}

/// The error for a window that is larger than its padded operand.
pub(super) fn too_large(what: &str, reach: u64, operand: &Shape, pad: [u64; 2]) -> ShapeError {
    ShapeError::new(format!("a {what} of {reach} does not fit into {operand} with pad {}", pad[0]))
        .help(format!("use a smaller {what}, more padding, or pool less ahead of it"))
}
