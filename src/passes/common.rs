use std::collections::HashMap;

use super::Lines;

pub(super) fn run(lines: &mut Lines) -> Vec<String> {
    let mut changes = Vec::new();
    let mut first: HashMap<(String, Vec<usize>), usize> = HashMap::new();
    for i in 0..lines.flat.steps.len() {
        let line = &lines.flat.steps[i];
        if !line.op.traits().pure || i == lines.flat.output {
            continue;
        }
        let same = *first.entry((format!("{:?}", line.op), line.operands.to_vec())).or_insert(i);
        if same != i {
            changes.push(format!("{} is {}", line.path, lines.flat.steps[same].path));
            lines.forward(i, same);
        }
    }
    lines.sweep();
    changes
}
