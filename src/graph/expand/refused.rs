//! Calls that are refused, and why.

use super::elsewhere;
use super::expander::{Expander, Frame};
use super::values::Flow;
use crate::diag::elsewhere::is_same;
use crate::diag::{Code, Nearest, Problem, Span, did_you_mean, listed};
use crate::graph::op::{self, ArgError, Signature};
use crate::graph::{Value, in_calls};
use crate::syntax::ast::{BinaryOp, Call, Expr, ExprKind};
use crate::syntax::{STD, import_edit, print_expr, std_names};

impl<'a> Expander<'a> {
    pub(super) fn unknown_op(&mut self, frame: &Frame<'a>, call: &Call, flow: Flow) {
        let name = &call.name;
        if self.misimported.contains(&name.node) {
            return;
        }
        self.undefined.insert(name.span, name.node.clone());
        let mut blocks = self.names.visible_blocks(frame.env.body);
        // No block calls itself.
        blocks.retain(|name| self.active.iter().all(|block| block.name.node != *name));
        let mut known: Vec<&str> = op::signatures().map(|s| s.name).chain(blocks).collect();
        known.sort_unstable();
        let is_value = frame.values.contains(&name.node);
        let unknown = format!("unknown op or block `{}`", name.node);
        let problem = Problem::new(Code::UnknownName, name.span, unknown)
            .label("not an op, nor a block defined or imported here");
        let is_block = known.iter().any(|k| k.eq_ignore_ascii_case(&name.node))
            && op::signature(&name.node.to_ascii_lowercase()).is_none();
        let value = |name: &str| Some(frame.values.get(name)?.0 == flow);
        let of_another = elsewhere::op(&problem, call, &value);
        if let Some(problem) = of_another.filter(|_| !is_block && !is_value) {
            return self.problems.push(problem);
        }
        let of_std = self.of_std(&problem, call, &known);
        if let Some(problem) = of_std.filter(|_| !is_block && !is_value) {
            return self.problems.push(problem);
        }
        if is_value {
            let help = format!(
                "`{0}` is a value: a stage may start from it, `{0} -> ...`; `add({0})` and \
                 `concat({0})` join it; a guard without `else` passes its value on",
                name.node
            );
            return self.problems.push(problem.help(help));
        }
        let near = did_you_mean(&name.node, known.iter().copied());
        let near = near.or_else(|| did_you_mean(&name.node, frame.values.names()));
        let help = near.question().unwrap_or_else(|| format!("there are {}", listed(&known)));
        self.problems.push(problem.help(help).respell(&near));
    }

    /// The call of a block of `std` that is spelt in another way, unless what is `known` is nearer.
    fn of_std(&self, problem: &Problem, call: &Call, known: &[&str]) -> Option<Problem> {
        let name = &call.name;
        let blocks = || std_names().iter().map(String::as_str);
        let near = match blocks().find(|block| is_same(block, &name.node)) {
            Some(block) => Nearest::one(block),
            None if did_you_mean(&name.node, known.iter().copied()).is_empty() => {
                did_you_mean(&name.node, blocks())
            }
            None => return None,
        };
        let is_known = |block: &String| *block == name.node || known.contains(&block.as_str());
        if near.names().iter().any(is_known) {
            return None;
        }
        let question = near.question()?;
        let help = match near.only() {
            Some(block) => format!("{question} `import std: {block}` gives it"),
            None => format!("{question} `import std: ...` gives them"),
        };
        // Elsewhere the first of several numbers may be the channels that come in.
        let numbers = call.args.iter().filter(|arg| arg.name.is_none()).count();
        let sure = near.is_sure() && numbers < 2;
        let (sources, file) = (&self.project.sources, name.span.file);
        let imported = |problem: Problem, block: &String| {
            let import = import_edit(sources, file, self.project.file(file), STD, &[block]);
            let title = format!("write `{block}`, and import it");
            let edits = [(name.span, block.clone()), import];
            if sure { problem.fix(title, edits) } else { problem.offer(title, edits) }
        };
        Some(near.names().iter().fold(problem.clone().help(help), imported))
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
            (_, Value::Str(word))
                if error.arg == Some("pad") && word.eq_ignore_ascii_case("same") =>
            {
                let problem = problem.help("leave it out: an odd `k` keeps the size");
                match call.args.iter().find(|arg| arg.value.span == written.span) {
                    Some(arg) => problem
                        .fix("remove `\"same\"`", [(elsewhere::removed(call, arg), String::new())]),
                    None => problem,
                }
            }
            (expr, Value::Str(word)) => {
                let near = nearest(signature, error.arg, word);
                let takes = || format!("it takes {}", signature.text());
                let problem = problem.help(near.question().unwrap_or_else(takes));
                if matches!(expr, ExprKind::Str(_)) { problem.respell(&near) } else { problem }
            }
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

/// The strings of those that an argument takes that are nearest to another, in their quotes.
fn nearest(signature: &Signature, argument: Option<&str>, word: &str) -> Nearest {
    let argument = signature.args.iter().find(|arg| Some(arg.name) == argument);
    let words = argument.map_or(&[][..], |argument| argument.kind.words());
    did_you_mean(word, words.iter().copied()).map(|near| format!("\"{near}\""))
}
