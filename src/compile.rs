//! From a file to a checked net: the pipeline, a line a stage.

use std::path::Path;

use crate::check::{self, Checked};
use crate::diag::{self, Problems, Sources};
use crate::graph::{self, Override};
use crate::run::Recipe;
use crate::syntax::ast::{ExprKind, Spanned};
use crate::syntax::{self, Overlay};

/// What became of a file.
#[derive(Debug)]
pub struct Compilation {
    /// Every text that was read, for showing the problems.
    pub sources: Sources,
    /// All that is wrong or odd.
    pub problems: Problems,
    /// The net; `None` if anything is wrong, or if the file holds blocks alone.
    pub net: Option<Checked>,
}

impl Compilation {
    /// Whether nothing is wrong.
    pub fn ok(&self) -> bool {
        !self.problems.has_errors()
    }
}

/// Reads, resolves and checks the net of a file. `set` overrides declared parameters by name, with
/// values as the language writes them.
///
/// Every problem of every stage is in the result; a later stage goes on with what an earlier one
/// could make sense of.
pub fn compile(file: &Path, set: &[(String, String)]) -> Compilation {
    compile_over(file, set, &Overlay::new())
}

/// Like [`compile`]; a text of `overlay` stands in for the file of its path.
pub fn compile_over(file: &Path, set: &[(String, String)], overlay: &Overlay) -> Compilation {
    let mut project = match syntax::load_over(file, overlay) {
        Ok(project) => project,
        Err((sources, problems)) => return Compilation { sources, problems, net: None },
    };
    let overrides = match overrides(&mut project.sources, set) {
        Ok(overrides) => overrides,
        Err(problems) => return Compilation { sources: project.sources, problems, net: None },
    };
    let resolved = graph::resolve(&project, &overrides);
    let mut problems = resolved.problems;
    let incomplete = problems.has_errors();
    if let Some(graph) = &resolved.graph {
        problems.extend(Recipe::resolve(&graph.settings, None, None).1);
    }
    let net = match resolved.graph.map(check::check) {
        Some(Ok(net)) => {
            problems.extend(net.warnings().clone());
            Some(net)
        }
        Some(Err(found)) => {
            problems.extend(found.about_the_text(incomplete));
            None
        }
        None => None,
    };
    diag::allow(&mut problems, &project.sources);
    Compilation { sources: project.sources, net: net.filter(|_| !problems.has_errors()), problems }
}

/// `--set name=value`, each as a small text of its own so that a mistake in it can be pointed at.
fn overrides(sources: &mut Sources, set: &[(String, String)]) -> Result<Vec<Override>, Problems> {
    let (mut overrides, mut problems) = (Vec::new(), Problems::new());
    for (name, value) in set {
        let before = name.len() + 1;
        let file = sources.add("--set", format!("{}{value}", " ".repeat(before)));
        let parsed = syntax::parse_expr(sources, file);
        sources.replace(file, format!("{name}={value}"));
        match parsed {
            Ok(mut value) => {
                // A bare word can only be meant as a string.
                if let ExprKind::Name(word) = &value.node {
                    value.node = ExprKind::Str(word.clone());
                }
                let span = diag::Span { file, start: 0, end: name.len() };
                overrides.push(Override { name: Spanned { node: name.clone(), span }, value });
            }
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() { Ok(overrides) } else { Err(problems) }
}
