//! Repairs of warnings.

use super::calls::Texts;
use super::judge::{Candidate, Rest};
use super::text;
use crate::check::Unchecked;
use crate::diag::{Code, Fix, Problem, Span};
use crate::graph::Op;
use crate::graph::op::{AvgPool, MaxPool, Window};

/// What a warning advises.
pub(super) fn of(problem: &Problem, net: &Unchecked, texts: &Texts<'_>) -> Vec<Candidate> {
    let rest = match problem.code {
        Code::ConstantGuard
        | Code::UnusedImport
        | Code::UnusedParameter
        | Code::UnusedBlock
        | Code::UnusedBranch => Rest::Same,
        _ => Rest::Sound,
    };
    let safe = match problem.code {
        // A branch that is not joined yet is lost with its removal.
        Code::UnusedBranch => false,
        // Which window was meant is not known, and the net computes something else with another.
        Code::DroppedPixels | Code::SkippedPixels => false,
        // What the net computes at its end may not be logits.
        Code::SoftmaxAtOutput => {
            let op = problem.span.and_then(|span| op_at(net, span));
            op.is_some_and(|op| matches!(op, Op::Softmax(_)))
        }
        _ => true,
    };
    let candidate = |(title, edit)| {
        let fix = Fix { title, edits: vec![edit], safe };
        Candidate { fix, site: None, rest }
    };
    advice(problem, net, texts).map(candidate).into_iter().collect()
}

/// The title of a repair, and its edit.
fn advice(
    problem: &Problem,
    net: &Unchecked,
    texts: &Texts<'_>,
) -> Option<(String, (Span, String))> {
    let (span, sources) = (problem.span?, texts.sources);
    let name = sources.text(span);
    let remove = |what: &str, span| (format!("remove {what}"), (span, String::new()));
    Some(match problem.code {
        Code::BiasBeforeBn => {
            let position = if name.starts_with("linear") { 1 } else { 6 };
            ("leave the bias out".into(), texts.call(span)?.set("bias", position, "false"))
        }
        Code::DroppedPixels => {
            let edit = texts.call(span)?.set("ceil", 3, "true");
            ("let the last window extend beyond the edge".into(), edit)
        }
        Code::SkippedPixels => {
            let [down, across] = window(net, span)?.stride;
            let k = down.max(across).to_string();
            let edit = texts.call(span)?.set("k", 0, &k);
            (format!("make the window as large as its stride: `k = {k}`"), edit)
        }
        Code::NoEffect | Code::SoftmaxAtOutput => {
            remove(&format!("`{name}`"), text::element(span, sources))
        }
        Code::ConstantGuard => remove("the guard", text::guard(span, sources)?),
        Code::UnusedImport => remove(&format!("the import of `{name}`"), text::item(span, sources)),
        Code::UnusedParameter => match text::declared_by(span, sources) {
            "let" => remove(&format!("`{name}`"), text::lines(span, sources)),
            "for" => {
                let (edit, repeat) = text::repeat(span, sources)?;
                (format!("write `{repeat}`"), (edit, repeat))
            }
            _ => remove(&format!("the parameter `{name}`"), text::item(span, sources)),
        },
        Code::UnusedBlock => {
            let block = text::lines(text::body(span, sources), sources);
            remove(&format!("the block `{name}`"), block)
        }
        Code::UnusedBranch => {
            let (name, branch) = text::branch(span, sources)?;
            remove(&format!("the branch `{name}`"), branch)
        }
        _ => return None,
    })
}

/// The window of a pool at a place.
fn window(net: &Unchecked, span: Span) -> Option<&Window> {
    match op_at(net, span)? {
        Op::MaxPool(MaxPool(window)) | Op::AvgPool(AvgPool(window)) => Some(window),
        _ => None,
    }
}

/// The op at a place.
fn op_at(net: &Unchecked, span: Span) -> Option<&Op> {
    let here = |op: &_| net.graph.get(*op).origin.as_ref().is_some_and(|o| o.span == span);
    Some(&net.graph.get(net.graph.ids().find(here)?).op)
}
