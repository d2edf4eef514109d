use std::collections::{BTreeSet, HashMap};

use super::super::lex::tokens;
use super::given::Assumed;
use crate::check::{Unchecked, check};
use crate::diag::{Code, FileId, Span};
use crate::graph;
use crate::syntax::ast::{Block, Item, ItemKind, StmtKind};
use crate::syntax::{self, Project};

/// A project whose net calls one of its blocks.
pub(super) struct BlockProbe<'b> {
    pub project: Project,
    pub block: Block,
    /// The text of that net.
    file: FileId,
    /// How many nodes may be placed still, in all runs.
    budget: &'b mut usize,
}

/// What a run costs beside its nodes.
const RUN: usize = 20;

/// What came of one choice of sizes and arguments.
pub(super) struct ProbeRun {
    pub net: Unchecked,
    pub call: Span,
    errors: usize,
    by_path: HashMap<String, Vec<u64>>,
}

impl ProbeRun {
    /// More is better.
    pub fn score(&self) -> (isize, usize) {
        let unknown = self.net.graph.len() - self.net.shapes.len();
        (-((self.errors + unknown) as isize), self.net.shapes.len())
    }

    /// The sizes of a node's value, the batch not counted.
    pub fn shape(&self, path: &str) -> Option<&[u64]> {
        self.by_path.get(path).map(Vec::as_slice)
    }

    pub fn paths(&self) -> BTreeSet<&str> {
        self.net.graph.ids().map(|id| self.net.graph.get(id).path.as_str()).collect()
    }
}

impl<'b> BlockProbe<'b> {
    pub fn new(project: &Project, block: Block, budget: &'b mut usize) -> BlockProbe<'b> {
        let needed = needed(project, &block);
        let wanted = |item: &&Item| match &item.kind {
            ItemKind::Import(_) => true,
            ItemKind::Block(block) => needed.contains(block.name.node.as_str()),
            ItemKind::Net(_) => false,
        };
        let items = project.file(project.root).items.iter().filter(wanted).cloned().collect();
        let mut project = project.with_items(items);
        let file = project.sources.add_own("probe", String::new());
        BlockProbe { project, block, file, budget }
    }

    /// Calls the block; of a symbol's values, `value` tells which. The net stays in the project.
    pub fn run(
        &mut self,
        input: &[Assumed],
        arguments: &[Assumed],
        value: &dyn Fn(&Assumed) -> usize,
    ) -> Option<ProbeRun> {
        if *self.budget == 0 {
            return None;
        }
        let sizes: Vec<String> = input.iter().filter_map(|g| g.text(value(g))).collect();
        let written = |g: &Assumed| Some(format!("{} = {}", g.name, g.text(value(g))?));
        let arguments: Vec<String> = arguments.iter().filter_map(written).collect();
        let text = format!(
            "net probe {{\n  input x: [N, {}]\n  {}({})\n}}\n",
            sizes.join(", "),
            self.block.name.node,
            arguments.join(", ")
        );
        self.project.sources.replace(self.file, text);
        let net = syntax::parse(&self.project.sources, self.file).ok()?.items.pop()?;
        let ItemKind::Net(parsed) = &net.kind else { return None };
        let call = parsed.body.stmts.iter().find_map(|stmt| match &stmt.kind {
            StmtKind::Stage { chain, .. } => Some(syntax::calls(chain).first()?.name.span),
            _ => None,
        })?;
        let tree = self.project.files.get_mut(&self.project.root)?;
        tree.items.retain(|item| !matches!(item.kind, ItemKind::Net(_)));
        tree.items.push(net);
        let expanded = graph::expand(&self.project, &[]);
        let graph = expanded.graph?;
        *self.budget = self.budget.saturating_sub(RUN + arguments.len() + graph.len());
        let problems = expanded.problems.sorted();
        if problems.iter().any(|p| p.code == Code::Limit) {
            *self.budget = 0;
        }
        // Two calls of an inner block that fail at one place in it are two errors.
        let errors = expanded.problems.found();
        let net = check(graph).map_or_else(|failed| failed.unchecked, Unchecked::from);
        let shape = |(id, shape): (&_, &graph::Shape)| {
            (net.graph.get(*id).path.clone(), shape.dims().to_vec())
        };
        let by_path = net.shapes.iter().map(shape).collect();
        Some(ProbeRun { net, call, errors, by_path })
    }
}

/// The names of the blocks of the project's own file that a block cannot do without, its own
/// included.
fn needed<'p>(project: &'p Project, block: &'p Block) -> BTreeSet<&'p str> {
    let blocks: HashMap<&str, &Block> =
        project.file(project.root).blocks().map(|b| (b.name.node.as_str(), b)).collect();
    let (mut needed, mut left) = (BTreeSet::new(), vec![block]);
    while let Some(block) = left.pop() {
        if !needed.insert(block.name.node.as_str()) {
            continue;
        }
        let text = &project.sources.get(block.body.place.span.file).text;
        let head = block.name.span.to(block.body.place.span);
        let words = tokens(&text[head.start..head.end]);
        left.extend(words.iter().filter_map(|word| blocks.get(word.text)));
    }
    needed
}
