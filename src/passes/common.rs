use std::collections::HashMap;

use super::Lines;
use crate::graph::Op;

pub(super) fn run(lines: &mut Lines) -> Vec<String> {
    let mut changes = Vec::new();
    let mut first: HashMap<(String, Vec<usize>), usize> = HashMap::new();
    for i in 0..lines.lines.len() {
        let line = &lines.lines[i];
        if !is_pure(&line.op) || i == lines.output {
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

/// Whether the value is a function of the operands alone: no weights, nothing drawn.
fn is_pure(op: &Op) -> bool {
    match op {
        Op::Input(_) | Op::Conv(_) | Op::Linear(_) | Op::BatchNorm(_) | Op::Dropout(_) => false,
        Op::Relu(_)
        | Op::Gelu(_)
        | Op::Celu(_)
        | Op::Silu(_)
        | Op::Sigmoid(_)
        | Op::Softmax(_)
        | Op::Identity(_)
        | Op::MaxPool(_)
        | Op::AvgPool(_)
        | Op::GlobalMaxPool(_)
        | Op::GlobalAvgPool(_)
        | Op::Add(_)
        | Op::Mul(_)
        | Op::Scale(_)
        | Op::Concat(_)
        | Op::Flatten(_)
        | Op::Pad(_)
        | Op::Upsample(_) => true,
    }
}
