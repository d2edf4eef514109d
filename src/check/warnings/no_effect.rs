use std::collections::BTreeMap;

use super::{Checked, at};
use crate::diag::{Code, Problems, Span};
use crate::graph::{NodeId, Origin};

/// Ops that return their operand, wherever their place in the text is expanded. What a parameter
/// decides is left out: with another value it has an effect.
pub(super) fn no_effect(net: &Checked, problems: &mut Problems) {
    let mut places: BTreeMap<Span, Vec<NodeId>> = BTreeMap::new();
    for &id in net.order() {
        if let Some(Origin { span, literal: true, .. }) = net.node(id).origin {
            places.entry(span).or_default().push(id);
        }
    }
    places.retain(|_, ids| ids.iter().all(|id| is_idle(net, *id)));
    for id in places.into_values().flatten() {
        let node = net.node(id);
        let (path, text) = (&node.path, node.op.text(&[]));
        let from = net.graph().operands(id).first().map(|from| &net.node(*from).path);
        let message = match from.filter(|_| !node.op.traits().identity) {
            Some(from) => format!("`{path}` does nothing after `{from}`"),
            None => format!("`{path}` does nothing"),
        };
        let shape = net.shape(id);
        let problem = at(net, id, Code::NoEffect, message)
            .label(format!("`{text}` returns {shape} as it is"))
            .help("remove it, or correct its arguments");
        problems.push(problem);
    }
}

fn is_idle(net: &Checked, id: NodeId) -> bool {
    let &[from] = net.graph().operands(id) else { return false };
    let (node, before) = (net.node(id), net.node(from));
    let (Some(here), Some(there)) = (&node.origin, &before.origin) else { return false };
    // What comes before it, and in which shape, is said by the text of the same body alone.
    let before = (there.literal && here.calls == there.calls).then_some(&before.op);
    let shapes = here.calls.is_empty().then(|| [net.shape(from), net.shape(id)]);
    node.op.is_idle(before, shapes)
}
