use super::rewrite::RewriteGraph;
use crate::graph::Op;

/// Max pooling commutes bit for bit with a monotone function. So does the gradient: where several
/// values are the maximum, either both orders choose the first one, or the function is flat there.
pub(super) fn run(net: &mut RewriteGraph) -> Vec<String> {
    let mut changes = Vec::new();
    for i in 0..net.flat.steps.len() {
        let mut function = i;
        // A pool that was moved may move further.
        while let Some(pool) = pool_after(net, function) {
            changes.push(format!(
                "{} goes before {}",
                net.flat.steps[pool].path, net.flat.steps[function].path
            ));
            let (low, high) = net.flat.steps.split_at_mut(pool);
            let (low, pool) = (&mut low[function], &mut high[0]);
            std::mem::swap(&mut low.op, &mut pool.op);
            std::mem::swap(&mut low.path, &mut pool.path);
            std::mem::swap(&mut low.origin, &mut pool.origin);
            function = low.operands[0];
        }
    }
    changes
}

/// The max pool that is the only reader of a monotone function.
fn pool_after(net: &RewriteGraph, function: usize) -> Option<usize> {
    let pool =
        net.only_reader(function).filter(|_| net.flat.steps[function].op.traits().monotone)?;
    matches!(net.flat.steps[pool].op, Op::MaxPool(_) | Op::GlobalMaxPool(_)).then_some(pool)
}
