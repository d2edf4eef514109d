use std::collections::BTreeMap;

use crate::check::Checked;
use crate::graph::op::{self, Kind};
use crate::graph::{Op, Value};

/// Arguments by name.
type Arguments = Vec<(&'static str, Value)>;

/// The arguments that all nodes of an op state equally, by op.
pub(super) type Defaults = BTreeMap<&'static str, Arguments>;

/// The arguments that at least two nodes of an op state, and all state equally, by name.
pub(super) fn defaults(net: &Checked) -> Defaults {
    let mut shared: BTreeMap<&'static str, (usize, Arguments)> = BTreeMap::new();
    for &id in net.order() {
        let op = &net.node(id).op;
        // `mul` by a number and `mul` by a value share a name, and no default.
        if matches!(op, Op::Input(_) | Op::Scale(_)) {
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
        // Sizes and steps are read where they are used.
        arguments.retain(|(argument, _)| {
            matches!(kind(argument), Some(Kind::Init | Kind::FilterInit | Kind::Bool))
        });
    }
    shared.retain(|_, (count, arguments)| *count > 1 && !arguments.is_empty());
    shared.into_iter().map(|(name, (_, arguments))| (name, arguments)).collect()
}
