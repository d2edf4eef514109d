//! Imported names that the imported file does not define.

use super::expander::Expander;
use crate::diag::{Code, Problem, did_you_mean};
use crate::syntax::ast::Name;

impl Expander<'_> {
    /// Reports each of them, in every file of the project.
    pub(super) fn imports(&mut self) {
        let project = self.project;
        for (&file, text) in &project.files {
            for import in text.imports() {
                let Some(from) = project.linked(file, &import.path.node) else { continue };
                let blocks: Vec<&str> =
                    project.file(from).blocks().map(|block| block.name.node.as_str()).collect();
                let unknown: Vec<&Name> = import
                    .names
                    .iter()
                    .filter(|name| self.names.definition(name.span).is_none())
                    .collect();
                for name in unknown {
                    let near = did_you_mean(&name.node, blocks.iter().copied());
                    let help = match near.question() {
                        Some(question) => question,
                        None if blocks.is_empty() => "it defines no blocks".into(),
                        None => format!("it defines {}", blocks.join(", ")),
                    };
                    let path = project.sources.text(import.path.span).trim_matches('"');
                    let message = format!("`{path}` defines no block `{}`", name.node);
                    self.problems.push(
                        Problem::new(Code::UnknownName, name.span, message)
                            .label("not defined there")
                            .help(help)
                            .respell(&near),
                    );
                    self.misimported.insert(name.node.clone());
                    self.misimported.extend(near.names().iter().cloned());
                }
            }
        }
    }
}
