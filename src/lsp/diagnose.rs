//! Problems while typing, and their repairs.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use lsp_server::{Message, Notification};
use lsp_types::notification::{Notification as _, PublishDiagnostics};
use lsp_types::{
    CodeAction, CodeActionKind, Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity, NumberOrString,
    PublishDiagnosticsParams, Range, TextEdit, Uri, WorkspaceEdit,
};

use super::{Server, place};
use crate::compile::{Compilation, compile_over};
use crate::diag::{Fix, Problem, Severity, Sources};

impl Server {
    pub(super) fn compiled(&self, path: &str) -> Compilation {
        compile_over(Path::new(path), &[], &self.texts)
    }

    /// The problems of all open files and of what they import.
    pub(super) fn diagnose(&mut self) -> Vec<Message> {
        let mut found: BTreeMap<String, Vec<Diagnostic>> = BTreeMap::new();
        for path in self.texts.keys() {
            let compilation = self.compiled(path);
            found.entry(path.clone()).or_default();
            for problem in compilation.problems.sorted() {
                let file = problem.span.map_or(path, |s| &compilation.sources.get(s.file).name);
                let list = found.entry(file.clone()).or_default();
                let diagnostic = diagnostic(problem, &compilation.sources);
                if !list.contains(&diagnostic) {
                    list.push(diagnostic);
                }
            }
        }
        let now: BTreeSet<String> = found.keys().cloned().collect();
        for gone in self.shown.difference(&now) {
            found.insert(gone.clone(), Vec::new());
        }
        self.shown = now;
        found.into_iter().filter_map(|(path, list)| self.publish(&path, list)).collect()
    }

    fn publish(&self, path: &str, diagnostics: Vec<Diagnostic>) -> Option<Message> {
        let version = self.versions.get(path).copied();
        let params = PublishDiagnosticsParams { uri: place::uri(path)?, diagnostics, version };
        Some(Notification::new(PublishDiagnostics::METHOD.into(), params).into())
    }

    /// The repairs of the problems within a range.
    pub(super) fn actions(&self, path: &str, range: Range) -> Vec<CodeAction> {
        let compilation = self.compiled(path);
        let mut actions = Vec::new();
        for problem in compilation.problems.sorted() {
            let diagnostic = diagnostic(problem, &compilation.sources);
            let here = problem.span.is_some_and(|s| compilation.sources.get(s.file).name == path);
            let apart = diagnostic.range.end < range.start || range.end < diagnostic.range.start;
            if here && !apart {
                let action = |(i, fix)| action(fix, i == 0, &diagnostic, &compilation.sources);
                actions.extend(problem.fixes.iter().enumerate().map(action));
            }
        }
        actions
    }
}

// A `Uri` is a key by its text, which never changes.
#[allow(clippy::mutable_key_type)]
fn action(fix: &Fix, best: bool, diagnostic: &Diagnostic, sources: &Sources) -> CodeAction {
    let mut changes: HashMap<Uri, Vec<TextEdit>> = HashMap::new();
    for (span, text) in &fix.edits {
        if let Some(uri) = place::uri(&sources.get(span.file).name) {
            changes.entry(uri).or_default().push(TextEdit::new(place::range(sources, *span), text.clone()));
        }
    }
    CodeAction {
        title: fix.title.clone(),
        kind: Some(CodeActionKind::QUICKFIX),
        diagnostics: Some(vec![diagnostic.clone()]),
        edit: Some(WorkspaceEdit::new(changes)),
        is_preferred: Some(best),
        ..CodeAction::default()
    }
}

fn diagnostic(problem: &Problem, sources: &Sources) -> Diagnostic {
    let related = problem.related.iter().filter_map(|(span, label)| {
        let location = place::location(sources, *span)?;
        Some(DiagnosticRelatedInformation { location, message: label.clone() })
    });
    let related: Vec<_> = related.collect();
    let help = problem.help.iter().map(|help| format!("\n{help}"));
    Diagnostic {
        range: problem.span.map(|span| place::range(sources, span)).unwrap_or_default(),
        severity: Some(match problem.severity() {
            Severity::Error => DiagnosticSeverity::ERROR,
            Severity::Warning => DiagnosticSeverity::WARNING,
        }),
        code: Some(NumberOrString::String(problem.code.as_str().into())),
        source: Some("netc".into()),
        message: std::iter::once(problem.message.clone()).chain(help).collect(),
        related_information: (!related.is_empty()).then_some(related),
        ..Diagnostic::default()
    }
}
