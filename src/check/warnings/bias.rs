use super::super::place::span;
use super::{Checked, at};
use crate::diag::{Code, Problem};
use crate::graph::op::{Conv, Linear};
use crate::graph::{NodeId, Op};

/// A bias that the batch normalisation after it subtracts again.
pub(super) fn before_norm(net: &Checked, id: NodeId) -> Option<Problem> {
    let node = net.node(id);
    let (Op::Conv(Conv { bias: true, .. }) | Op::Linear(Linear { bias: true, .. })) = node.op
    else {
        return None;
    };
    let [reader] = net.graph().readers(id)[..] else { return None };
    let bn = net.node(reader);
    if !matches!(bn.op, Op::BatchNorm(_)) || id == net.output() {
        return None;
    }
    let (path, bn) = (&node.path, &bn.path);
    let message = format!("the bias of `{path}` has no effect: `{bn}` subtracts the mean");
    let problem = at(net, id, Code::BiasBeforeBn, message)
        .label("its bias is subtracted again")
        .related(span(net.graph(), reader), "by this bn")
        .help(format!("write `bias = false`; the offset (beta) of `{bn}` does its work"));
    Some(problem)
}
