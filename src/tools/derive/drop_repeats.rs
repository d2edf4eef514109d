use std::collections::HashMap;

use crate::check::Checked;
use crate::graph::op::Activation;
use crate::graph::{NodeId, Op};

/// For each removed node, the value that its readers read instead.
pub(super) fn instead(net: &Checked) -> HashMap<NodeId, NodeId> {
    let mut instead: HashMap<NodeId, NodeId> = HashMap::new();
    for &id in net.order() {
        if let Some(before) = entry(net, &instead, id)
            && entry(net, &instead, before).is_some()
            && net.node(before).op == net.node(id).op
        {
            instead.insert(id, before);
        }
    }
    instead
}

/// For the relu of a `bn -> relu`, the value that the pair reads.
fn entry(net: &Checked, instead: &HashMap<NodeId, NodeId>, relu: NodeId) -> Option<NodeId> {
    let operand = |id: NodeId| {
        let first = net.graph().operands(id).first().copied();
        first.map(|o| instead.get(&o).copied().unwrap_or(o))
    };
    let bn = operand(relu)
        .filter(|_| matches!(net.node(relu).op, Op::Activation(Activation::Relu(_))))?;
    operand(bn).filter(|_| matches!(net.node(bn).op, Op::BatchNorm(_)))
}
