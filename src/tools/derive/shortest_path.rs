use std::collections::HashMap;

use crate::check::Checked;
use crate::graph::NodeId;
use crate::graph::op::Demand;

/// For each removed node, the value that its readers read instead.
pub(super) fn instead(net: &Checked) -> HashMap<NodeId, NodeId> {
    let mut instead: HashMap<NodeId, NodeId> = HashMap::new();
    let mut distance: HashMap<NodeId, usize> = HashMap::new();
    for &id in net.order() {
        let operands: Vec<NodeId> = net
            .graph()
            .operands(id)
            .iter()
            .map(|&o| instead.get(&o).copied().unwrap_or(o))
            .collect();
        let far = |id: &NodeId| distance.get(id).copied().unwrap_or(0);
        let traits = net.node(id).op.traits();
        // The replacement must have the shape of the join. The first of the nearest is chosen.
        let whole = |o: &&NodeId| net.shape(**o) == net.shape(id);
        let passes = traits.identity || traits.demand == Demand::Together;
        let kept = operands.iter().filter(|_| passes).filter(whole).min_by_key(|o| far(o)).copied();
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
