use super::{Fold, Lines};
use crate::graph::Op;

pub(super) fn run(lines: &mut Lines) -> Vec<String> {
    let mut changes = Vec::new();
    for i in 0..lines.lines.len() {
        let Op::Linear(second) = lines.lines[i].op.clone() else { continue };
        let before = lines.lines[i].operands()[0];
        let Op::Linear(first) = &lines.lines[before].op else { continue };
        // From n to a to b features: n b instead of n a + a b, fewer for any n if b is at most a.
        if lines.only_reader(before) != Some(i) || second.out > first.out {
            continue;
        }
        let bias = first.bias || second.bias;
        let (first, path) = (lines.lines[before].path.clone(), lines.lines[i].path.clone());
        changes.push(format!("{first} goes into {path}"));
        lines.folds.push(Fold::Linear { first, second: path });
        lines.set_operands(i, lines.lines[before].operands().to_vec());
        if let Op::Linear(linear) = &mut lines.lines[i].op {
            linear.bias = bias;
        }
    }
    lines.sweep();
    changes
}
