use crate::check::Checked;
use crate::graph::op::{Alias, Category, Traits};

/// The number of elements that the ops read and write for one example, without fusion. Views count
/// nothing, and weights are not counted because a batch shares them.
pub fn traffic(net: &Checked) -> u64 {
    let mut numbers = 0u64;
    for &id in net.order() {
        let Traits { category, alias, .. } = net.node(id).op.traits();
        if category == Category::Io || matches!(alias, Alias::Flat | Alias::Always) {
            continue;
        }
        let read = net.operand_shapes(id).into_iter().map(|shape| shape.elements());
        numbers = read.fold(numbers.saturating_add(net.shape(id).elements()), u64::saturating_add);
    }
    numbers
}
