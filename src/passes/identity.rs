use super::Lines;
use crate::graph::Op;
use crate::graph::op::Window;

pub(super) fn run(lines: &mut Lines) -> Vec<String> {
    let mut changes = Vec::new();
    for i in 0..lines.lines.len() {
        if changes_nothing(&lines.lines[i].op) && i != lines.output {
            changes.push(format!("{} is gone", lines.lines[i].path));
            lines.forward(i, lines.lines[i].operands()[0]);
        }
    }
    lines.sweep();
    changes
}

fn changes_nothing(op: &Op) -> bool {
    match op {
        Op::Identity(_) => true,
        Op::Dropout(op) => op.p == 0.0,
        Op::MaxPool(op) => is_one(&op.0),
        Op::AvgPool(op) => is_one(&op.0),
        Op::Scale(op) => op.by == 1.0,
        Op::Pad(op) => op.amount == [0, 0],
        Op::Upsample(op) => op.factor == [1, 1],
        Op::Input(_)
        | Op::Conv(_)
        | Op::Linear(_)
        | Op::BatchNorm(_)
        | Op::Relu(_)
        | Op::Gelu(_)
        | Op::Celu(_)
        | Op::Silu(_)
        | Op::Sigmoid(_)
        | Op::Softmax(_)
        | Op::GlobalMaxPool(_)
        | Op::GlobalAvgPool(_)
        | Op::Add(_)
        | Op::Mul(_)
        | Op::Concat(_)
        | Op::Flatten(_) => false,
    }
}

fn is_one(window: &Window) -> bool {
    window.kernel == [1, 1] && window.stride == [1, 1] && window.pad == [0, 0]
}
