use super::Lines;

pub(super) fn run(lines: &mut Lines) -> Vec<String> {
    let needed = lines.flat.needed();
    let dead = (0..lines.flat.steps.len()).filter(|&i| !needed[i]);
    let changes = dead.map(|i| format!("{} is gone", lines.flat.steps[i].path)).collect();
    lines.sweep();
    changes
}
