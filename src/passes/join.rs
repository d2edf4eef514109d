use super::rewrite::RewriteGraph;
use crate::graph::Op;

/// Only the first operand of a sum is inlined, which preserves the order of additions; any operand
/// of a concat can be.
pub(super) fn run(net: &mut RewriteGraph) -> Vec<String> {
    let mut changes = Vec::new();
    for i in 0..net.flat.steps.len() {
        let op = &net.flat.steps[i].op;
        let inner = if matches!(op, Op::Add(_)) {
            inner(net, i, 1, |op| matches!(op, Op::Add(_)))
        } else if matches!(op, Op::Concat(_)) {
            inner(net, i, usize::MAX, |op| matches!(op, Op::Concat(_)))
        } else {
            None
        };
        let Some(inner) = inner else { continue };
        let parts = net.flat.steps[inner].operands.to_vec();
        changes
            .push(format!("{} goes into {}", net.flat.steps[inner].path, net.flat.steps[i].path));
        let mut operands = net.flat.steps[i].operands.to_vec();
        if let Some(place) = operands.iter().position(|&operand| operand == inner) {
            operands.splice(place..=place, parts);
        }
        net.set_operands(i, operands);
    }
    net.sweep();
    changes
}

/// The first of the leading `among` operands of a line that is of the same kind and has no other
/// reader.
fn inner(net: &RewriteGraph, i: usize, among: usize, same: impl Fn(&Op) -> bool) -> Option<usize> {
    let operands = net.flat.steps[i].operands.iter().copied().take(among);
    operands.into_iter().find(|&o| same(&net.flat.steps[o].op) && net.only_reader(o) == Some(i))
}
