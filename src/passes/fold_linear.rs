use super::fold::Fold;
use super::rewrite::RewriteGraph;
use crate::graph::Op;

pub(super) fn run(net: &mut RewriteGraph) -> Vec<String> {
    let mut changes = Vec::new();
    for i in 0..net.flat.steps.len() {
        let Op::Linear(second) = net.flat.steps[i].op.clone() else { continue };
        let before = net.flat.steps[i].operands[0];
        let Op::Linear(first) = &net.flat.steps[before].op else { continue };
        // From n to a to b features: n b instead of n a + a b, fewer for any n if b is at most a.
        if net.only_reader(before) != Some(i) || second.out > first.out {
            continue;
        }
        let bias = first.bias || second.bias;
        let (first, path) = (net.flat.steps[before].path.clone(), net.flat.steps[i].path.clone());
        changes.push(format!("{first} goes into {path}"));
        net.folds.push(Fold::Linear { first, second: path });
        net.set_operands(i, net.flat.steps[before].operands.to_vec());
        if let Op::Linear(linear) = &mut net.flat.steps[i].op {
            linear.bias = bias;
        }
    }
    net.sweep();
    changes
}
