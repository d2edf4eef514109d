//! A graph as text for people: a stage a line where the graph is a chain, a branch a line, defaults
//! said once, the chain that recurs most as a block.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::blocks::{Arguments, Block, Call};
use crate::check::Checked;
use crate::diag::Sources;
use crate::graph::op::{self, Kind};
use crate::graph::{Graph, NodeId, Op};
use crate::syntax;

/// The net as readable `.net` text in canonical form. It resolves to the same graph; stages keep their
/// labels, what lies below them may be named otherwise.
pub fn readable(net: &Checked) -> String {
    let mut writer = Writer::new(net);
    writer.statements();
    let text = writer.text();
    let mut sources = Sources::default();
    let file = sources.add("derived", text.clone());
    syntax::parse(&sources, file).map_or(text, |file| syntax::print(&file))
}

/// The arguments that every node of an op states alike, by op.
type Defaults = BTreeMap<&'static str, Arguments>;

struct Writer<'n> {
    net: &'n Checked,
    trunk: HashSet<NodeId>,
    defaults: Defaults,
    /// The values that have a name in the text.
    names: HashMap<NodeId, String>,
    used: HashSet<String>,
    /// How many nodes have each first segment of a path.
    sizes: HashMap<&'n str, usize>,
    lines: Vec<Line>,
}

/// A stage or a branch.
struct Line {
    /// What stands before the chain: `layer1: `, `short = layer1 -> `.
    head: String,
    chain: Vec<Call>,
}

impl<'n> Writer<'n> {
    fn new(net: &'n Checked) -> Writer<'n> {
        let graph = net.graph();
        let mut used: HashSet<String> =
            graph.output().map(|(name, _)| name.to_string()).into_iter().collect();
        let input = &net.node(net.input()).path;
        used.insert(input.clone());
        let mut sizes: HashMap<&str, usize> = HashMap::new();
        for &id in net.order() {
            *sizes.entry(net.node(id).path.split('.').next().unwrap_or_default()).or_default() += 1;
        }
        Writer {
            net,
            trunk: graph.trunk(),
            defaults: defaults(net),
            names: HashMap::from([(net.input(), input.clone())]),
            used,
            sizes,
            lines: Vec::new(),
        }
    }

    fn graph(&self) -> &'n Graph {
        self.net.graph()
    }

    /// A line for each piece of the trunk and each branch, once its last node is reached.
    fn statements(&mut self) {
        let mut piece: Vec<NodeId> = Vec::new();
        let mut branches: HashMap<NodeId, Vec<NodeId>> = HashMap::new();
        for &id in self.net.order() {
            if id == self.net.input() {
                continue;
            }
            let next = self.next(id);
            if self.trunk.contains(&id) {
                piece.push(id);
                if self.is_named(id) || next.is_none_or(|n| stage(self.graph(), n) != stage(self.graph(), id))
                {
                    self.trunk_line(&piece, next);
                    piece.clear();
                }
                continue;
            }
            let mut chain = branches.remove(&id).unwrap_or_default();
            chain.push(id);
            match next {
                Some(next) => {
                    branches.insert(next, chain);
                }
                None => self.branch_line(&chain),
            }
        }
    }

    /// The node that goes on with a value in the same chain.
    fn next(&self, id: NodeId) -> Option<NodeId> {
        let readers = self.graph().readers(id);
        let goes_on = |r: &&NodeId| self.graph().operands(**r).first() == Some(&id);
        if self.trunk.contains(&id) {
            return readers.iter().find(|r| self.trunk.contains(r) && goes_on(r)).copied();
        }
        match readers.as_slice() {
            [reader] => Some(reader).filter(|r| goes_on(r) && !self.trunk.contains(r)).copied(),
            _ => None,
        }
    }

    /// Whether something beside the chain reads it.
    fn is_named(&self, id: NodeId) -> bool {
        let beside = usize::from(self.next(id).is_some());
        self.graph().readers(id).len() > beside
    }

    fn trunk_line(&mut self, piece: &[NodeId], next: Option<NodeId>) {
        let Some(&last) = piece.last() else { return };
        let here = stage(self.graph(), last);
        let whole = next.is_none_or(|n| stage(self.graph(), n) != here);
        let label = match here {
            Some(stage) if whole => Some(self.name(stage)),
            None if self.is_named(last) => Some(self.name("value")),
            None => None,
            Some(stage) => Some(self.name(&format!("{stage}_{}", self.net.node(last).op.name()))),
        };
        let chain = self.chain(piece);
        match label {
            Some(label) => {
                self.lines.push(Line { head: format!("{label}: "), chain });
                self.names.insert(last, label);
            }
            None => self.lines.push(Line { head: String::new(), chain }),
        }
    }

