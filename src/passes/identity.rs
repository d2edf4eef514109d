use super::Lines;

pub(super) fn run(lines: &mut Lines) -> Vec<String> {
    let mut changes = Vec::new();
    for i in 0..lines.flat.steps.len() {
        if lines.flat.steps[i].op.traits().identity && i != lines.flat.output {
            changes.push(format!("{} is gone", lines.flat.steps[i].path));
            lines.forward(i, lines.flat.steps[i].operands[0]);
        }
    }
    lines.sweep();
    changes
}
