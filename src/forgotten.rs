//! Blocks that a file calls and does not import.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::diag::{Code, Fix, Problem, Problems, Span, listed};
use crate::syntax::{self, Exporter, Overlay, Project, STD, import_edit};

/// At most so many repairs are offered.
const MAX_CHOICES: usize = 3;

/// What a file could import, by its name: found once for a net and all attempts to repair it, of
/// which none defines a block.
#[derive(Default)]
pub struct Beside(RefCell<BTreeMap<String, Rc<[Exporter]>>>);

impl Beside {
    fn exporters(&self, file: &str, overlay: &Overlay) -> Rc<[Exporter]> {
        let mut known = self.0.borrow_mut();
        let found = known.entry(file.to_owned());
        found.or_insert_with(|| syntax::exporters(file, overlay).into()).clone()
    }
}

/// Puts one problem for each file in place of those of calls that lack no more than an import.
/// `undefined` are the calls of neither an op nor a block.
pub fn imports(
    problems: &mut Problems,
    undefined: &BTreeMap<Span, String>,
    project: &Project,
    overlay: &Overlay,
    beside: &Beside,
) {
    let mut left = undefined.iter().peekable();
    while let Some((first, _)) = left.peek() {
        let file = first.file;
        let mut calls: Vec<(Span, &str)> = Vec::new();
        while let Some((span, name)) = left.next_if(|(span, _)| span.file == file) {
            calls.push((*span, name));
        }
        let source = project.sources.get(file);
        if source.own {
            continue;
        }
        let exporters = beside.exporters(&source.name, overlay);
        let exports = |name: &str| exporters.iter().any(|e| e.blocks.iter().any(|b| b == name));
        calls.retain(|(_, name)| exports(name));
        if let Some(problem) = forgotten(&calls, &exporters, project) {
            let known = |p: &Problem| calls.iter().any(|(span, _)| p.span == Some(*span));
            problems.retain(|p| p.code != Code::UnknownName || !known(p));
            problems.push(problem);
        }
    }
}

fn forgotten(calls: &[(Span, &str)], exporters: &[Exporter], project: &Project) -> Option<Problem> {
    let (first, _) = *calls.first()?;
    let mut names: Vec<&str> = Vec::new();
    let mut uses = Vec::new();
    for (span, name) in calls {
        if !names.contains(name) {
            names.push(name);
            uses.push((*span, format!("`{name}`")));
        }
    }
    let fixes = choices(&names, exporters, first, project);
    let (are, them) = if names.len() == 1 { ("is", "it") } else { ("are", "them") };
    let message = format!("`{}` {are} not imported", listed(&names).replace(", ", "`, `"));
    let help = fixes.first().map(|fix| format!("{} gives {them}", fix.title));
    let mut problem =
        Problem::new(Code::UnknownName, first, message).label("defined elsewhere").help_if(help);
    problem.related = uses.split_off(1);
    problem.fixes = fixes;
    Some(problem)
}

/// The best way to import all names, and the other files that have all of them.
fn choices(names: &[&str], exporters: &[Exporter], at: Span, project: &Project) -> Vec<Fix> {
    let tree = project.file(at.file);
    let has = |exporter: &Exporter, names: &[&str]| -> usize {
        names.iter().filter(|name| exporter.blocks.iter().any(|b| b == *name)).count()
    };
    let imported = |exporter: &Exporter| tree.imports().any(|i| i.path.node == exporter.path);
    let mut ranked: Vec<&Exporter> = exporters.iter().collect();
    ranked.sort_by_key(|exporter| (!imported(exporter), names.len() - has(exporter, names)));
    let fix = |parts: &[(&Exporter, Vec<&str>)]| Fix {
        title: parts
            .iter()
            .map(|(from, names)| {
                format!("`import {}: {}`", syntax::written(&from.path), names.join(", "))
            })
            .collect::<Vec<_>>()
            .join(" and "),
        edits: parts
            .iter()
            .map(|(from, names)| import_edit(&project.sources, at.file, tree, &from.path, names))
            .collect(),
        safe: true,
    };
    let (mut left, mut best) = (names.to_vec(), Vec::new());
    for exporter in &ranked {
        let (taken, rest) =
            left.iter().copied().partition::<Vec<&str>, _>(|name| has(exporter, &[*name]) == 1);
        if !taken.is_empty() {
            best.push((*exporter, taken));
        }
        left = rest;
    }
    let first = best.first().map(|(exporter, _)| exporter.path.clone());
    let others: Vec<&Exporter> = ranked
        .into_iter()
        .filter(|exporter| {
            has(exporter, names) == names.len() && Some(&exporter.path) != first.as_ref()
        })
        .collect();
    // The project's own block goes before that of `std` with its name. Which of two files is meant
    // is sure only where one is imported from already.
    let sure = others.iter().all(|other| other.path == STD)
        || best.iter().all(|(exporter, _)| imported(exporter));
    let others = others.iter().map(|exporter| fix(&[(exporter, names.to_vec())]));
    let mut choices: Vec<Fix> =
        std::iter::once(fix(&best)).chain(others).take(MAX_CHOICES).collect();
    choices.iter_mut().enumerate().for_each(|(i, choice)| choice.safe = sure && i == 0);
    choices
}