    fn branch_line(&mut self, chain: &[NodeId]) {
        let (Some(&first), Some(&last)) = (chain.first(), chain.last()) else { return };
        let path = &self.net.node(last).path;
        let here = path.split('.').next().unwrap_or(path);
        let whole = self.sizes.get(here) == Some(&chain.len());
        let end = path.rsplit('.').next().unwrap_or(path);
        let end = if is_numbered(end) { self.net.node(last).op.name() } else { end };
        let name = self.name(&if whole { here.to_string() } else { format!("{here}_{end}") });
        let source = self.graph().operands(first).first().map_or_else(String::new, |&o| self.name_of(o));
        let chain = self.chain(chain);
        self.lines.push(Line { head: format!("{name} = {source} -> "), chain });
        self.names.insert(last, name);
    }

    fn name_of(&self, id: NodeId) -> String {
        self.names.get(&id).cloned().unwrap_or_default()
    }

    fn chain(&self, nodes: &[NodeId]) -> Vec<Call> {
        nodes.iter().map(|&id| self.call(id)).collect()
    }

    fn call(&self, id: NodeId) -> Call {
        let op = &self.net.node(id).op;
        let joins: Vec<String> = self.graph().operands(id).iter().skip(1).map(|&o| self.name_of(o)).collect();
        let mut stated = op.stated(joins.len() + 1);
        stated.retain(|argument| !self.defaults.get(op.name()).is_some_and(|d| d.contains(argument)));
        Call { op: op.clone(), joins, stated }
    }

    /// A name that nothing else has: no op's, and none that an unlabelled op could get.
    fn name(&mut self, wanted: &str) -> String {
        let clean: String = wanted.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        let taken = op::signature(&clean).is_some() || is_numbered(&clean);
        let clean = if taken { format!("{clean}_value") } else { clean };
        let mut name = clean.clone();
        let mut count = 1;
        while self.used.contains(&name) {
            count += 1;
            name = format!("{clean}_{count}");
        }
        self.used.insert(name.clone());
        name
    }

    fn text(&self) -> String {
        let graph = self.graph();
        let chains: Vec<&[Call]> = self.lines.iter().map(|line| line.chain.as_slice()).collect();
        let block = Block::find(&chains, |name| self.used.contains(name) || graph.name == name);
        let mut text = block.as_ref().map_or_else(String::new, Block::text);
        text += &format!("net {} {{\n", graph.name);
        for (op, arguments) in &self.defaults {
            let said: Vec<String> =
                arguments.iter().map(|(name, value)| format!("{name} = {value}")).collect();
            text += &format!("  default {op}({})\n", said.join(", "));
        }
        let input = self.net.input();
        text += &format!("  input {}: {}\n\n", self.net.node(input).path, self.net.shape(input));
        for line in &self.lines {
            let calls = match &block {
                Some(block) => block.calls(&line.chain),
                None => line.chain.iter().map(Call::text).collect(),
            };
            text += &format!("  {}{}\n", line.head, calls.join(" -> "));
        }
        if let Some((name, id)) = graph.output() {
            text += &format!("\n  output {name}: {}\n", self.net.shape(id));
        }
        text += &format!("  expect params == {}\n", grouped(self.net.params()));
        let settings: Vec<String> = graph.recipe().iter().map(|(k, v)| format!("{k} = {v}")).collect();
        if !settings.is_empty() {
            text += &format!("  recipe {{\n    {}\n  }}\n", settings.join("\n    "));
        }
        text + "}\n"
    }
}

/// Whether it is how an unlabelled op is named: `conv_2`.
fn is_numbered(name: &str) -> bool {
    name.rsplit_once('_').is_some_and(|(op_name, number)| {
        op::signature(op_name).is_some() && number.chars().all(|c| c.is_ascii_digit())
    })
}

/// `115786` as `115_786`.
fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let groups: Vec<&[u8]> = digits.as_bytes().rchunks(3).rev().collect();
    groups.iter().map(|g| String::from_utf8_lossy(g).into_owned()).collect::<Vec<_>>().join("_")
}

/// The stage that a node belongs to: the first segment of its path; `None` for an op without a label.
fn stage(graph: &Graph, id: NodeId) -> Option<&str> {
    let node = graph.get(id);
    let numbered = node.path.strip_prefix(node.op.name());
    let unlabelled = numbered.is_some_and(|rest| {
        rest.is_empty() || rest.strip_prefix('_').is_some_and(|n| n.chars().all(|c| c.is_ascii_digit()))
    });
    if unlabelled { None } else { node.path.split('.').next() }
}

/// What at least two nodes of an op state, and all of them alike, by name.
fn defaults(net: &Checked) -> Defaults {
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
            op::signature(name).and_then(|s| s.args.iter().find(|p| p.name == argument)).map(|p| p.kind)
        };
        // Sizes and steps are read where they are used.
        arguments.retain(|(argument, _)| {
            matches!(kind(argument), Some(Kind::Init | Kind::FilterInit | Kind::Bool))
        });
    }
    shared.retain(|_, (count, arguments)| *count > 1 && !arguments.is_empty());
    shared.into_iter().map(|(name, (_, arguments))| (name, arguments)).collect()
}
