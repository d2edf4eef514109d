//! `same` in the guard of a join with `in`: the channels of the current value, where people mean
//! those of `in`.

use crate::diag::{Code, Problem, Problems};
use crate::syntax::ast::{
    Block, BlockSignature, Body, Element, ElementKind, Expr, ExprKind, File, StmtKind,
};
use crate::syntax::repeats;

/// Warns about each guard with `same` of an element that takes `in`, where the current value is not
/// `in`.
pub(super) fn same_scopes(file: &File, problems: &mut Problems) {
    file.blocks().for_each(|block| in_block(block, problems));
    file.nets().for_each(|net| in_statements(&net.body, None, problems));
}

fn in_block(block: &Block, problems: &mut Problems) {
    in_statements(&block.body, Some(block), problems);
}

/// The statements of a body, which is that of `block` if it is one's.
fn in_statements(body: &Body, block: Option<&Block>, problems: &mut Problems) {
    let mut changed = false;
    for stmt in &body.stmts {
        match &stmt.kind {
            StmtKind::Block(inner) => in_block(inner, problems),
            StmtKind::Repeat { body, .. } => in_statements(body, None, problems),
            other => repeats(other.chain())
                .into_iter()
                .for_each(|repeat| in_statements(&repeat.body, None, problems)),
        }
        match (&stmt.kind, block) {
            (StmtKind::Stage { chain, .. }, Some(block)) => {
                for element in chain {
                    if changed {
                        in_element(element, block, problems);
                    }
                    changed = true;
                }
            }
            (StmtKind::Repeat { .. }, _) => changed = true,
            _ => {}
        }
    }
}

fn in_element(element: &Element, block: &Block, problems: &mut Problems) {
    let (ElementKind::Call(call), Some(guard)) = (&element.kind, &element.guard) else { return };
    let takes_input =
        call.args.iter().any(|arg| matches!(&arg.value.node, ExprKind::Name(name) if name == "in"));
    let mentioned = guard.cond.names();
    let symbol = block.signature.as_ref().and_then(channels);
    let compared =
        |expr: &&Expr| matches!(&expr.node, ExprKind::Name(n) if Some(n.as_str()) == symbol);
    let same = mentioned.iter().find(|expr| expr.node == ExprKind::Same);
    // Beside the channels of `in` it is meant as it is.
    let meant = !takes_input || mentioned.iter().any(compared);
    let Some(same) = same.filter(|_| !meant) else { return };
    let problem = Problem::new(
        Code::SameScope,
        same.span,
        "`same` is the number of channels of the current value, not of `in`",
    )
    .label("of the value that comes in here")
    .related(call.place.span, "joins `in`");
    problems.push(match symbol {
        Some(symbol) => problem
            .help(format!("`{symbol}` is the number of channels of `in`"))
            .fix(format!("compare with `{symbol}`"), [(same.span, symbol.to_owned())]),
        None => problem.help(format!(
            "give the block a signature, `block {}(...) :: [N, C, H, W] -> ...`, and compare \
             with `C`",
            block.name.node
        )),
    });
}

/// What a signature calls the channels of `in`.
fn channels(signature: &BlockSignature) -> Option<&str> {
    match &signature.input.node.get(1)?.node {
        ExprKind::Name(name) => Some(name),
        _ => None,
    }
}
