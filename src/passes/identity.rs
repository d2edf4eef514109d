use super::Lines;

pub(super) fn run(lines: &mut Lines) -> Vec<String> {
    let mut changes = Vec::new();
    for i in 0..lines.lines.len() {
        if lines.lines[i].op.traits().identity && i != lines.output {
            changes.push(format!("{} is gone", lines.lines[i].path));
            lines.forward(i, lines.lines[i].operands()[0]);
        }
    }
    lines.sweep();
    changes
}
