use super::{Fold, Lines};
use crate::graph::Op;

pub(super) fn run(lines: &mut Lines) -> Vec<String> {
    let mut changes = Vec::new();
    for i in 0..lines.flat.steps.len() {
        let Op::Scale(scale) = lines.flat.steps[i].op.clone() else { continue };
        let before = lines.flat.steps[i].operands[0];
        if lines.only_reader(before) != Some(i) {
            continue;
        }
        let layer = lines.flat.steps[before].path.clone();
        let op = &mut lines.flat.steps[before].op;
        if let Op::Scale(first) = op {
            first.by *= scale.by;
        } else if matches!(op, Op::Conv(_) | Op::Linear(_)) {
            lines.folds.push(Fold::Scale { layer: layer.clone(), by: scale.by });
        } else {
            continue;
        }
        changes.push(format!("{} goes into {layer}", lines.flat.steps[i].path));
        lines.forward(i, before);
    }
    lines.sweep();
    changes
}
