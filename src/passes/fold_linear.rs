use super::{Fold, Lines};
use crate::graph::Op;

pub(super) fn run(lines: &mut Lines) -> Vec<String> {
    let mut changes = Vec::new();
    for i in 0..lines.flat.steps.len() {
        let Op::Linear(second) = lines.flat.steps[i].op.clone() else { continue };
        let before = lines.flat.steps[i].operands[0];
        let Op::Linear(first) = &lines.flat.steps[before].op else { continue };
        // From n to a to b features: n b instead of n a + a b, fewer for any n if b is at most a.
        if lines.only_reader(before) != Some(i) || second.out > first.out {
            continue;
        }
        let bias = first.bias || second.bias;
        let (first, path) =
            (lines.flat.steps[before].path.clone(), lines.flat.steps[i].path.clone());
        changes.push(format!("{first} goes into {path}"));
        lines.folds.push(Fold::Linear { first, second: path });
        lines.set_operands(i, lines.flat.steps[before].operands.to_vec());
        if let Op::Linear(linear) = &mut lines.flat.steps[i].op {
            linear.bias = bias;
        }
    }
    lines.sweep();
    changes
}
