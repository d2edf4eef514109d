use std::path::Path;

use crate::check::Checked;
use crate::cli::out::{error, show};
use crate::compile;
use crate::diag::Sources;

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

/// That a file has no net to do `what` with.
pub fn blocks_alone(file: &Path, what: &str) -> String {
    format!("{} holds blocks alone; there is no net to {what}", file.display())
}
