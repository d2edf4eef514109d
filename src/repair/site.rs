//! The node that a problem is about.

use super::calls::{CallText, Texts};
use super::words::words;
use crate::check::Unchecked;
use crate::diag::Span;
use crate::graph::op::Conv;
use crate::graph::{NodeId, Op, Origin, Shape};

/// A node, its call in the text, and what is known of its net.
pub(super) struct Site<'a> {
    pub net: &'a Unchecked,
    pub texts: &'a Texts<'a>,
    pub id: NodeId,
    pub origin: &'a Origin,
    pub call: CallText<'a>,
}

/// A change of one call, in words for its title.
pub(super) struct Change {
    pub edits: Vec<(Span, String)>,
    pub words: Vec<String>,
}

impl<'a> Site<'a> {
    pub fn of(id: NodeId, net: &'a Unchecked, texts: &'a Texts<'a>) -> Option<Site<'a>> {
        let origin = net.graph.get(id).origin.as_ref()?;
        Some(Site { net, texts, id, origin, call: texts.call(origin.span)? })
    }

    pub fn op(&self) -> &'a Op {
        &self.net.graph.get(self.id).op
    }

    pub fn path(&self) -> &'a str {
        &self.net.graph.get(self.id).path
    }

    pub fn operands(&self) -> &'a [NodeId] {
        self.net.graph.operands(self.id)
    }

    pub fn shape(&self, id: NodeId) -> Option<&'a Shape> {
        self.net.shapes.get(&id)
    }

    /// From a node back along first operands.
    pub fn way(&self, end: NodeId) -> impl Iterator<Item = NodeId> + use<'a> {
        let graph = &self.net.graph;
        std::iter::successors(Some(end), |at| graph.operands(*at).first().copied())
    }

    /// Ways to write a value where this call stands.
    pub fn words(&self, value: u64) -> Vec<String> {
        words(&self.net.graph, self.texts, self.origin, value)
    }

    /// In a block, projections to so many channels by a stride that are left out where a call of
    /// the block needs none.
    pub fn guarded_projections(&self, channels: u64, stride: u64) -> Vec<String> {
        if self.origin.calls.is_empty() {
            return Vec::new();
        }
        let used = self.strides();
        let by_name = |text: &String| text.parse::<u64>().is_err();
        let mut strides = self.words(stride);
        strides.retain(|text| by_name(text) && (stride != 1 || used.contains(&text.as_str())));
        let with = |c: String| match strides.as_slice() {
            [] if stride == 1 => vec![format!("conv({c}, k = 1) if {c} != same")],
            strides => strides
                .iter()
                .map(|s| format!("conv({c}, k = 1, stride = {s}) if {s} != 1 or {c} != same"))
                .collect(),
        };
        self.words(channels).into_iter().flat_map(with).collect()
    }

    /// How the strides of other calls of the same body are written.
    fn strides(&self) -> Vec<&'a str> {
        let graph = &self.net.graph;
        let origins = graph.ids().filter_map(|id| graph.get(id).origin.as_ref());
        let beside = origins.filter(|origin| origin.calls == self.origin.calls);
        beside.filter_map(|origin| self.texts.call(origin.span)?.named("stride")).collect()
    }

    /// The last layer with weights on the way to `end`, up to which the value has one operand each.
    pub fn layer(&self, end: NodeId) -> Option<Site<'a>> {
        let graph = &self.net.graph;
        let mut way = self.way(end).take_while(|id| graph.operands(*id).len() == 1);
        let id = way.find(|id| matches!(graph.get(*id).op, Op::Conv(_) | Op::Linear(_)))?;
        Site::of(id, self.net, self.texts)
    }

    /// Ways to give this layer other channels or another stride, such that a value of shape `got`
    /// gets the shape `wanted`.
    pub fn layer_for(&self, got: &Shape, wanted: &Shape) -> Vec<Change> {
        let stride = match (self.op(), got.image(), wanted.image()) {
            (Op::Conv(conv), Some(got), Some(wanted)) => match stride(conv, got, wanted) {
                Some(stride) => stride,
                None => return Vec::new(),
            },
            (Op::Linear(_) | Op::Conv(_), None, None) => None,
            _ => return Vec::new(),
        };
        let set = |name: &str, position, value: u64| {
            let edit =
                |text: String| (self.call.set(name, position, &text), format!("`{name} = {text}`"));
            self.words(value).into_iter().map(edit).collect::<Vec<_>>()
        };
        let channels =
            (got.channels() != wanted.channels()).then(|| set("c", 0, wanted.channels()));
        let strides = stride.map(|stride| set("stride", 2, stride));
        let change = |parts: Vec<&((Span, String), String)>| Change {
            edits: parts.iter().map(|(edit, _)| edit.clone()).collect(),
            words: parts.iter().map(|(_, words)| words.clone()).collect(),
        };
        match (&channels, &strides) {
            (Some(channels), Some(strides)) => {
                let both = |c| strides.iter().map(move |s| change(vec![c, s]));
                channels.iter().flat_map(both).collect()
            }
            (Some(one), None) | (None, Some(one)) => one.iter().map(|e| change(vec![e])).collect(),
            (None, None) => Vec::new(),
        }
    }
}

/// The stride that brings a convolution's image to another size: `Some(None)` if it has that size.
/// Strides above 4 pass over more than they see, and an image of one pixel comes from pooling.
fn stride(conv: &Conv, [_, y, x]: [u64; 3], [_, h, w]: [u64; 3]) -> Option<Option<u64>> {
    if (y, x) == (h, w) {
        return Some(None);
    }
    let [down, across] = conv.stride;
    let stride = match (y % h, h % y) {
        (0, _) => down * (y / h),
        (_, 0) if down % (h / y) == 0 => down / (h / y),
        _ => return None,
    };
    let alike = down == across && y * w == x * h && (h, w) != (1, 1);
    (alike && stride <= 4).then_some(Some(stride))
}
