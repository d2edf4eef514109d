//! Strings without their quotes, and names within quotes.

use super::expander::{Expander, Frame};
use crate::diag::{Code, Nearest, Problem, did_you_mean};
use crate::graph::eval::Fault;
use crate::graph::names::NameKind;
use crate::graph::op::Signature;
use crate::syntax::ast::{Call, Expr, ExprKind, Param, ParamType};

/// The strings that may stand at a place.
pub(super) enum Strings<'w> {
    /// These.
    Of(Vec<&'w str>),
    /// Strings that are not known here.
    Any,
}

impl<'w> Strings<'w> {
    /// Those that a parameter takes.
    pub fn of(param: &'w Param) -> Strings<'w> {
        match (param.ty.as_ref().map(|ty| &ty.node), &param.default) {
            (Some(ParamType::OneOf(options) | ParamType::Subset(options)), _) => {
                Strings::Of(options.iter().filter_map(string).collect())
            }
            (None, Some(Expr { node: ExprKind::Str(_), .. })) => Strings::Any,
            _ => Strings::Of(Vec::new()),
        }
    }

    /// Those that an argument of an op takes.
    pub fn of_argument(signature: &Signature, name: &str) -> Strings<'static> {
        let argument = signature.args.iter().find(|argument| argument.name == name);
        Strings::Of(argument.map_or(&[][..], |argument| argument.kind.words()).to_vec())
    }

    /// Those that may be meant by a word.
    fn meant(&self, word: &str) -> Nearest {
        match self {
            Strings::Of(strings) if !strings.contains(&word) => {
                did_you_mean(word, strings.iter().copied())
            }
            Strings::Of(_) | Strings::Any => Nearest::one(word),
        }
    }
}

/// The fault of a value, which says so if the value is a string without its quotes.
pub(super) fn missing<'w>(fault: Fault, value: &'w Expr, strings: &Strings<'w>) -> Fault {
    let mut problem = fault?;
    let ExprKind::Name(word) = &value.node else { return Some(problem) };
    let unknown = (problem.code, problem.span) == (Code::UnknownName, Some(value.span));
    // A name of this scope that is near explains as much as any string.
    let explained = matches!(strings, Strings::Any) && !problem.fixes.is_empty();
    let meant = strings.meant(word).map(|string| format!("\"{string}\""));
    if let Some(question) = meant.question().filter(|_| unknown && !explained) {
        problem.fixes.clear();
        let help = match meant.only() {
            Some(text) => format!("a string stands in quotes: `{text}`"),
            None => format!("a string stands in quotes; {question}"),
        };
        problem = Box::new(problem.help(help).respell(&meant));
    }
    Some(problem)
}

impl<'a> Expander<'a> {
    /// A call of a parameter whose value names an op or a block, but in quotes.
    pub(super) fn name_in_quotes(
        &self,
        frame: &Frame<'a>,
        call: &'a Call,
        word: &str,
    ) -> Option<Problem> {
        self.names.callee(frame.env.body, word)?;
        let parameter = &call.name.node;
        let message = format!("expected an op or a block for `{parameter}`, got \"{word}\"");
        let NameKind::Param(param) = self.names.definition(call.name.span)?.kind else {
            return None;
        };
        let given = self.written(parameter).map(|(given, _)| given);
        let options: &[Expr] = match param.ty.as_ref().map(|ty| &ty.node) {
            Some(ParamType::OneOf(options)) => options,
            _ => &[],
        };
        let written = given.into_iter().chain(&param.default).chain(options);
        let is_callee = |name: &str| self.names.callee(frame.env.body, name).is_some();
        let bare = |expr: &Expr| Some((expr.span, string(expr)?.to_owned()));
        let edits: Vec<_> = written.filter_map(bare).filter(|(_, name)| is_callee(name)).collect();
        let (at, _) = *edits.iter().find(|(_, name)| name == word)?;
        Some(
            Problem::new(Code::Argument, at, message)
                .label("a string")
                .related(call.name.span, "called here")
                .help(format!("a name stands without quotes: `{parameter} = {word}`"))
                .fix("leave out the quotes", edits),
        )
    }

    /// How the value of a block's parameter is written in the call of the block, and in how many
    /// calls that is.
    pub(super) fn written(&self, parameter: &str) -> Option<(&'a Expr, usize)> {
        let given = self.given.last()?.get(parameter)?;
        Some(self.written_at(given, self.given.len() - 1))
    }
}

fn string(expr: &Expr) -> Option<&str> {
    if let ExprKind::Str(text) = &expr.node { Some(text) } else { None }
}
