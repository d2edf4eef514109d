//! Calls, and edits of their arguments.

use std::collections::{BTreeMap, HashMap};

use crate::diag::{FileId, Sources, Span, indentation, line_start};
use crate::syntax::ast::{Arg, Body, Call, File, ItemKind, SettingExpr, Stmt, StmtKind};
use crate::syntax::{Part, parts};

/// The texts of a net, with the calls in them.
pub struct Texts<'a> {
    pub(super) sources: &'a Sources,
    calls: HashMap<Span, &'a Call>,
    settings: Vec<&'a SettingExpr>,
}

impl<'a> Texts<'a> {
    pub fn of(sources: &'a Sources, trees: &'a BTreeMap<FileId, File>) -> Texts<'a> {
        let mut texts = Texts { sources, calls: HashMap::new(), settings: Vec::new() };
        for item in trees.values().flat_map(|tree| &tree.items) {
            match &item.kind {
                ItemKind::Import(_) => {}
                ItemKind::Block(block) => texts.body(&block.body),
                ItemKind::Net(net) => texts.body(&net.body),
            }
        }
        texts
    }

    /// The line of a recipe whose value stands at a place.
    pub(super) fn setting(&self, value: Span) -> Option<&'a SettingExpr> {
        self.settings.iter().copied().find(|setting| setting.value.span == value)
    }

    fn body(&mut self, body: &'a Body) {
        let settings = |stmt: &'a Stmt| match &stmt.kind {
            StmtKind::Recipe { settings, .. } => settings.as_slice(),
            _ => &[],
        };
        self.settings.extend(body.stmts.iter().flat_map(settings));
        for part in body.all_stmts().into_iter().flat_map(|stmt| parts(stmt.kind.chain())) {
            match part {
                Part::Call(call) => {
                    self.calls.insert(call.place.span, call);
                }
                Part::Repeat(repeat) => self.body(&repeat.body),
            }
        }
    }

    /// The call that stands at a place.
    pub(super) fn call(&self, span: Span) -> Option<CallText<'a>> {
        self.calls.get(&span).map(|call| CallText { call, sources: self.sources })
    }
}

/// A call as it stands in the text.
pub(super) struct CallText<'a> {
    call: &'a Call,
    sources: &'a Sources,
}

impl<'a> CallText<'a> {
    pub fn start(&self) -> Span {
        let span = self.call.place.span;
        empty(span, span.start)
    }

    /// An argument without a name: its place, and how it is written.
    pub fn positional(&self, position: usize) -> Option<(Span, &'a str)> {
        let arg = self.call.args.get(position).filter(|arg| arg.name.is_none())?;
        Some((arg.value.span, self.sources.text(arg.value.span)))
    }

    /// How the value of an argument with a name is written.
    pub fn named(&self, name: &str) -> Option<&'a str> {
        let is = |arg: &&Arg| arg.name.as_ref().is_some_and(|own| own.node == name);
        self.call.args.iter().find(is).map(|arg| self.sources.text(arg.value.span))
    }

    /// How the values of its arguments are written.
    pub fn values(&self) -> impl Iterator<Item = &'a str> {
        let sources = self.sources;
        self.call.args.iter().map(|arg| sources.text(arg.value.span))
    }

    /// The edit that gives the argument `name`, which may stand at `position`, a value.
    pub fn set(&self, name: &str, position: usize, value: &str) -> (Span, String) {
        let Call { name: callee, args, place } = self.call;
        let named = args.iter().find_map(|arg| {
            let own = arg.name.as_ref().filter(|own| own.node == name)?;
            Some(own.span.to(arg.value.span))
        });
        if let Some(span) = named {
            return (span, format!("{name} = {value}"));
        }
        match (self.positional(position), args.last()) {
            (Some((span, _)), _) => (span, value.into()),
            (None, Some(last)) => {
                (empty(last.value.span, last.value.span.end), format!(", {name} = {value}"))
            }
            (None, None) => {
                let given = if position == 0 { value.into() } else { format!("{name} = {value}") };
                (Span { start: callee.span.end, ..place.span }, format!("({given})"))
            }
        }
    }

    /// The start of its line, and the line's indentation.
    pub fn line(&self) -> (Span, &'a str) {
        let span = self.call.place.span;
        let text = &self.sources.get(span.file).text;
        (empty(span, line_start(text, span.start)), indentation(text, span.start))
    }
}

fn empty(span: Span, at: usize) -> Span {
    Span { start: at, end: at, ..span }
}
