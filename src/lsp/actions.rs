//! Repairs: of each problem, and of a whole file.

use std::collections::HashMap;
use std::path::Path;

use gen_lsp_types::{CodeAction, CodeActionKind, Diagnostic, Range, TextEdit, Uri, WorkspaceEdit};

use super::findings::diagnostic;
use super::place;
use super::server::Server;
use crate::diag::{Fix, Sources};
use crate::tools::fix::fix_over;

impl Server {
    /// The repairs of the problems within a range, and of all in the file, of the `kinds` that the
    /// editor asks for, if it says.
    pub(super) fn actions(
        &self,
        path: &str,
        range: Range,
        kinds: Option<&[CodeActionKind]>,
    ) -> Vec<CodeAction> {
        let wanted = |kind: CodeActionKind| {
            kinds.is_none_or(|kinds| {
                kinds.iter().any(|asked| within(&kind.to_string(), &asked.to_string()))
            })
        };
        let mut actions = Vec::new();
        if wanted(CodeActionKind::QuickFix) {
            actions.extend(self.repairs(path, range));
        }
        // It takes as many compilations as there are repairs, so it is made when asked for by name.
        if kinds.is_some() && wanted(CodeActionKind::SourceFixAll) {
            actions.extend(self.repair_all(path));
        }
        actions
    }

    fn repairs(&self, path: &str, range: Range) -> Vec<CodeAction> {
        let compilation = self.compiled(path);
        let mut actions = Vec::new();
        for problem in compilation.problems.sorted() {
            let diagnostic = diagnostic(problem, &compilation.sources, self.pages.as_deref());
            let here = problem.span.is_some_and(|s| compilation.sources.get(s.file).name == path);
            let apart = diagnostic.range.end < range.start || range.end < diagnostic.range.start;
            if here && !apart {
                let action = |(i, fix): (usize, &Fix)| {
                    action(fix, i == 0 && fix.safe, &diagnostic, &compilation.sources)
                };
                actions.extend(problem.fixes.iter().enumerate().map(action));
            }
        }
        actions
    }

    /// What `netc check --fix` does to the file.
    fn repair_all(&self, path: &str) -> Option<CodeAction> {
        let file = Path::new(path);
        let mut fixed = fix_over(file, &|changed| changed == file, self.texts.clone());
        let (old, new) = (self.texts.get(path)?, fixed.texts.remove(path)?);
        let mut sources = Sources::default();
        let id = sources.add(path, old.as_str());
        let edit = TextEdit::new(place::whole(sources.get(id)), new);
        (edit.new_text != *old).then(|| CodeAction {
            title: "Repair all that netc can".into(),
            kind: Some(CodeActionKind::SourceFixAll),
            edit: Some(change(HashMap::from([(place::uri(path), vec![edit])]))),
            ..CodeAction::default()
        })
    }
}

/// Whether a kind is another or one of its kinds: `source.fixAll` is a `source`.
fn within(kind: &str, other: &str) -> bool {
    kind.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        || other.is_empty()
}

fn change(changes: HashMap<Uri, Vec<TextEdit>>) -> WorkspaceEdit {
    WorkspaceEdit { changes: Some(changes), ..WorkspaceEdit::default() }
}

fn action(fix: &Fix, best: bool, diagnostic: &Diagnostic, sources: &Sources) -> CodeAction {
    let mut changes: HashMap<Uri, Vec<TextEdit>> = HashMap::new();
    for (span, text) in &fix.edits {
        let edit = TextEdit::new(place::range(sources, *span), text.clone());
        changes.entry(place::uri(&sources.get(span.file).name)).or_default().push(edit);
    }
    CodeAction {
        title: fix.title.clone(),
        kind: Some(CodeActionKind::QuickFix),
        diagnostics: Some(vec![diagnostic.clone()]),
        edit: Some(change(changes)),
        is_preferred: Some(best),
        ..CodeAction::default()
    }
}
