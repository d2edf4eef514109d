use std::path::Path;

use crate::check::Checked;
use crate::cli::out::{error, show};
use crate::compile;
use crate::diag::{Code, Problems, Sources};

/// The net of a file, with the texts that were read. Its problems are shown, and if there is no
/// net, that there is none to do `what` with.
pub fn compiled(file: &Path, set: &[(String, String)], what: &str) -> Option<(Checked, Sources)> {
    let compilation = compile(file, set);
    show(&compilation.problems, &compilation.sources);
    if compilation.net.is_none() && compilation.ok() {
        error(&blocks_alone(file, what));
    }
    Some((compilation.net?, compilation.sources))
}

/// Why problems that have been shown leave nothing to go on with, which is of `what`.
pub fn unsound(problems: &Problems, what: &str) -> String {
    match problems.sorted().iter().any(|problem| problem.code == Code::Unreadable) {
        true => "a file cannot be read".into(),
        false => format!("{what} is not sound"),
    }
}

/// That a file has no net to do `what` with.
pub fn blocks_alone(file: &Path, what: &str) -> String {
    format!("{} holds blocks alone; there is no net to {what}", file.display())
}
