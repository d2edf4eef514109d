//! Warnings about ops of a valid net.

mod bias;
mod habits;
mod no_effect;
mod softmax;
mod windows;

use super::checked::Checked;
use super::place;
use crate::diag::{Code, Problem, Problems};
use crate::graph::NodeId;

/// Warns about ops that have no effect or another one than is meant, and about windows that leave
/// pixels out.
pub(super) fn warn(net: &Checked, problems: &mut Problems) {
    for &id in net.order() {
        problems.extend(bias::before_norm(net, id).into_iter().collect());
        problems.extend(habits::channels_last(net, id).into_iter().collect());
        problems.extend(habits::momentum(net, id).into_iter().collect());
        problems.extend(windows::skipped(net, id).into_iter().collect());
        problems.extend(windows::dropped(net, id).into_iter().collect());
    }
    no_effect::no_effect(net, problems);
    problems.extend(softmax::at_output(net).into_iter().collect());
}

/// A warning about a node, with the block calls around it.
fn at(net: &Checked, id: NodeId, code: Code, message: String) -> Problem {
    place::in_calls(place::at(net.graph(), id, code, message), net.graph(), id)
}
