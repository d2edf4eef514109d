use std::collections::BTreeMap;

use crate::check::Checked;
use crate::graph::op::{self, ArgKind};
use crate::graph::{Op, Value};

/// Arguments by name.
type Arguments = Vec<(&'static str, Value)>;

/// The common arguments of all nodes of an op, by op.
pub(super) type Defaults = BTreeMap<&'static str, Arguments>;

/// The arguments that all nodes of an op share, for ops with at least two nodes, by name.
pub(super) fn defaults(net: &Checked) -> Defaults {
    let mut shared: BTreeMap<&'static str, (usize, Arguments)> = BTreeMap::new();
    for &id in net.order() {
        let op = &net.node(id).op;
        // By a number and by a value have the same name, but no common defaults.
        if matches!(op, Op::Input(_) | Op::Offset(_) | Op::Scale(_)) {
            continue;
        }
        let stated = op.stated(net.graph().operands(id).len());
        let (count, arguments) = shared.entry(op.name()).or_insert_with(|| (0, stated.clone()));
        *count += 1;
        arguments.retain(|argument| stated.contains(argument));
    }
    for (name, (_, arguments)) in &mut shared {
        let kind = |argument: &str| {
            op::signature(name)
                .and_then(|s| s.args.iter().find(|p| p.name == argument))
                .map(|p| p.kind)
        };
        // Sizes and strides are more readable where they are used.
        arguments.retain(|(argument, _)| {
            matches!(kind(argument), Some(ArgKind::Init | ArgKind::FilterInit | ArgKind::Bool))
        });
    }
    shared.retain(|_, (count, arguments)| *count > 1 && !arguments.is_empty());
    shared.into_iter().map(|(name, (_, arguments))| (name, arguments)).collect()
}
