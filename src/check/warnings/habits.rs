//! What means something else in other frameworks.

use super::{Checked, at};
use crate::diag::{Code, Problem};
use crate::graph::{NodeId, Op};

/// The numbers of channels of images.
const CHANNELS: [u64; 3] = [1, 3, 4];

/// An input whose channels seem to come last, as in Keras.
pub(super) fn channels_last(net: &Checked, id: NodeId) -> Option<Problem> {
    let Op::Input(_) = net.node(id).op else { return None };
    let [first, second, last] = net.shape(id).image()?;
    let of_an_image = first == second || last == 3;
    if !CHANNELS.contains(&last) || first <= last || second <= last || !of_an_image {
        return None;
    }
    let path = &net.node(id).path;
    let message = format!("`{path}` has {first} channels, and images of {second} x {last}");
    let problem = at(net, id, Code::ChannelsLast, message)
        .label("the channels come first")
        .help(format!("write `[N, {last}, {first}, {second}]` for images of {first} x {second}"));
    Some(problem)
}

/// A batch norm with the momentum of Keras, which is the weight of what was before.
pub(super) fn momentum(net: &Checked, id: NodeId) -> Option<Problem> {
    let Op::BatchNorm(bn) = &net.node(id).op else { return None };
    if bn.momentum <= 0.5 {
        return None;
    }
    let (path, weight) = (&net.node(id).path, bn.momentum);
    let kept = ((1.0 - weight) * 1e6).round() / 1e6;
    let message =
        format!("`{path}` gives each batch a weight of {weight} in its running statistics");
    let help = match kept > 0.0 {
        true => format!("`momentum` is the weight of the batch: Keras's {weight} is `{kept}` here"),
        false => "`momentum` is the weight of the batch; by default it is 0.1".into(),
    };
    let problem = at(net, id, Code::BnMomentum, message)
        .label(format!("keeps {kept} of what was before"))
        .help(help);
    Some(problem)
}
