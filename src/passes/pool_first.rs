use super::Lines;
use crate::graph::Op;

/// Max pooling commutes bit for bit with a monotone function. So does the gradient: where several
/// values are the maximum, either both orders choose the first one, or the function is flat there.
pub(super) fn run(lines: &mut Lines) -> Vec<String> {
    let mut changes = Vec::new();
    for i in 0..lines.flat.steps.len() {
        let mut function = i;
        // A pool that was moved may move further.
        while let Some(pool) = pool_after(lines, function) {
            changes.push(format!(
                "{} goes before {}",
                lines.flat.steps[pool].path, lines.flat.steps[function].path
            ));
            let (low, high) = lines.flat.steps.split_at_mut(pool);
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
fn pool_after(lines: &Lines, function: usize) -> Option<usize> {
    let pool =
        lines.only_reader(function).filter(|_| lines.flat.steps[function].op.traits().monotone)?;
    matches!(lines.flat.steps[pool].op, Op::MaxPool(_) | Op::GlobalMaxPool(_)).then_some(pool)
}
