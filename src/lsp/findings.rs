//! What the check of a file has found, as editors show it.

use std::collections::{BTreeMap, BTreeSet};

use gen_lsp_types::{
    CodeDescription, Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity,
};

use super::place;
use crate::compile::Compilation;
use crate::diag::{Code, Problem, Severity, Sources};

/// What the check of a file has found.
#[derive(Default)]
pub(super) struct Findings {
    /// The files that were read.
    pub reads: BTreeSet<String>,
    /// Whether some could not be read.
    pub unread: bool,
    pub problems: BTreeMap<String, Vec<Diagnostic>>,
}

impl Findings {
    pub fn of(path: &str, compilation: &Compilation, pages: Option<&str>) -> Findings {
        let sources = &compilation.sources;
        let mut findings = Findings::default();
        findings.reads.extend(
            sources.ids().map(|id| sources.get(id)).filter(|s| !s.own).map(|s| s.name.clone()),
        );
        for problem in compilation.problems.sorted() {
            findings.unread |= problem.code == Code::Unreadable;
            let file = problem.span.map_or(path, |s| &sources.get(s.file).name);
            findings
                .problems
                .entry(file.to_owned())
                .or_default()
                .push(diagnostic(problem, sources, pages));
        }
        findings
    }
}

/// `pages` is the folder with a page for each code.
pub(super) fn diagnostic(problem: &Problem, sources: &Sources, pages: Option<&str>) -> Diagnostic {
    let related = problem.related.iter().filter_map(|(span, label)| {
        let location = place::location(sources, *span)?;
        Some(DiagnosticRelatedInformation { location, message: label.clone() })
    });
    let related: Vec<_> = related.collect();
    let help = problem.help.iter().map(|help| format!("\n{help}"));
    Diagnostic {
        range: problem.span.map(|span| place::range(sources, span)).unwrap_or_default(),
        severity: Some(match problem.severity() {
            Severity::Error => DiagnosticSeverity::Error,
            Severity::Warning => DiagnosticSeverity::Warning,
        }),
        code: Some(problem.code.as_str().to_owned().into()),
        code_description: pages.map(|folder| CodeDescription {
            href: place::uri(&format!("{folder}/{}.md", problem.code.as_str())),
        }),
        source: Some("netc".into()),
        message: std::iter::once(problem.message.clone()).chain(help).collect::<String>().into(),
        related_information: (!related.is_empty()).then_some(related),
        ..Diagnostic::default()
    }
}
