//! A graph as readable text: one line per chain of a stage and per branch, common arguments as
//! `default` lines, recurring parts as blocks and `repeat`.

use std::collections::{HashMap, HashSet};

use super::blocks::{Block, blocks};
use super::defaults::defaults;
use super::flow::{Flow, Step, flow, trunk};
use crate::check::Checked;
use crate::diag::Sources;
use crate::graph::op;
use crate::syntax;

/// The minimum number of consecutive equal calls that become a `repeat`.
const REPEATS: usize = 3;

/// The net as readable `.net` text in canonical form. It resolves to the same graph; stages keep
/// their labels, but nodes inside them may have other names.
pub fn readable(net: &Checked) -> String {
    let text = text(net);
    let mut sources = Sources::default();
    let file = sources.add("derived", text.clone());
    syntax::parse(&sources, file).map_or(text, |file| syntax::print(&file))
}

fn text(net: &Checked) -> String {
    let graph = net.graph();
    let input = net.node(net.input()).path.clone();
    let defaults = defaults(net);
    let flow = flow(net, &defaults);
    let mut taken: HashSet<String> =
        graph.output().map(|(name, _)| name.to_string()).into_iter().collect();
    taken.extend([input.clone(), graph.name.clone()]);
    taken.extend(flow.steps.iter().filter_map(|step| step.stage.clone()));
    let (flow, blocks) = blocks(flow, &taken);
    let mut text: String = blocks.iter().map(definition).collect();
    text += &format!("net {} {{\n", graph.name);
    for (op, arguments) in &defaults {
        let said: Vec<String> =
            arguments.iter().map(|(name, value)| format!("{name} = {value}")).collect();
        text += &format!("  default {op}({})\n", said.join(", "));
    }
    text += &format!("  input {input}: {}\n\n", net.shape(net.input()));
    let mut used: HashSet<String> =
        graph.output().map(|(name, _)| name.to_string()).into_iter().collect();
    used.insert(input.clone());
    let names = blocks.iter().map(|block| block.name.clone()).collect();
    text += &Writer::new(&flow, input, used, names).lines();
    if let Some((name, id)) = graph.output() {
        text += &format!("\n  output {name}: {}\n", net.shape(id));
    }
    text += &format!("  expect params == {}\n", grouped(net.params()));
    let settings: Vec<String> = graph.recipe().iter().map(|(k, v)| format!("{k} = {v}")).collect();
    if !settings.is_empty() {
        text += &format!("  recipe {{\n    {}\n  }}\n", settings.join("\n    "));
    }
    text + "}\n"
}

/// A block's definition.
fn definition(block: &Block) -> String {
    let parameters = match block.parameters.as_slice() {
        [] => String::new(),
        parameters => format!("({})", parameters.join(", ")),
    };
    let used: HashSet<String> =
        block.parameters.iter().cloned().chain(["in".to_string()]).collect();
    let lines = Writer::new(&block.body, "in".into(), used, Vec::new()).lines();
    format!("block {}{parameters} {{\n{lines}}}\n\n", block.name)
}

/// Writes calls as lines.
struct Writer<'f> {
    flow: &'f Flow,
    readers: Vec<Vec<usize>>,
    trunk: Vec<bool>,
    /// The values that have a name in the text.
    names: HashMap<usize, String>,
    used: HashSet<String>,
    blocks: Vec<String>,
    /// The number of steps per first path segment.
    sizes: HashMap<&'f str, usize>,
    text: String,
}

