use super::{Fold, Lines};
use crate::graph::Op;

pub(super) fn run(lines: &mut Lines) -> Vec<String> {
    let mut changes = Vec::new();
    for i in 0..lines.lines.len() {
        let Op::BatchNorm(norm) = lines.lines[i].op.clone() else { continue };
        let before = lines.lines[i].operands()[0];
        if lines.only_reader(before) != Some(i) {
            continue;
        }
        let op = &mut lines.lines[before].op;
        if let Op::Conv(conv) = op {
            conv.bias = true;
        } else if let Op::Linear(linear) = op {
            linear.bias = true;
        } else {
            continue;
        }
        let (layer, norm_path) = (lines.lines[before].path.clone(), lines.lines[i].path.clone());
        changes.push(format!("{norm_path} goes into {layer}"));
        lines.folds.push(Fold::Norm { layer, norm: norm_path, eps: norm.eps });
        lines.forward(i, before);
    }
    lines.sweep();
    changes
}
