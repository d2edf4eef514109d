use crate::check::Checked;
use crate::graph::Op;

/// How many numbers the ops read and write for one example, each op by itself; views move none, and weights
/// are shared by a batch.
pub fn traffic(net: &Checked) -> u64 {
    let mut numbers = 0u64;
    for &id in net.order() {
        if matches!(net.node(id).op, Op::Input(_) | Op::Identity(_) | Op::Flatten(_)) {
            continue;
        }
        let read = net.operand_shapes(id).into_iter().map(|shape| shape.elements());
        numbers = read.fold(numbers.saturating_add(net.shape(id).elements()), u64::saturating_add);
    }
    numbers
}
