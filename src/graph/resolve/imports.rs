//! Imported names that the imported file does not define.

use super::{Resolver, env};
use crate::diag::{Code, Problem, did_you_mean};
use crate::syntax::ast::ItemKind;

impl Resolver<'_> {
    /// Reports each of them, in every file of the project.
    pub(super) fn imports(&mut self) {
        let project = self.project;
        for (&file, text) in &project.files {
            for item in &text.items {
                let ItemKind::Import(import) = &item.kind else { continue };
                let Some(from) = project.linked(file, &import.path.node) else { continue };
                let blocks: Vec<&str> =
                    env::own_blocks(project, from).map(|block| block.name.node.as_str()).collect();
                for name in import.names.iter().filter(|name| !blocks.contains(&name.node.as_str())) {
                    let near = did_you_mean(&name.node, blocks.iter().copied());
                    let help = match near {
                        Some(near) => format!("did you mean `{near}`?"),
                        None if blocks.is_empty() => "it defines no blocks".into(),
                        None => format!("it defines {}", blocks.join(", ")),
                    };
                    let message = format!("`{}` defines no block `{}`", import.path.node, name.node);
                    self.problems.push(
                        Problem::new(Code::UnknownName, name.span, message)
                            .label("not defined there")
                            .help(help)
                            .respell(near),
                    );
                    self.misimported.insert(name.node.clone());
                    self.misimported.extend(near.map(str::to_owned));
                }
            }
        }
    }
}
