//! Problems while typing.

use std::collections::BTreeSet;
use std::path::Path;

use gen_lsp_types::{Diagnostic, LspNotificationMethod, PublishDiagnosticsParams};

use serde_json::Value;

use super::findings::Findings;
use super::place;
use super::protocol::notification;
use super::server::Server;
use crate::compile::{Compilation, compile_over};

impl Server {
    pub(super) fn compiled(&self, path: &str) -> Compilation {
        compile_over(Path::new(path), &[], &self.texts)
    }

    /// Remembers to check a file and all that read it; `others` also what may not have found it, or
    /// finds another now.
    pub(super) fn touch(&mut self, path: &str, others: bool) {
        let reads =
            |findings: &Findings| findings.reads.contains(path) || (others && findings.unread);
        let readers = self
            .findings
            .iter()
            .filter(|(_, findings)| reads(findings))
            .map(|(root, _)| root.clone());
        // The file itself is the most urgent, so the last.
        for root in readers.collect::<Vec<_>>().into_iter().chain([path.to_owned()]) {
            self.stale.retain(|waiting| *waiting != root);
            self.stale.push(root);
        }
    }

    /// Checks a file, if it is open still. The messages show the editor what has changed by that.
    pub(super) fn check(&mut self, path: &str) -> Vec<Value> {
        let found = || Findings::of(path, &self.compiled(path), self.pages.as_deref());
        let findings = self.texts.contains_key(path).then(found);
        let mut files = BTreeSet::from([path.to_owned()]);
        files.extend(findings.iter().flat_map(|findings| findings.problems.keys().cloned()));
        let before = match findings {
            Some(findings) => self.findings.insert(path.to_owned(), findings),
            None => self.findings.remove(path),
        };
        files.extend(before.into_iter().flat_map(|findings| findings.problems.into_keys()));
        files.into_iter().filter_map(|file| self.show(&file, file == path)).collect()
    }

    /// Shows the problems of a file by all findings, each once; none if the editor shows them
    /// already and need not hear of it.
    fn show(&mut self, file: &str, always: bool) -> Option<Value> {
        let mut diagnostics: Vec<Diagnostic> = Vec::new();
        for found in self.findings.values().filter_map(|findings| findings.problems.get(file)) {
            let new =
                found.iter().filter(|d| !diagnostics.contains(d)).cloned().collect::<Vec<_>>();
            diagnostics.extend(new);
        }
        let version = self.versions.get(file).copied();
        let before = match diagnostics.is_empty() && version.is_none() {
            true => self.shown.remove(file),
            false => self.shown.insert(file.to_owned(), diagnostics.clone()),
        };
        if !always && before.unwrap_or_default() == diagnostics {
            return None;
        }
        let params = PublishDiagnosticsParams { uri: place::uri(file), diagnostics, version };
        Some(notification(LspNotificationMethod::TextDocumentPublishDiagnostics.as_str(), params))
    }
}
