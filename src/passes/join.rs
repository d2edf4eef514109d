use super::Lines;
use crate::graph::Op;

/// Only the first operand of a sum is inlined, which preserves the order of additions; any operand
/// of a concat can be.
pub(super) fn run(lines: &mut Lines) -> Vec<String> {
    let mut changes = Vec::new();
    for i in 0..lines.flat.steps.len() {
        let op = &lines.flat.steps[i].op;
        let inner = if matches!(op, Op::Add(_)) {
            inner(lines, i, 1, |op| matches!(op, Op::Add(_)))
        } else if matches!(op, Op::Concat(_)) {
            inner(lines, i, usize::MAX, |op| matches!(op, Op::Concat(_)))
        } else {
            None
        };
        let Some(inner) = inner else { continue };
        let parts = lines.flat.steps[inner].operands.to_vec();
        changes.push(format!(
            "{} goes into {}",
            lines.flat.steps[inner].path, lines.flat.steps[i].path
        ));
        let mut operands = lines.flat.steps[i].operands.to_vec();
        if let Some(place) = operands.iter().position(|&operand| operand == inner) {
            operands.splice(place..=place, parts);
        }
        lines.set_operands(i, operands);
    }
    lines.sweep();
    changes
}

/// The first of the leading `among` operands of a line that is of the same kind and has no other
/// reader.
fn inner(lines: &Lines, i: usize, among: usize, same: impl Fn(&Op) -> bool) -> Option<usize> {
    let operands = lines.flat.steps[i].operands.iter().copied().take(among);
    operands.into_iter().find(|&o| same(&lines.flat.steps[o].op) && lines.only_reader(o) == Some(i))
}
