use std::collections::HashMap;

use super::Lines;

pub(super) fn run(lines: &mut Lines) -> Vec<String> {
    let mut changes = Vec::new();
    let mut first: HashMap<(String, Vec<usize>), usize> = HashMap::new();
    for i in 0..lines.lines.len() {
        let line = &lines.lines[i];
        if !line.op.traits().pure || i == lines.output {
            continue;
        }
        let same = *first.entry((format!("{:?}", line.op), line.operands().to_vec())).or_insert(i);
        if same != i {
            changes.push(format!("{} is {}", line.path, lines.lines[same].path));
            lines.forward(i, same);
        }
    }
    lines.sweep();
    changes
}
