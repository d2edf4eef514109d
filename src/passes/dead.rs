use super::rewrite::RewriteGraph;

pub(super) fn run(net: &mut RewriteGraph) -> Vec<String> {
    let needed = net.flat.needed();
    let dead = (0..net.flat.steps.len()).filter(|&i| !needed[i]);
    let changes = dead.map(|i| format!("{} is gone", net.flat.steps[i].path)).collect();
    net.sweep();
    changes
}
