//! Repairs of warnings.

use super::judge::{Candidate, Rest};
use super::text::{self, CallText};
use crate::check::Unchecked;
use crate::diag::{Code, Fix, Problem, Sources, Span};
use crate::graph::Op;
use crate::graph::op::{AvgPool, MaxPool, Window};

/// What a warning advises.
pub(super) fn of(problem: &Problem, net: &Unchecked, sources: &Sources) -> Vec<Candidate> {
    let Some(span) = problem.span else { return Vec::new() };
    let name = sources.text(span);
    let call = CallText::of(span, sources);
    let remove = |what: &str, span| (format!("remove {what}"), (span, String::new()));
    let (title, edit) = match problem.code {
        Code::BiasBeforeBn => {
            let position = if name.starts_with("linear") { 1 } else { 6 };
            ("leave the bias out".into(), call.set("bias", position, "false"))
        }
        Code::DroppedPixels => {
            ("let the last window extend beyond the edge".into(), call.set("ceil", 3, "true"))
        }
        Code::SkippedPixels => match window(net, span) {
            Some(window) => {
                let k = window.stride[0].max(window.stride[1]).to_string();
                (format!("make the window as large as its stride: `k = {k}`"), call.set("k", 0, &k))
            }
            None => return Vec::new(),
        },
        Code::NoEffect | Code::SoftmaxAtOutput => {
            remove(&format!("`{name}`"), text::element(span, sources))
        }
        Code::ConstantGuard => match text::guard(span, sources) {
            Some(guard) => remove("the guard", guard),
            None => return Vec::new(),
        },
        Code::UnusedImport => remove(&format!("the import of `{name}`"), text::item(span, sources)),
        Code::UnusedParameter => match text::declared_by(span, sources) {
            "let" => remove(&format!("`{name}`"), text::lines(span, sources)),
            "for" => match text::repeat(span, sources) {
                Some((edit, repeat)) => (format!("write `{repeat}`"), (edit, repeat)),
                None => return Vec::new(),
            },
            _ => remove(&format!("the parameter `{name}`"), text::item(span, sources)),
        },
        Code::UnusedBlock => {
            let block = text::lines(text::body(span, sources), sources);
            remove(&format!("the block `{name}`"), block)
        }
        Code::UnusedBranch => match text::branch(span, sources) {
            Some((name, branch)) => remove(&format!("the branch `{name}`"), branch),
            None => return Vec::new(),
        },
        _ => return Vec::new(),
    };
    let rest = match problem.code {
        Code::ConstantGuard
        | Code::UnusedImport
        | Code::UnusedParameter
        | Code::UnusedBlock
        | Code::UnusedBranch => Rest::Same,
        _ => Rest::Sound,
    };
    vec![Candidate { fix: Fix { title, edits: vec![edit] }, site: None, rest }]
}

/// The window of a pool at a place.
fn window(net: &Unchecked, span: Span) -> Option<&Window> {
    let here = |op: &_| net.graph.get(*op).origin.as_ref().is_some_and(|o| o.span == span);
    match &net.graph.get(net.graph.ids().find(here)?).op {
        Op::MaxPool(MaxPool(window)) | Op::AvgPool(AvgPool(window)) => Some(window),
        _ => None,
    }
}