impl<'f> Writer<'f> {
    fn new(
        flow: &'f Flow,
        input: String,
        used: HashSet<String>,
        blocks: Vec<String>,
    ) -> Writer<'f> {
        let mut sizes: HashMap<&str, usize> = HashMap::new();
        for step in &flow.steps {
            *sizes.entry(step.path.split('.').next().unwrap_or_default()).or_default() += 1;
        }
        let (readers, trunk) = (flow.readers(), trunk(flow));
        let names = HashMap::from([(0, input)]);
        Writer { flow, readers, trunk, names, used, blocks, sizes, text: String::new() }
    }

    /// A line for each piece of the trunk and each branch, once its last step is reached.
    fn lines(mut self) -> String {
        let mut piece: Vec<usize> = Vec::new();
        let mut branches: HashMap<usize, Vec<usize>> = HashMap::new();
        for i in 1..self.flow.steps.len() {
            let next = self.next(i);
            if self.trunk[i] {
                piece.push(i);
                if self.is_named(i) || next.is_none_or(|n| self.stage(n) != self.stage(i)) {
                    self.trunk_line(&piece, next);
                    piece.clear();
                }
                continue;
            }
            let mut chain = branches.remove(&i).unwrap_or_default();
            chain.push(i);
            match next {
                Some(next) => {
                    branches.insert(next, chain);
                }
                None => self.branch_line(&chain),
            }
        }
        self.text
    }

    fn stage(&self, i: usize) -> Option<&'f str> {
        self.flow.steps[i].stage.as_deref()
    }

    /// The step that continues with a value in the same chain.
    fn next(&self, i: usize) -> Option<usize> {
        let goes_on = |r: &&usize| self.flow.steps[**r].operands.first() == Some(&i);
        if self.trunk[i] {
            return self.readers[i].iter().find(|r| self.trunk[**r] && goes_on(r)).copied();
        }
        match self.readers[i].as_slice() {
            [reader] => Some(reader).filter(|r| goes_on(r) && !self.trunk[**r]).copied(),
            _ => None,
        }
    }

    /// Whether something outside the chain reads it.
    fn is_named(&self, i: usize) -> bool {
        self.readers[i].len() > usize::from(self.next(i).is_some())
    }

    fn trunk_line(&mut self, piece: &[usize], next: Option<usize>) {
        let Some(&last) = piece.last() else { return };
        let here = self.stage(last);
        let whole = next.is_none_or(|n| self.stage(n) != here);
        let head = &self.flow.steps[last].head;
        let label = match here {
            Some(stage) if whole => Some(self.name(stage)),
            None if self.is_named(last) => Some(self.name("value")),
            None => None,
            Some(stage) => Some(self.name(&format!("{stage}_{head}"))),
        };
        self.statements(label.as_deref(), piece);
        if let Some(label) = label {
            self.names.insert(last, label);
        }
    }

    /// A chain of the trunk: one line, except for consecutive equal calls. The label is that of
    /// the last call.
    fn statements(&mut self, label: Option<&str>, piece: &[usize]) {
        let calls: Vec<String> = piece.iter().map(|&i| self.call(i)).collect();
        let mut at = 0;
        let mut line: Vec<&str> = Vec::new();
        let mut lines: Vec<String> = Vec::new();
        while at < calls.len() {
            let single = self.flow.steps[piece[at]].operands.len() == 1;
            let count = calls[at..].iter().take_while(|call| **call == calls[at]).count();
            if single && count >= REPEATS {
                lines.extend((!line.is_empty()).then(|| line.join(" -> ")));
                line.clear();
                lines.push(format!("repeat {count} {{\n    {}\n  }}", calls[at]));
                at += count;
            } else {
                line.push(&calls[at]);
                at += 1;
            }
        }
        lines.extend((!line.is_empty()).then(|| line.join(" -> ")));
        let last = lines.len().saturating_sub(1);
        for (i, line) in lines.iter().enumerate() {
            let head =
                label.filter(|_| i == last).map_or_else(String::new, |label| format!("{label}: "));
            self.text += &format!("  {head}{line}\n");
        }
    }

    fn branch_line(&mut self, chain: &[usize]) {
        let (Some(&first), Some(&last)) = (chain.first(), chain.last()) else { return };
        let step = &self.flow.steps[last];
        let here = step.path.split('.').next().unwrap_or(&step.path);
        let wanted = match step.stage {
            _ if self.in_a_block() => self.role(last).to_string(),
            _ if self.sizes.get(here) == Some(&chain.len()) => here.to_string(),
            _ => {
                let end = step.path.rsplit('.').next().unwrap_or(&step.path);
                format!("{here}_{}", if self.is_numbered(end) { &step.head } else { end })
            }
        };
        let name = self.name(&wanted);
        let source =
            self.flow.steps[first].operands.first().map_or_else(String::new, |&o| self.name_of(o));
        let calls: Vec<String> = chain.iter().map(|&i| self.call(i)).collect();
        self.text += &format!("  {name} = {source} -> {}\n", calls.join(" -> "));
        self.names.insert(last, name);
    }

    fn in_a_block(&self) -> bool {
        self.names.get(&0).is_some_and(|name| name == "in")
    }

    /// The purpose of a branch of a block.
    fn role(&self, last: usize) -> &'static str {
        match self.readers[last].first().map(|&r| self.flow.steps[r].head.as_str()) {
            Some("add") => "short",
            Some("mul") => "gate",
            Some("sub") => "less",
            Some("concat") => "more",
            _ => "side",
        }
    }

    fn name_of(&self, i: usize) -> String {
        self.names.get(&i).cloned().unwrap_or_default()
    }

    fn call(&self, i: usize) -> String {
        let step: &Step = &self.flow.steps[i];
        let joins: Vec<String> = step.operands.iter().skip(1).map(|&o| self.name_of(o)).collect();
        step.text(&joins)
    }

    /// An unused name: not that of an op or block, and not one that an unlabelled call could get.
    fn name(&mut self, wanted: &str) -> String {
        let clean: String =
            wanted.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        let clean = if self.is_callable(&clean) || self.is_numbered(&clean) {
            format!("{clean}_value")
        } else {
            clean
        };
        let mut name = clean.clone();
        let mut count = 1;
        while self.used.contains(&name) {
            count += 1;
            name = format!("{clean}_{count}");
        }
        self.used.insert(name.clone());
        name
    }

    fn is_callable(&self, name: &str) -> bool {
        op::signature(name).is_some() || self.blocks.iter().any(|block| block == name)
    }

    /// Whether it is a name that an unlabelled call could get: `conv_2`.
    fn is_numbered(&self, name: &str) -> bool {
        name.rsplit_once('_').is_some_and(|(head, number)| {
            self.is_callable(head) && number.chars().all(|c| c.is_ascii_digit())
        })
    }
}

/// `115786` as `115_786`.
fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let groups: Vec<&[u8]> = digits.as_bytes().rchunks(3).rev().collect();
    groups.iter().map(|g| String::from_utf8_lossy(g).into_owned()).collect::<Vec<_>>().join("_")
}
