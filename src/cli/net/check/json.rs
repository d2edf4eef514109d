//! `netc check --format json`: an object for each file.

use serde::Serialize;

use super::args::CheckArgs;
use super::place::Place;
use super::{Checkup, MemoryEstimate};
use crate::check::Checked;
use crate::diag::{Fix, Problem, Sources};

#[derive(Serialize)]
pub(super) struct FileJson<'a> {
    file: &'a str,
    net: Option<&'a str>,
    ok: bool,
    params: Option<u64>,
    macs: Option<u64>,
    memory: Option<MemoryEstimate>,
    output: Option<&'a [u64]>,
    nodes: Vec<NodeJson<'a>>,
    problems: Vec<ProblemJson<'a>>,
}

#[derive(Serialize)]
struct NodeJson<'a> {
    path: &'a str,
    op: &'a str,
    inputs: Vec<&'a str>,
    shape: &'a [u64],
    params: u64,
    macs: u64,
}

#[derive(Serialize)]
struct ProblemJson<'a> {
    severity: &'a str,
    code: &'a str,
    message: &'a str,
    #[serde(flatten)]
    place: Option<Place<'a>>,
    /// The message's essence, as below the excerpt.
    label: &'a str,
    help: Option<&'a str>,
    /// How many nodes of the net it concerns.
    nodes: usize,
    related: Vec<RelatedJson<'a>>,
    fixes: Vec<FixJson<'a>>,
}

#[derive(Serialize)]
struct RelatedJson<'a> {
    message: &'a str,
    #[serde(flatten)]
    place: Place<'a>,
}

#[derive(Serialize)]
struct FixJson<'a> {
    title: &'a str,
    /// Whether it may be applied unasked.
    safe: bool,
    edits: Vec<EditJson<'a>>,
}

#[derive(Serialize)]
struct EditJson<'a> {
    #[serde(flatten)]
    place: Place<'a>,
    /// What stands there afterwards.
    text: &'a str,
}

pub(super) fn json<'a>(checkup: &'a Checkup, args: &CheckArgs) -> FileJson<'a> {
    let compilation = &checkup.compilation;
    let net = compilation.net.as_ref();
    let problem = |p| problem_json(p, &compilation.sources);
    FileJson {
        file: &checkup.name,
        net: net.map(|n| n.graph().name.as_str()),
        ok: checkup.passes(args),
        params: net.map(Checked::params),
        macs: net.map(Checked::macs),
        memory: net.and_then(|net| MemoryEstimate::of(net, args)),
        output: net.map(|n| n.shape(n.output()).dims()),
        nodes: net.map_or_else(Vec::new, nodes_json),
        problems: compilation.problems.sorted().into_iter().map(problem).collect(),
    }
}

fn nodes_json(net: &Checked) -> Vec<NodeJson<'_>> {
    let node = |&id| NodeJson {
        path: &net.node(id).path,
        op: net.node(id).op.name(),
        inputs: net.graph().operands(id).iter().map(|&o| net.node(o).path.as_str()).collect(),
        shape: net.shape(id).dims(),
        params: net.node_params(id),
        macs: net.node_macs(id),
    };
    net.order().iter().map(node).collect()
}

fn problem_json<'a>(problem: &'a Problem, sources: &'a Sources) -> ProblemJson<'a> {
    let related = problem.related.iter();
    ProblemJson {
        severity: problem.severity().as_str(),
        code: problem.code.as_str(),
        message: &problem.message,
        place: problem.span.map(|span| Place::of(span, sources)),
        label: &problem.label,
        help: problem.help.as_deref(),
        nodes: problem.nodes,
        related: related
            .map(|(span, words)| RelatedJson { message: words, place: Place::of(*span, sources) })
            .collect(),
        fixes: problem.fixes.iter().map(|fix| fix_json(fix, sources)).collect(),
    }
}

fn fix_json<'a>(fix: &'a Fix, sources: &'a Sources) -> FixJson<'a> {
    let edits = fix.edits.iter();
    FixJson {
        title: &fix.title,
        safe: fix.safe,
        edits: edits
            .map(|(span, text)| EditJson { place: Place::of(*span, sources), text })
            .collect(),
    }
}
