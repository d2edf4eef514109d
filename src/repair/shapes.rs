//! Repairs of ops that do not accept their operands.

use super::judge::{Candidate, Rest};
use super::site::Site;
use crate::check::uneven;
use crate::diag::{Fix, Span};
use crate::graph::op::{AvgPool, Demand, MaxPool};
use crate::graph::{NodeId, Op, Shape};

/// Repairs of one that is wrong.
pub(super) fn of(site: &Site<'_>) -> Vec<Candidate> {
    match site.op().traits().demand {
        Demand::Nothing => Vec::new(),
        Demand::Vector => flattened(site),
        Demand::Window { position } => smaller_window(site, position),
        Demand::Together => Join { site }.candidates(),
    }
}

fn candidate(site: &Site<'_>, rest: Rest, title: String, edits: Vec<(Span, String)>) -> Candidate {
    Candidate { fix: Fix { title, edits, safe: true }, site: Some(site.path().to_owned()), rest }
}

fn flattened(site: &Site<'_>) -> Vec<Candidate> {
    let title = "put `flatten` ahead of it: `flatten -> linear`".into();
    let edit = (site.call.start(), "flatten -> ".into());
    vec![candidate(site, Rest::Sound, title, vec![edit])]
}

/// A window as large as what comes in. On a single pixel there is nothing left to see.
fn smaller_window(site: &Site<'_>, position: usize) -> Vec<Candidate> {
    let image = site.operands().first().and_then(|id| site.shape(*id)).and_then(Shape::image);
    let Some([_, height, width]) = image else { return Vec::new() };
    let k = height.min(width);
    if k == 1 {
        return Vec::new();
    }
    let title = format!("make the window fit: `k = {k}` on an image of {height} x {width}");
    let edit = site.call.set("k", position, &k.to_string());
    let mut smaller = candidate(site, Rest::Sound, title, vec![edit]);
    // A convolution before it may lack its padding.
    smaller.fix.safe = !matches!(site.op(), Op::Conv(_));
    vec![smaller]
}

/// An op whose operands do not fit together.
struct Join<'s, 'a> {
    site: &'s Site<'a>,
}

impl Join<'_, '_> {
    fn candidates(&self) -> Vec<Candidate> {
        let site = self.site;
        let Some((cursor, others)) = site.operands().split_first() else { return Vec::new() };
        let Some(to) = site.shape(*cursor) else { return Vec::new() };
        let other = |(i, id): (usize, &NodeId)| Some((i, *id, site.shape(*id)?));
        let mut others = others.iter().enumerate().filter_map(other);
        let Some((i, id, from)) = others.find(|(i, _, shape)| !self.accepts(i + 1, shape)) else {
            return Vec::new();
        };
        let mut candidates = Vec::new();
        // A value that the cursor comes from has no layer of its own to change.
        let shared = site.way(*cursor).any(|at| at == id);
        if let Some(wanted) = self.nearest(i + 1, from, to).filter(|_| !shared) {
            candidates.extend(self.layer(id, from, &wanted, Rest::FlowsOn));
        }
        if let Some(wanted) = self.nearest(i + 1, from, to) {
            candidates.extend(self.projected(i, from, &wanted));
        }
        candidates.extend(self.enlarged(to, from));
        candidates.extend(self.exchanged(*cursor, from, to));
        let uneven = uneven(&site.net.graph, &site.net.shapes, [*cursor, id]);
        candidates.extend(uneven.into_iter().filter_map(|id| self.same_size(id)));
        if let Some(wanted) = self.nearest(0, to, from) {
            candidates.extend(self.layer(*cursor, to, &wanted, Rest::Sound));
        }
        candidates
    }

    /// Whether the op accepts an operand of this shape: in place of the cursor beside all others,
    /// or beside the cursor alone.
    fn accepts(&self, position: usize, shape: &Shape) -> bool {
        let operands = self.site.operands().iter().map(|id| self.site.shape(*id));
        let Some(mut operands) = operands.collect::<Option<Vec<_>>>() else { return false };
        if position > 0 {
            operands.truncate(2);
        }
        operands[position.min(1)] = shape;
        self.site.op().shape(&operands).is_ok()
    }

    /// The shape that takes the fewest changes from `from` towards `to` for the op to accept it.
    fn nearest(&self, position: usize, from: &Shape, to: &Shape) -> Option<Shape> {
        let (old, new) = (from.dims(), to.dims());
        if old.len() != new.len() {
            return None;
        }
        let channels = [&new[..1], &old[1..]].concat();
        let sizes = [&old[..1], &new[1..]].concat();
        let shapes = [channels, sizes, new.to_vec()].into_iter();
        let mut shapes = shapes.filter_map(|dims| Shape::new(dims).ok());
        shapes.find(|shape| self.accepts(position, shape))
    }

