use super::{Checked, at};
use crate::diag::{Code, Problem};
use crate::graph::op::{Activation, Alias};
use crate::graph::{NodeId, Op, Shape};

/// What bounds the values at the end of a net, whose loss takes logits.
pub(super) fn at_output(net: &Checked) -> Option<Problem> {
    let passes = |id: &_| {
        let op = &net.node(*id).op;
        matches!(op.traits().alias, Alias::Flat | Alias::Always)
            || matches!(op, Op::Scale(_) | Op::Offset(_))
    };
    let from = |id: &_| net.graph().operands(*id).first().copied().filter(|_| passes(id));
    let mut way = std::iter::successors(Some(net.output()), from);
    let (id, why) = way.find_map(|id| Some((id, harm(net, id)?)))?;
    let path = &net.node(id).path;
    let problem = at(net, id, Code::SoftmaxAtOutput, format!("`{path}` {}", why.message));
    Some(problem.label(why.label).help(why.help))
}

struct Harm {
    message: &'static str,
    label: &'static str,
    help: &'static str,
}

/// What an op does to the logits of classes that it computes.
fn harm(net: &Checked, id: NodeId) -> Option<Harm> {
    let classes = net.shape(net.output()).dims().len() == 1;
    match net.node(id).op {
        Op::Softmax(_) => Some(Harm {
            message: "is applied twice in training: the loss takes logits",
            label: "the loss has a softmax of its own",
            help: "remove it; a softmax keeps the order of the classes, so that predictions stay",
        }),
        Op::Activation(Activation::Sigmoid(_) | Activation::HardSigmoid(_)) if classes => {
            Some(Harm {
                message: "keeps every logit between 0 and 1: the loss takes logits of any size",
                label: "the loss has a softmax of its own",
                help: "remove it; a sigmoid keeps the order of the classes, so that predictions \
                       stay",
            })
        }
        Op::Activation(Activation::Relu(_)) if classes && of_logits(net, id) => Some(Harm {
            message: "makes every logit below 0 the same: the loss takes logits of either sign",
            label: "passes no gradient to a logit below 0",
            help: "remove it: no activation follows the last layer",
        }),
        _ => None,
    }
}

/// Whether an op reads a number for each class from the layer before it.
fn of_logits(net: &Checked, id: NodeId) -> bool {
    let layer = |from: &NodeId| {
        matches!(net.node(*from).op, Op::Linear(_) | Op::Conv(_)) && is_vector(net.shape(*from))
    };
    net.graph().operands(id).first().is_some_and(layer)
}

fn is_vector(shape: &Shape) -> bool {
    shape.dims()[1..].iter().all(|size| *size == 1)
}
