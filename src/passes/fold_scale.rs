use super::fold::Fold;
use super::rewrite::RewriteGraph;
use crate::graph::Op;

pub(super) fn run(net: &mut RewriteGraph) -> Vec<String> {
    let mut changes = Vec::new();
    for i in 0..net.flat.steps.len() {
        let Op::Scale(scale) = net.flat.steps[i].op.clone() else { continue };
        let before = net.flat.steps[i].operands[0];
        if net.only_reader(before) != Some(i) {
            continue;
        }
        let layer = net.flat.steps[before].path.clone();
        let op = &mut net.flat.steps[before].op;
        if let Op::Scale(first) = op {
            first.by *= scale.by;
        } else if matches!(op, Op::Conv(_) | Op::Linear(_)) {
            net.folds.push(Fold::Scale { layer: layer.clone(), by: scale.by });
        } else {
            continue;
        }
        changes.push(format!("{} goes into {layer}", net.flat.steps[i].path));
        net.forward(i, before);
    }
    net.sweep();
    changes
}
