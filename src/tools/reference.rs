//! The reference of ops, of blocks and of recipe keys, as pages in Markdown.

use std::fmt::Write as _;

use crate::diag::{Sources, line_start};
use crate::graph::op::{ArgKind, Args, Default, Parameter, Signature, TensorSpec, build};
use crate::graph::{Shape, Value};
use crate::recipe::{Key, Recipe};
use crate::syntax::ast::Block;

/// The operands of examples, the first that an op accepts: an image and a vector.
const OPERANDS: [&[u64]; 2] = [&[32, 16, 16], &[512]];

/// The page of an op: its call, arguments, shape, weights and cost.
pub fn op_page(signature: &'static Signature) -> String {
    let (call, doc, rules) = (signature.text(), capital(signature.doc), op_rules(signature));
    format!("`{call}`\n\n{doc}.\n\n{rules}\n\n{}", example(signature).unwrap_or_default())
}

/// The arguments of an op, an item each, and its shape.
pub fn op_rules(signature: &Signature) -> String {
    let mut rules = String::new();
    for Parameter { name, kind, default, .. } in signature.args {
        let default = match default {
            Default::Required => "required".into(),
            Default::Rule(rule) => format!("default: {rule}"),
            Default::Value(_) | Default::Word(_) => {
                format!("default: `{}`", default.text().unwrap_or_default())
            }
        };
        // Writing into a string cannot fail.
        let _ = writeln!(rules, "- `{name}`: {}; {default}", kind.describe());
    }
    rules + &format!("\nShape: {}", signature.shape)
}

/// A block as pages and editors show it.
#[derive(Debug)]
pub(crate) struct BlockText {
    /// Its name, parameters and signature.
    pub head: String,
    /// The comment lines above it.
    pub doc: String,
    /// All of it.
    pub text: String,
}

impl BlockText {
    /// That of a block in one of these texts.
    pub fn of(block: &Block, sources: &Sources) -> BlockText {
        let (name, body) = (block.name.span, block.body.place.span);
        let source = &sources.get(name.file).text;
        let head = source.get(name.start..body.start).unwrap_or_default();
        let line = line_start(source, name.start);
        let above = source[..line].lines().rev().map(str::trim);
        let mut doc: Vec<&str> = above.map_while(|l| l.strip_prefix('#')).map(str::trim).collect();
        doc.reverse();
        let text = source.get(line..body.end).unwrap_or_default();
        BlockText { head: head.trim_end().into(), doc: doc.join("\n"), text: text.into() }
    }
}

/// What a call makes of an operand, and what it costs. Ops of a number or a value are shown with a
/// value.
fn example(signature: &'static Signature) -> Option<String> {
    let given = || signature.args.iter().filter_map(|a| Some((a.name, sample(a)?)));
    let call = |(count, dims): (usize, &[u64])| {
        let op = build(signature.name, &Args::new(signature, given(), count)).ok()?;
        let operand = Shape::new(dims).ok()?;
        let shape = op.shape(&vec![&operand; count]).ok()?;
        Some((op, vec![operand; count], shape))
    };
    let (least, most) = signature.operands;
    let counts = [least.max(1), 2.min(most)].into_iter();
    let (op, operands, shape) =
        counts.flat_map(|count| OPERANDS.map(|dims| (count, dims))).find_map(call)?;
    let operands: Vec<&Shape> = operands.iter().collect();
    let weight = |t: &TensorSpec| format!("`{}` {:?}", t.name, t.dims);
    let weights: Vec<String> = op.tensors(&operands).iter().map(weight).collect();
    let weights = if weights.is_empty() { "none".into() } else { weights.join(", ") };
    let written = op.text(&vec!["other"; operands.len() - 1]);
    Some(format!(
        "Example: `{written}` of {} is {shape}\n\n- weights: {weights}\n- cost: {} parameters, {} MACs\n",
        operands[0],
        op.params(&operands),
        op.macs(&operands, &shape)
    ))
}

/// An argument's value in an example, unless its default will do.
fn sample(argument: &Parameter) -> Option<Value> {
    let needed = matches!(argument.default, Default::Required | Default::Value(Value::Same));
    match argument.kind {
        ArgKind::Count if needed => Some(Value::Int(64)),
        ArgKind::Size if needed => Some(Value::Int(2)),
        ArgKind::Amount if needed => Some(Value::Int(1)),
        _ => None,
    }
}

/// The page of a recipe key: what it means, accepts, and is if nothing is said.
pub fn key_page(key: &Key) -> String {
    let default = Recipe::default().value(key.name).map_or("none".into(), |v| format!("`{v}`"));
    format!(
        "{}\n\n- accepts {}\n- default: {default}\n- part of: {}\n\nIn a net:\n\n```net\nrecipe {{ {name} = VALUE }}\n```\n\nOn the command \
         line:\n\n```\nnetc train FILE --recipe {name}=VALUE\n```\n",
        key.about(),
        key.kind.describe(),
        key.group,
        name = key.name,
    )
}

fn capital(text: &str) -> String {
    let mut rest = text.chars();
    rest.next().map_or_else(String::new, |first| first.to_uppercase().chain(rest).collect())
}
