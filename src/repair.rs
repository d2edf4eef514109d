//! Repairs of shape errors, computed from the graph: each is tried on the text before it is
//! offered.

use std::collections::HashMap;

use crate::check::Unchecked;
use crate::diag::{Code, Fix, Problem, Problems, Sources, Span};
use crate::graph::op::Demand;
use crate::graph::{Graph, NodeId, Op, Shape, Value};
use crate::limits::{MAX_REPAIRED_BYTES, MAX_REPAIRED_NODES};

/// At most so many shape errors of one run are repaired: each attempt compiles the file again.
const MAX_REPAIRED: usize = 8;

/// Tries some edits: how many problems they leave if they help, else `None`.
pub type Attempt<'a> = &'a dyn Fn(&[(Span, String)]) -> Option<usize>;

/// Gives each shape error the repairs that make it go away.
pub fn repair(
    problems: &mut Problems,
    unchecked: &Unchecked,
    sources: &Sources,
    attempt: Attempt<'_>,
) {
    let Unchecked { graph, shapes } = unchecked;
    let bytes: usize = sources.ids().map(|id| sources.get(id).text.len()).sum();
    if graph.len() > MAX_REPAIRED_NODES || bytes > MAX_REPAIRED_BYTES {
        return;
    }
    let shape_errors = problems.iter_mut().filter(|p| p.code == Code::Shape && p.fixes.is_empty());
    for problem in shape_errors.take(MAX_REPAIRED) {
        let Some(site) = Site::of(problem, graph, sources, shapes) else { continue };
        let tried =
            site.candidates().into_iter().filter_map(|fix| Some((attempt(&fix.edits)?, fix)));
        let mut tried: Vec<(usize, Fix)> = tried.collect();
        tried.sort_by_key(|(left, _)| *left);
        problem.fixes = tried.into_iter().map(|(_, fix)| fix).collect();
        if let Some(fix) = problem.fixes.first() {
            problem.help = Some(fix.title.clone());
        }
    }
}

/// The op that does not accept its operands, and its call in the text.
struct Site<'a> {
    graph: &'a Graph,
    sources: &'a Sources,
    shapes: &'a HashMap<NodeId, Shape>,
    id: NodeId,
    call: CallText<'a>,
    operands: Vec<NodeId>,
}

