use super::{Fold, Lines};
use crate::graph::Op;

pub(super) fn run(lines: &mut Lines) -> Vec<String> {
    let mut changes = Vec::new();
    for i in 0..lines.flat.steps.len() {
        let Op::BatchNorm(norm) = lines.flat.steps[i].op.clone() else { continue };
        let before = lines.flat.steps[i].operands[0];
        if lines.only_reader(before) != Some(i) {
            continue;
        }
        let op = &mut lines.flat.steps[before].op;
        if let Op::Conv(conv) = op {
            conv.bias = true;
        } else if let Op::Linear(linear) = op {
            linear.bias = true;
        } else {
            continue;
        }
        let (layer, norm_path) =
            (lines.flat.steps[before].path.clone(), lines.flat.steps[i].path.clone());
        changes.push(format!("{norm_path} goes into {layer}"));
        lines.folds.push(Fold::Norm { layer, norm: norm_path, eps: norm.eps });
        lines.forward(i, before);
    }
    lines.sweep();
    changes
}
