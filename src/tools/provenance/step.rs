//! The steps in the derivation of a value, with places and messages.

use std::collections::HashSet;

use serde::{Serialize, Serializer};

use super::position::FilePosition;
use crate::diag::Sources;
use crate::graph::{Cause, TraceStep, Value};

/// The maximum depth of a derivation that is shown.
pub const MAX_DEPTH: usize = 100;

/// One step on the way of a value; [`crate::graph::TraceStep`] says what the parts mean.
#[derive(Debug, Clone, Serialize)]
#[allow(missing_docs)]
pub struct ExplainedStep {
    pub cause: &'static str,
    pub name: String,
    pub of: String,
    pub text: String,
    #[serde(serialize_with = "as_json")]
    pub value: Value,
    /// The step as a message.
    pub says: String,
    /// Where it is written; `None` if it is not in a file.
    pub place: Option<FilePosition>,
    /// The steps it depends on; also empty for a step already shown in the same derivation, and at
    /// [`MAX_DEPTH`].
    pub from: Vec<ExplainedStep>,
}

impl ExplainedStep {
    pub(super) fn new(step: &TraceStep, sources: &Sources) -> ExplainedStep {
        view(step, sources, 1, &mut HashSet::new())
    }
}

fn view(
    step: &TraceStep,
    sources: &Sources,
    depth: usize,
    seen: &mut HashSet<*const TraceStep>,
) -> ExplainedStep {
    let from = match depth < MAX_DEPTH && seen.insert(std::ptr::from_ref(step)) {
        true => step.from.iter().map(|from| view(from, sources, depth + 1, seen)).collect(),
        false => Vec::new(),
    };
    let span = step.span.filter(|_| step.cause != Cause::Override);
    ExplainedStep {
        cause: step.cause.as_str(),
        name: step.name.clone(),
        of: step.of.clone(),
        text: step.text.clone(),
        value: step.value.clone(),
        says: says(step),
        place: span.map(|span| FilePosition::of(span, sources)),
        from,
    }
}

fn says(step: &TraceStep) -> String {
    let TraceStep { name, of, text, .. } = step;
    let shown = step.value.to_string();
    // The value of an expression, unless it is a literal.
    let is = if *text == shown { String::new() } else { format!(", which is {shown}") };
    match step.cause {
        Cause::Written => format!("written `{text}`"),
        Cause::DefaultLine => format!("the line `default {of}({name} = {text})`"),
        Cause::OpDefault => format!("{of} has `{name} = {text}` by default"),
        Cause::Rule => format!("{of} computes it: {text}"),
        Cause::BlockArgument => format!("{of} is called with `{name} = {text}`{is}"),
        Cause::BlockDefault => format!("{of} has `{name} = {text}` by default{is}"),
        Cause::Parameter if text.is_empty() => format!("net {of} declares `{name}`"),
        // Its value is the effective one, which may differ from the default.
        Cause::Parameter => format!("net {of} declares `{name} = {text}`"),
        Cause::Extends => format!("overridden by `extends \"{of}\" ({name} = {text})`{is}"),
        Cause::Override => format!("overridden by `--set {name}={text}`"),
        Cause::Let => format!("named by `let {name} = {text}`{is}"),
        Cause::Round => format!("`{name}` is {shown} in this round of `{text}`"),
        Cause::Guard if step.value == Value::Bool(false) => format!("there because not `{text}`"),
        Cause::Guard => format!("there because `{text}`"),
        Cause::Same => format!("the channels of {of}, {text}"),
        Cause::Size => format!("{name} is {shown} of {of}, {text}"),
    }
}

/// Serialises a value; a distribution becomes text, as in the language.
pub(super) fn as_json<S: Serializer>(value: &Value, to: S) -> Result<S::Ok, S::Error> {
    json(value).serialize(to)
}

/// A value as JSON.
pub(super) fn json(value: &Value) -> serde_json::Value {
    match value {
        Value::Int(i) => (*i).into(),
        Value::Fraction(x) => x.float().into(),
        Value::Float(x) => (*x).into(),
        Value::Bool(b) => (*b).into(),
        Value::Str(s) => s.as_str().into(),
        Value::List(items) => items.iter().map(json).collect(),
        Value::Dist(_) | Value::Callee(_) | Value::Same => value.to_string().into(),
    }
}