impl<'a> Site<'a> {
    fn of(
        problem: &Problem,
        graph: &'a Graph,
        sources: &'a Sources,
        shapes: &'a HashMap<NodeId, Shape>,
    ) -> Option<Site<'a>> {
        let span = problem.span?;
        let wrong = |id: &NodeId| {
            let node = graph.get(*id);
            let known: Option<Vec<&Shape>> =
                graph.operands(*id).iter().map(|o| shapes.get(o)).collect();
            node.origin.as_ref().is_some_and(|o| o.span == span)
                && known.is_some_and(|known| node.op.shape(&known).is_err())
        };
        let id = graph.ids().find(wrong)?;
        let operands = graph.operands(id).to_vec();
        Some(Site { graph, sources, shapes, id, call: CallText::of(span, sources), operands })
    }

    fn candidates(&self) -> Vec<Fix> {
        match self.graph.get(self.id).op.traits().demand {
            Demand::Nothing => Vec::new(),
            Demand::Vector => vec![Fix {
                title: "put `flatten` ahead of it: `flatten -> linear`".into(),
                edits: vec![(self.call.start(), "flatten -> ".into())],
            }],
            Demand::Window { position } => self.smaller_window(position),
            Demand::OneShape => self.bring_together(),
        }
    }

    /// A window as large as what comes in.
    fn smaller_window(&self, position: usize) -> Vec<Fix> {
        let image = self.operands.first().and_then(|id| self.shapes.get(id)).and_then(Shape::image);
        let Some([_, height, width]) = image else { return Vec::new() };
        let k = height.min(width);
        let Some(edit) = self.call.set("k", position, &k.to_string()) else { return Vec::new() };
        vec![Fix {
            title: format!("make the window fit: `k = {k}` on an image of {height} x {width}"),
            edits: vec![edit],
        }]
    }

    /// Each operand to the shape of the first: by the convolution that its branch has, else by a
    /// projection.
    fn bring_together(&self) -> Vec<Fix> {
        let Some(target) = self.operands.first().and_then(|id| self.shapes.get(id)) else {
            return Vec::new();
        };
        let other = self.operands.iter().enumerate().skip(1);
        let mut other = other.filter_map(|(i, id)| Some((i, *id, self.shapes.get(id)?)));
        let Some((position, id, shape)) = other.find(|(_, _, shape)| *shape != target) else {
            return Vec::new();
        };
        let own = self.adjust(id, target, shape);
        let cursor = self.adjust(self.operands[0], shape, target);
        let projection = self.project(position, target, shape);
        // A value that the other side starts from has no convolution of its own to change.
        match self.way(self.operands[0]).any(|at| at == id) {
            true => projection.into_iter().chain(cursor).collect(),
            false => own.into_iter().chain(projection).chain(cursor).collect(),
        }
    }

    /// From a node back along first operands.
    fn way(&self, end: NodeId) -> impl Iterator<Item = NodeId> {
        std::iter::successors(Some(end), |at| self.graph.operands(*at).first().copied())
    }

    /// The last convolution on the way to `end`, given the channels and the stride that lead to
    /// `target`.
    fn adjust(&self, end: NodeId, target: &Shape, got: &Shape) -> Vec<Fix> {
        let Some(([c, h, w], [d, y, x])) = target.image().zip(got.image()) else {
            return Vec::new();
        };
        let single = |id: &NodeId| self.graph.operands(*id).len() == 1;
        let mut convs =
            self.way(end).take_while(single).filter_map(|id| match &self.graph.get(id).op {
                Op::Conv(conv) => Some((id, conv)),
                _ => None,
            });
        let Some((id, conv)) = convs.next() else { return Vec::new() };
        let node = self.graph.get(id);
        let Some(origin) = node.origin.as_ref() else { return Vec::new() };
        let call = CallText::of(origin.span, self.sources);
        let mut edits = Vec::new();
        let mut words = Vec::new();
        if c != d {
            let c = self.as_written(id, "c", c);
            edits.extend(call.set("c", 0, &c));
            words.push(format!("`c = {c}`"));
        }
        if (h, w) != (y, x) {
            let [down, _] = conv.stride;
            let stride = if y > h && y % h == 0 {
                down * (y / h)
            } else if h % y == 0 {
                down / (h / y).max(1)
            } else {
                0
            };
            if stride == 0 {
                return Vec::new();
            }
            let stride = self.as_written(id, "stride", stride);
            edits.extend(call.set("stride", 2, &stride));
            words.push(format!("`stride = {stride}`"));
        }
        let title = format!("give `{}` {}: the result is {target}", node.path, words.join(" and "));
        vec![Fix { title, edits }]
    }

    /// How another convolution of the same block call writes a value, so that the repair holds for
    /// every call of the block; else the number.
    fn as_written(&self, id: NodeId, name: &str, value: u64) -> String {
        let origin = self.graph.get(id).origin.as_ref();
        let siblings = self.graph.ids().filter(|other| *other != id).filter_map(|other| {
            let node = self.graph.get(other);
            let has = node
                .op
                .attributes()
                .iter()
                .any(|(n, v)| *n == name && *v == Value::Int(value as i64));
            let theirs = node.origin.as_ref().filter(|_| has && matches!(node.op, Op::Conv(_)))?;
            origin.is_some_and(|mine| mine.calls == theirs.calls).then_some(theirs.span)
        });
        let mut written =
            siblings.filter_map(|span| CallText::of(span, self.sources).written(name));
        written.find(|text| text.parse::<u64>().is_err()).unwrap_or_else(|| value.to_string())
    }

    /// A projection of the operand at `position`, as a branch of its own on the line above.
    fn project(&self, position: usize, target: &Shape, got: &Shape) -> Option<Fix> {
        let ([c, h, w], [_, y, x]) = target.image().zip(got.image())?;
        let stride = (y % h == 0 && x % w == 0 && y / h == x / w).then(|| y / h)?;
        let (argument, name) = self.call.args.get(position - 1)?;
        let c = self.as_written(self.id, "c", c);
        let conv = match stride {
            1 => format!("conv({c}, k = 1)"),
            _ => format!("conv({c}, k = 1, stride = {stride})"),
        };
        let line = self.call.line(self.sources);
        let branch = format!("{}projection = {name} -> {conv}\n", line.1);
        Some(Fix {
            title: format!("project `{name}` to the other shape: `projection = {name} -> {conv}`"),
            edits: vec![(line.0, branch), (*argument, "projection".into())],
        })
    }
}

