//! Unused declarations of a file.

use std::collections::HashSet;

use super::names::{NameKind, Names, ReferenceRole};
use crate::diag::{Code, Problem, Problems, Span};
use crate::syntax::Project;

/// Warns about unused imports, blocks and parameters of the root file. In a file without a net,
/// blocks are meant for other files.
pub(super) fn unused(project: &Project, names: &Names<'_>, problems: &mut Problems) {
    let used = names.in_file(project.root).filter(|reference| reference.role == ReferenceRole::Use);
    let used: HashSet<Span> = used.map(|reference| reference.def.span).collect();
    let mut warn = |code, span, what| {
        let message = format!("`{}` {what}", project.sources.text(span));
        let problem = Problem::new(code, span, message).label("nothing mentions it");
        problems.push(problem.help("remove it, or use it"));
    };
    let file = project.file(project.root);
    for name in file.imports().flat_map(|import| &import.names) {
        if names.definition(name.span).is_none_or(|def| !used.contains(&def.span)) {
            warn(Code::UnusedImport, name.span, "is imported and never used");
        }
    }
    let has_net = file.nets().next().is_some();
    for reference in names.in_file(project.root).filter(|r| r.role == ReferenceRole::Definition) {
        match reference.def.kind {
            _ if used.contains(&reference.span) => {}
            NameKind::Block(_, local_to) if has_net || local_to.is_some() => {
                warn(Code::UnusedBlock, reference.span, "is never used");
            }
            NameKind::Param(_) => {
                warn(Code::UnusedParameter, reference.span, "is declared and never used")
            }
            NameKind::Block(..)
            | NameKind::Value
            | NameKind::Op(_)
            | NameKind::File
            | NameKind::Unread => {}
        }
    }
}
