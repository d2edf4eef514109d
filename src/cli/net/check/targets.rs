use std::path::{Path, PathBuf};

use crate::cli::net::read_stdin;
use crate::syntax::{NetsBelow, Overlay, nets_below};

/// The name of standard input as a file.
const STDIN: &str = "<stdin>";

/// The files to check.
pub(super) struct Targets {
    /// Those named, and those below a folder in its place.
    pub files: Vec<PathBuf>,
    /// The text of standard input, if it is among them.
    pub texts: Overlay,
}

impl Targets {
    /// What the arguments name.
    ///
    /// # Errors
    /// Standard input that is no text, or a folder without nets or with too many.
    pub fn of(named: &[PathBuf]) -> Result<Targets, String> {
        let mut targets = Targets { files: Vec::new(), texts: Overlay::new() };
        for path in named {
            if path == Path::new("-") {
                let text = read_stdin()?;
                targets.texts.entry(STDIN.into()).or_insert(text);
                targets.files.push(STDIN.into());
            } else if path.is_dir() {
                targets.files.extend(below(path)?);
            } else {
                targets.files.push(path.clone());
            }
        }
        Ok(targets)
    }
}

/// The `.net` files below a folder.
fn below(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let shown = folder.display();
    let Some(name) = folder.to_str() else {
        return Err(format!("{shown}: expected a folder whose name is UTF-8"));
    };
    let NetsBelow { paths, incomplete } = nets_below(match name.trim_end_matches('/') {
        "" => "/",
        name => name,
    });
    if let Some(why) = incomplete {
        return Err(format!("{shown}: {why}\nhelp: check the folders in it, or name the files"));
    }
    match paths.len() {
        0 => Err(format!("{shown}: there is no `.net` file in it")),
        _ => {
            let relative = |path: &String| path.strip_prefix("./").unwrap_or(path).into();
            Ok(paths.iter().map(relative).collect())
        }
    }
}
