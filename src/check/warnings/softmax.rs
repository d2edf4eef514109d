use super::{Checked, at};
use crate::diag::{Code, Problem};
use crate::graph::Op;
use crate::graph::op::Alias;

/// A softmax at the end of a net, whose loss takes logits.
pub(super) fn at_output(net: &Checked) -> Option<Problem> {
    let same = |id: &_| matches!(net.node(*id).op.traits().alias, Alias::Flat | Alias::Always);
    let from = |id: &_| net.graph().operands(*id).first().copied().filter(|_| same(id));
    let mut way = std::iter::successors(Some(net.output()), from);
    let id = way.find(|id| matches!(net.node(*id).op, Op::Softmax(_)))?;
    let path = &net.node(id).path;
    let message = format!("`{path}` is applied twice in training: the loss takes logits");
    let problem = at(net, id, Code::SoftmaxAtOutput, message)
        .label("the loss has a softmax of its own")
        .help("remove it; a softmax keeps the order of the classes, so that predictions stay");
    Some(problem)
}
