//! Calls that are refused, and why.

use super::elsewhere;
use super::expander::{Expander, Frame};
use crate::diag::elsewhere::is_same;
use crate::diag::{Code, Problem, Span, did_you_mean, listed};
use crate::graph::op::{self, ArgError, Signature};
use crate::graph::{Value, in_calls};
use crate::syntax::ast::{BinaryOp, Call, Expr, ExprKind};
use crate::syntax::{STD, import_edit, print_expr, std_names};

impl<'a> Expander<'a> {
    pub(super) fn unknown_op(&mut self, frame: &Frame<'a>, call: &Call) {
        let name = &call.name;
        if self.misimported.contains(&name.node) {
            return;
        }
        self.undefined.insert(name.span, name.node.clone());
        let blocks = self.names.visible_blocks(frame.env.body);
        let mut known: Vec<&str> = op::signatures().map(|s| s.name).chain(blocks).collect();
        known.sort_unstable();
        let is_value = frame.values.contains(&name.node);
        let unknown = format!("unknown op or block `{}`", name.node);
        let problem = Problem::new(Code::UnknownName, name.span, unknown)
            .label("not an op, nor a block defined or imported here");
        let is_block = known.iter().any(|k| k.eq_ignore_ascii_case(&name.node))
            && op::signature(&name.node.to_ascii_lowercase()).is_none();
        if let Some(problem) = elsewhere::op(&problem, call).filter(|_| !is_block && !is_value) {
            return self.problems.push(problem);
        }
        let of_std = self.of_std(&problem, call, &known);
        if let Some(problem) = of_std.filter(|_| !is_block && !is_value) {
            return self.problems.push(problem);
        }
        let near = did_you_mean(&name.node, known.iter().copied());
        let near = near.or_else(|| did_you_mean(&name.node, frame.values.names()));
        let near = near.filter(|_| !is_value);
        let help = match near {
            _ if is_value => {
                format!(
                    "`{0}` is a value: a stage may start from it, `{0} -> ...`; `add({0})` and \
                     `concat({0})` join it; a guard without `else` passes its value on",
                    name.node
                )
            }
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are {}", listed(&known)),
        };
        self.problems.push(problem.help(help).respell(near));
    }

    /// The call of a block of `std` that is spelt in another way, unless what is `known` is nearer.
    fn of_std(&self, problem: &Problem, call: &Call, known: &[&str]) -> Option<Problem> {
        let name = &call.name;
        let blocks = || std_names().iter().map(String::as_str);
        let near = did_you_mean(&name.node, known.iter().copied());
        let block = blocks()
            .find(|block| is_same(block, &name.node))
            .or_else(|| did_you_mean(&name.node, blocks()).filter(|_| near.is_none()))?;
        if block == name.node || known.contains(&block) {
            return None;
        }
        let (sources, file) = (&self.project.sources, name.span.file);
        let import = import_edit(sources, file, self.project.file(file), STD, &[block]);
        let title = format!("write `{block}`, and import it");
        let edits = [(name.span, block.to_owned()), import];
        let help = format!("did you mean `{block}`? `import std: {block}` gives it");
        let problem = problem.clone().help(help);
        // Elsewhere the first of several numbers may be the channels that come in.
        Some(match call.args.iter().filter(|arg| arg.name.is_none()).count() {
            0 | 1 => problem.fix(title, edits),
            _ => problem.offer(title, edits),
        })
    }

    /// An argument that an op does not accept, where its value is written: in the call of the
    /// block whose parameter it is.
    pub(super) fn wrong_value(
        &self,
        call: &Call,
        signature: &Signature,
        used: &'a Expr,
        value: &Value,
        error: ArgError,
    ) -> Problem {
        let (written, depth) = self.written_at(used, self.given.len());
        let problem = Problem::new(Code::Argument, written.span, error.message).label("here");
        let problem = match (&written.node, value) {
            (ExprKind::Binary(BinaryOp::Div, left, right), Value::Fraction(_)) => {
                let down = format!("{} // {}", print_expr(left), print_expr(right));
                problem
                    .label(format!("is {value}"))
                    .help(format!("`//` rounds down, as `ceil` rounds up: `{down}`"))
                    .fix(format!("write `{down}`"), [(written.span, down)])
            }
            (expr, Value::Str(word)) => match nearest(signature, error.arg, word) {
                Some(near) => {
                    let written = matches!(expr, ExprKind::Str(_)).then_some(near.as_str());
                    problem.help(format!("did you mean {near}?")).respell(written)
                }
                None => problem.help(format!("it takes {}", signature.text())),
            },
            _ => problem.help(format!("it takes {}", signature.text())),
        };
        let inner = (written.span != used.span).then_some(used.span);
        let problem = problem.related(inner, format!("used here, in `{}`", call.name.node));
        in_calls(problem, &self.calls[..depth.min(self.calls.len())])
    }

    /// Where a value is written that is passed on by parameters of blocks alone, and in how many
    /// calls that is, from a use of it within so many calls.
    pub(super) fn written_at(&self, used: &'a Expr, depth: usize) -> (&'a Expr, usize) {
        let (mut expr, mut depth) = (used, depth);
        while let ExprKind::Name(name) = &expr.node
            && let Some(given) = self.given[..depth].last()
            && let Some(outer) = given.get(name.as_str())
        {
            (expr, depth) = (outer, depth - 1);
        }
        (expr, depth)
    }

    pub(super) fn wrong_call(
        &mut self,
        call: &Call,
        signature: &Signature,
        code: Code,
        at: Span,
        message: String,
    ) {
        let problem = self.wrong(call, signature, code, at, message);
        self.problems.push(problem);
    }

    pub(super) fn wrong(
        &self,
        call: &Call,
        signature: &Signature,
        code: Code,
        at: Span,
        message: String,
    ) -> Problem {
        let takes = match signature.operands.1 {
            1 => format!("it takes {}", signature.text()),
            _ => format!("it joins the current value and those named: `{}(short)`", call.name.node),
        };
        let problem = Problem::new(code, at, message).label("here").help(takes);
        if code == Code::Argument { self.in_blocks(problem) } else { problem }
    }
}

/// The string of those that an argument takes that is nearest to another, in its quotes.
fn nearest(signature: &Signature, argument: Option<&str>, word: &str) -> Option<String> {
    let argument = signature.args.iter().find(|arg| Some(arg.name) == argument)?;
    did_you_mean(word, argument.kind.words().iter().copied()).map(|near| format!("\"{near}\""))
}
