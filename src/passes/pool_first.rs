use super::Lines;
use crate::graph::Op;

/// The maximum of a function that never falls is the function of the maximum, to the bit; and so is
/// the gradient, for where several values are the largest, both take the first, or the function is
/// flat there.
pub(super) fn run(lines: &mut Lines) -> Vec<String> {
    let mut changes = Vec::new();
    for i in 0..lines.flat.steps.len() {
        let mut function = i;
        // A pool that has moved may move on past what stood before it.
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

/// The max pool that alone reads a function that never falls.
fn pool_after(lines: &Lines, function: usize) -> Option<usize> {
    let pool =
        lines.only_reader(function).filter(|_| lines.flat.steps[function].op.traits().monotone)?;
    matches!(lines.flat.steps[pool].op, Op::MaxPool(_) | Op::GlobalMaxPool(_)).then_some(pool)
}
