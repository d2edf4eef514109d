use super::{Checked, at};
use crate::diag::{Code, Problem};
use crate::graph::op::{AvgPool, MaxPool, Window};
use crate::graph::{NodeId, Op};

/// A pool whose windows are farther apart than they are large.
pub(super) fn skipped(net: &Checked, id: NodeId) -> Option<Problem> {
    let (window, [_, height, width]) = window(net, id)?;
    let axis = (0..2).find(|axis| skips(window, *axis, [height, width][*axis]))?;
    let (k, stride) = (window.kernel[axis], window.stride[axis]);
    let path = &net.node(id).path;
    let seen = match (k, stride) {
        (1, 2) => "every second pixel".into(),
        (1, 3) => "every third pixel".into(),
        _ => format!("{k} of every {stride} pixels"),
    };
    let message = format!("`{path}` sees {seen}: its window of {k} moves by {stride}");
    let problem = at(net, id, Code::SkippedPixels, message)
        .label("no window reaches the others")
        .help("choose a `k` of at least `stride`");
    Some(problem)
}

/// A pool that leaves pixels at the far edge unread.
pub(super) fn dropped(net: &Checked, id: NodeId) -> Option<Problem> {
    let (window, [_, height, width]) = window(net, id)?;
    let lost = match (unread(height, window, 0), unread(width, window, 1)) {
        (0, 0) => return None,
        (rows, 0) => count(rows, "row"),
        (0, columns) => count(columns, "column"),
        (rows, columns) => format!("{} and {}", count(rows, "row"), count(columns, "column")),
    };
    let message = format!("`{}` drops the last {lost} of {height}x{width}", net.node(id).path);
    let problem = at(net, id, Code::DroppedPixels, message)
        .label("no window reaches them")
        .help("choose `k` and `stride` that cover the image, or write `ceil = true`");
    Some(problem)
}

/// The window of a pool, and its image.
fn window(net: &Checked, id: NodeId) -> Option<(&Window, [u64; 3])> {
    let (Op::MaxPool(MaxPool(window)) | Op::AvgPool(AvgPool(window))) = &net.node(id).op else {
        return None;
    };
    Some((window, net.operand_shapes(id)[0].image()?))
}

fn skips(window: &Window, axis: usize, length: u64) -> bool {
    window.kernel[axis] < window.stride[axis] && window.kernel[axis] < length
}

/// The number of pixels at the far edge that no window covers, not counting padding. Those that no
/// window covers anywhere are not told apart.
fn unread(length: u64, window: &Window, axis: usize) -> u64 {
    let (kernel, stride, pad) = (window.kernel[axis], window.stride[axis], window.pad[axis]);
    match (length + 2 * pad).checked_sub(kernel) {
        Some(room) if !window.ceil && !skips(window, axis, length) => {
            (room % stride).saturating_sub(pad)
        }
        _ => 0,
    }
}

fn count(n: u64, what: &str) -> String {
    if n == 1 { what.to_owned() } else { format!("{n} {what}s") }
}
