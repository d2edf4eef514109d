use super::Lines;

pub(super) fn run(lines: &mut Lines) -> Vec<String> {
    let needed = lines.needed();
    let dead = (0..lines.lines.len()).filter(|i| !needed.contains(i));
    let changes = dead.map(|i| format!("{} is gone", lines.lines[i].path)).collect();
    lines.sweep();
    changes
}
