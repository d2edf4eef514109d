use super::rewrite::RewriteGraph;

pub(super) fn run(net: &mut RewriteGraph) -> Vec<String> {
    let mut changes = Vec::new();
    for i in 0..net.flat.steps.len() {
        if net.flat.steps[i].op.traits().identity && i != net.flat.output {
            changes.push(format!("{} is gone", net.flat.steps[i].path));
            net.forward(i, net.flat.steps[i].operands[0]);
        }
    }
    net.sweep();
    changes
}
