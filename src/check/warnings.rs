use super::checked::Checked;
use crate::diag::{Code, Problem, Problems};
use crate::graph::op::{AvgPool, Conv, Linear, MaxPool, Window};
use crate::graph::{NodeId, Op};

/// Warns about ops of a valid net: a bias without effect, a pool that drops pixels.
pub(super) fn warn(net: &Checked, problems: &mut Problems) {
    for &id in net.order() {
        bias_before_bn(net, id, problems);
        dropped_pixels(net, id, problems);
    }
}

fn bias_before_bn(net: &Checked, id: NodeId, problems: &mut Problems) {
    let node = net.node(id);
    if !matches!(node.op, Op::Conv(Conv { bias: true, .. }) | Op::Linear(Linear { bias: true, .. }))
    {
        return;
    }
    let [reader] = net.graph().readers(id)[..] else { return };
    let bn = net.node(reader);
    if matches!(bn.op, Op::BatchNorm(_)) && id != net.output() {
        problems.push(
            Problem::new(
                Code::BiasBeforeBn,
                node.origin.as_ref().map(|o| o.span),
                format!(
                    "the bias of `{}` has no effect: `{}` subtracts the mean",
                    node.path, bn.path
                ),
            )
            .label("its bias is subtracted again")
            .related(bn.origin.as_ref().map(|o| o.span), "by this bn")
            .help(format!(
                "write `bias = false`; the offset (beta) of `{}` does its work",
                bn.path
            )),
        );
    }
}

fn dropped_pixels(net: &Checked, id: NodeId, problems: &mut Problems) {
    let node = net.node(id);
    let (Op::MaxPool(MaxPool(window)) | Op::AvgPool(AvgPool(window))) = &node.op else {
        return;
    };
    let operands = net.operand_shapes(id);
    let [_, height, width] = operands[0].dims() else { return };
    let (rows, columns) = (dropped(*height, window, 0), dropped(*width, window, 1));
    let lost = match (rows, columns) {
        (0, 0) => return,
        (rows, 0) => count(rows, "row"),
        (0, columns) => count(columns, "column"),
        (rows, columns) => format!("{} and {}", count(rows, "row"), count(columns, "column")),
    };
    let message = format!("`{}` drops the last {lost} of {height}x{width}", node.path);
    problems.push(
        Problem::new(Code::DroppedPixels, node.origin.as_ref().map(|o| o.span), message)
            .label("no window reaches them")
            .help("choose `k` and `stride` that cover the image, or write `ceil = true`"),
    );
}

/// The number of pixels at the far edge that no window covers, not counting padding.
fn dropped(length: u64, window: &Window, axis: usize) -> u64 {
    let (kernel, stride, pad) = (window.kernel[axis], window.stride[axis], window.pad[axis]);
    match (length + 2 * pad).checked_sub(kernel) {
        Some(room) if !window.ceil => (room % stride).saturating_sub(pad),
        _ => 0,
    }
}

fn count(n: u64, what: &str) -> String {
    if n == 1 { what.to_owned() } else { format!("{n} {what}s") }
}
