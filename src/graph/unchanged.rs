//! Blocks and nets that return their input unchanged.

use super::names::Names;
use crate::diag::{Code, Problem, Problems, Span};
use crate::syntax::ast::{Block, Body, Name, Stmt, StmtKind};
use crate::syntax::{Project, repeats};

/// Reports each block without a stage, and each net that has branches alone.
pub(super) fn unchanged(project: &Project, names: &Names<'_>, problems: &mut Problems) {
    for file in project.files.values() {
        file.blocks().for_each(|block| in_block(block, names, problems));
        for net in file.nets() {
            if net.extends.is_none() && net.body.stmts.iter().any(is_branch) {
                in_body("net", &net.name, &net.body, names, problems);
            }
            local_blocks(&net.body, names, problems);
        }
    }
}

fn is_branch(stmt: &Stmt) -> bool {
    matches!(stmt.kind, StmtKind::Branch { .. })
}

fn in_block(block: &Block, names: &Names<'_>, problems: &mut Problems) {
    in_body("block", &block.name, &block.body, names, problems);
    local_blocks(&block.body, names, problems);
}

fn local_blocks(body: &Body, names: &Names<'_>, problems: &mut Problems) {
    for stmt in &body.stmts {
        match &stmt.kind {
            StmtKind::Block(block) => in_block(block, names, problems),
            StmtKind::Repeat { body, .. } => local_blocks(body, names, problems),
            StmtKind::Stage { chain, .. } | StmtKind::Branch { chain, .. } => {
                repeats(chain).into_iter().for_each(|r| local_blocks(&r.body, names, problems))
            }
            _ => {}
        }
    }
}

fn in_body(what: &str, name: &Name, body: &Body, names: &Names<'_>, problems: &mut Problems) {
    let moves = body.stmts.iter().any(|stmt| match &stmt.kind {
        StmtKind::Stage { chain, .. } => {
            let (start, rest) = names.start(chain);
            !rest.is_empty() || start.is_some_and(|start| start.node != "in")
        }
        StmtKind::Repeat { .. } => true,
        _ => false,
    });
    if moves {
        return;
    }
    let message = format!("the {what} `{}` returns its input unchanged", name.node);
    let problem = Problem::new(Code::UnchangedInput, name.span, message).label("has no stage");
    let last = body.stmts.iter().rev().find_map(|stmt| match &stmt.kind {
        StmtKind::Branch { name, source, chain, .. } => Some((name, source, chain)),
        _ => None,
    });
    problems.push(match last {
        Some((branch, source, chain)) => {
            let mark = Span { start: branch.span.end, end: source.span.start, ..branch.span };
            let stage = format!("{}: {}{}", branch.node, source.node, more(chain.is_empty()));
            problem
                .related(branch.span, "a branch computes a value on the side")
                .help(format!("to return it, make it a stage: `{stage}`"))
                .fix(format!("make `{}` a stage", branch.node), [(mark, ": ".to_owned())])
        }
        None => problem.help("add a stage, such as `conv(64) -> bn`"),
    });
}

fn more(empty: bool) -> &'static str {
    if empty { "" } else { " -> ..." }
}