/// A call as it stands in the text.
struct CallText<'a> {
    span: Span,
    /// Its arguments as written.
    args: Vec<(Span, &'a str)>,
    /// Whether it has parentheses.
    open: bool,
}

impl<'a> CallText<'a> {
    fn of(span: Span, sources: &'a Sources) -> CallText<'a> {
        let text = sources.text(span);
        let inside = text.find('(').map(|at| at + 1).filter(|_| text.ends_with(')'));
        let mut args = Vec::new();
        if let Some(from) = inside {
            let (mut depth, mut start) = (0, from);
            for (at, c) in text[from..].char_indices().map(|(i, c)| (from + i, c)) {
                match c {
                    '(' | '[' => depth += 1,
                    ')' | ']' if depth > 0 => depth -= 1,
                    ')' | ',' if depth == 0 => {
                        let written = &text[start..at];
                        let word = written.trim();
                        let begin = span.start + start + written.len() - written.trim_start().len();
                        if !word.is_empty() {
                            args.push((
                                Span { start: begin, end: begin + word.len(), ..span },
                                word,
                            ));
                        }
                        start = at + 1;
                    }
                    _ => {}
                }
            }
        }
        CallText { span, args, open: inside.is_some() }
    }

    fn start(&self) -> Span {
        Span { end: self.span.start, ..self.span }
    }

    /// The edit that gives the argument `name`, which may stand at `position`, a value.
    fn set(&self, name: &str, position: usize, value: &str) -> Option<(Span, String)> {
        let named = |word: &str| word.split_once('=').is_some_and(|(left, _)| left.trim() == name);
        if let Some((span, _)) = self.args.iter().find(|(_, word)| named(word)) {
            return Some((*span, format!("{name} = {value}")));
        }
        match self.args.get(position) {
            Some((span, word)) if !word.contains('=') => Some((*span, value.into())),
            _ if !self.open => {
                let end = Span { start: self.span.end, ..self.span };
                Some((end, format!("({name} = {value})")))
            }
            _ => {
                let end = Span { start: self.span.end - 1, end: self.span.end - 1, ..self.span };
                let comma = if self.args.is_empty() { "" } else { ", " };
                Some((end, format!("{comma}{name} = {value}")))
            }
        }
    }

    /// An argument of a convolution as written, unless it is left out.
    fn written(&self, name: &str) -> Option<String> {
        let named = self.args.iter().filter_map(|(_, word)| word.split_once('='));
        let mut named =
            named.filter(|(left, _)| left.trim() == name).map(|(_, right)| right.trim());
        let first = self.args.first().filter(|(_, word)| name == "c" && !word.contains('='));
        named.next().or(first.map(|(_, word)| *word)).map(str::to_owned)
    }

    /// The start of its line, and the line's indentation.
    fn line(&self, sources: &'a Sources) -> (Span, &'a str) {
        let text = &sources.get(self.span.file).text;
        let start = text[..self.span.start].rfind('\n').map_or(0, |at| at + 1);
        let line = &text[start..];
        let indent = &line[..line.len() - line.trim_start_matches([' ', '\t']).len()];
        (Span { start, end: start, ..self.span }, indent)
    }
}
