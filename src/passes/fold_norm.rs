use super::fold::Fold;
use super::rewrite::RewriteGraph;
use crate::graph::Op;

pub(super) fn run(net: &mut RewriteGraph) -> Vec<String> {
    let mut changes = Vec::new();
    for i in 0..net.flat.steps.len() {
        let Op::BatchNorm(norm) = net.flat.steps[i].op.clone() else { continue };
        let before = net.flat.steps[i].operands[0];
        if net.only_reader(before) != Some(i) {
            continue;
        }
        let op = &mut net.flat.steps[before].op;
        if let Op::Conv(conv) = op {
            conv.bias = true;
        } else if let Op::Linear(linear) = op {
            linear.bias = true;
        } else {
            continue;
        }
        let (layer, norm_path) =
            (net.flat.steps[before].path.clone(), net.flat.steps[i].path.clone());
        changes.push(format!("{norm_path} goes into {layer}"));
        net.folds.push(Fold::Norm { layer, norm: norm_path, eps: norm.eps });
        net.forward(i, before);
    }
    net.sweep();
    changes
}