    /// Another number of channels or another stride in the last layer on the way to an operand.
    fn layer(&self, end: NodeId, got: &Shape, wanted: &Shape, rest: Rest) -> Vec<Candidate> {
        let Some(layer) = self.site.layer(end) else { return Vec::new() };
        let changes = layer.layer_for(got, wanted).into_iter();
        let candidate = |change: super::site::Change| {
            let words = change.words.join(" and ");
            let title = format!("give `{}` {words}: the result is {wanted}", layer.path());
            candidate(self.site, rest, title, change.edits)
        };
        changes.map(candidate).collect()
    }

    /// A projection of an operand, as a branch of its own on the line above; in a block first one
    /// that other calls, whose shapes fit, do without.
    fn projected(&self, argument: usize, got: &Shape, wanted: &Shape) -> Vec<Candidate> {
        let (Some([_, y, x]), Some([_, h, w])) = (got.image(), wanted.image()) else {
            return Vec::new();
        };
        let stride = (y % h == 0 && x % w == 0 && y / h == x / w).then(|| y / h);
        let Some((stride, (span, name))) =
            stride.filter(|s| *s <= 4 && (h, w) != (1, 1)).zip(self.site.call.positional(argument))
        else {
            return Vec::new();
        };
        let guarded = self.site.guarded_projections(wanted.channels(), stride);
        let plain = self.site.words(wanted.channels()).into_iter().map(|c| match stride {
            1 => format!("conv({c}, k = 1)"),
            _ => format!("conv({c}, k = 1, stride = {stride})"),
        });
        let projection = |conv: String| {
            let (line, indent) = self.site.call.line();
            let branch = format!("{indent}projection = {name} -> {conv}\n");
            let title =
                format!("project `{name}` to the other shape: `projection = {name} -> {conv}`");
            let edits = vec![(line, branch), (span, "projection".into())];
            candidate(self.site, Rest::FlowsOn, title, edits)
        };
        guarded.into_iter().chain(plain).map(projection).collect()
    }

    /// The operand first, and the cursor, if it is a stage with a name, in its place.
    fn exchanged(&self, cursor: NodeId, from: &Shape, to: &Shape) -> Option<Candidate> {
        self.site.op().shape(&[from, to]).ok()?;
        let (body, _) = self.site.path().rsplit_once('.').unwrap_or_default();
        let path = &self.site.net.graph.get(cursor).path;
        let below = match body {
            "" => path,
            body => path.strip_prefix(body)?.strip_prefix('.')?,
        };
        let name = below.split('.').next()?;
        let ((span, first), call) = (self.site.call.positional(0)?, self.site.call.start());
        let title = format!("start from `{first}`: `{first} -> {}({name})`", self.site.op().name());
        let edits = vec![(call, format!("{first} -> ")), (span, name.to_owned())];
        Some(candidate(self.site, Rest::Sound, title, edits))
    }

    /// The cursor enlarged to the image of the other operand.
    fn enlarged(&self, cursor: &Shape, other: &Shape) -> Option<Candidate> {
        let ([c, y, x], [_, h, w]) = (cursor.image()?, other.image()?);
        let factor = h / y;
        let whole = factor > 1 && (y, x) != (1, 1) && (y * factor, x * factor) == (h, w);
        let shape = Shape::new([c, h, w]).ok().filter(|_| whole && factor <= 4)?;
        let title = format!("put `upsample({factor})` ahead of it");
        let edit = (self.site.call.start(), format!("upsample({factor}) -> "));
        self.accepts(0, &shape).then(|| candidate(self.site, Rest::Sound, title, vec![edit]))
    }

    /// A window of stride 1 that leaves the size of its image.
    fn same_size(&self, id: NodeId) -> Option<Candidate> {
        let node = Site::of(id, self.site.net, self.site.texts)?;
        let (kernel, stride, at) = match node.op() {
            Op::Conv(conv) => (conv.kernel, conv.stride, [1, 3]),
            Op::MaxPool(MaxPool(window)) | Op::AvgPool(AvgPool(window)) => {
                (window.kernel, window.stride, [0, 2])
            }
            _ => return None,
        };
        if kernel[0] != kernel[1] || stride != [1, 1] {
            return None;
        }
        let (k, pad) = (kernel[0] | 1, kernel[0] / 2);
        let mut edits = vec![node.call.set("pad", at[1], &pad.to_string())];
        if k != kernel[0] {
            edits.push(node.call.set("k", at[0], &k.to_string()));
        }
        let title = format!("keep the size in `{}`: `k = {k}` and `pad = {pad}`", node.path());
        Some(candidate(self.site, Rest::Sound, title, edits))
    }
}
