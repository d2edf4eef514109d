use std::collections::HashMap;

use crate::check::Checked;
use crate::graph::{NodeId, Op};

/// For each node that goes, the value that its readers read instead.
pub(super) fn instead(net: &Checked) -> HashMap<NodeId, NodeId> {
    let mut instead: HashMap<NodeId, NodeId> = HashMap::new();
    let mut distance: HashMap<NodeId, usize> = HashMap::new();
    for &id in net.order() {
        let operands: Vec<NodeId> =
            net.graph().operands(id).into_iter().map(|o| instead.get(&o).copied().unwrap_or(o)).collect();
        let far = |id: &NodeId| distance.get(id).copied().unwrap_or(0);
        let kept = match &net.node(id).op {
            // The join's readers expect its shape. The first of the nearest is taken.
            Op::Add(_) | Op::Mul(_) => {
                operands.iter().filter(|&&o| net.shape(o) == net.shape(id)).min_by_key(|o| far(o)).copied()
            }
            Op::Identity(_) => operands.first().copied(),
            Op::Input(_) | Op::Conv(_) | Op::Linear(_) | Op::BatchNorm(_) => None,
            Op::Relu(_) | Op::Gelu(_) | Op::Celu(_) | Op::Silu(_) | Op::Sigmoid(_) | Op::Softmax(_) => None,
            Op::Dropout(_) | Op::MaxPool(_) | Op::AvgPool(_) => None,
            Op::GlobalMaxPool(_) | Op::GlobalAvgPool(_) => None,
            Op::Scale(_) | Op::Concat(_) | Op::Flatten(_) | Op::Pad(_) | Op::Upsample(_) => None,
        };
        match kept {
            Some(kept) => {
                instead.insert(id, kept);
            }
            None => {
                let before = operands.iter().map(far).max().unwrap_or(0);
                distance.insert(id, before + 1);
            }
        }
    }
    instead
}
