use std::collections::HashMap;

use super::rewrite::RewriteGraph;

pub(super) fn run(net: &mut RewriteGraph) -> Vec<String> {
    let mut changes = Vec::new();
    let mut first: HashMap<(String, Vec<usize>), usize> = HashMap::new();
    for i in 0..net.flat.steps.len() {
        let line = &net.flat.steps[i];
        if !line.op.traits().pure || i == net.flat.output {
            continue;
        }
        let same = *first.entry((format!("{:?}", line.op), line.operands.to_vec())).or_insert(i);
        if same != i {
            changes.push(format!("{} is {}", line.path, net.flat.steps[same].path));
            net.forward(i, same);
        }
    }
    net.sweep();
    changes
}
