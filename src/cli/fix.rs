use std::fmt::Write as _;
use std::path::Path;

use similar::{ChangeTag, TextDiff};

use super::args::CheckArgs;
use super::files::replace;
use super::out::{complain, print};
use crate::syntax::Overlay;
use crate::tools::fix::{Fixed, fix};

/// Lines of context around a change.
const CONTEXT: usize = 2;

/// Repairs the files as far as that goes, shows what changes, and writes it unless this is a dry run.
/// Gives the new texts, for the check that follows. The error names a file that cannot be written.
pub(super) fn repair(args: &CheckArgs) -> Result<Overlay, String> {
    let named: Vec<_> = args.files.iter().filter_map(|file| file.canonicalize().ok()).collect();
    let may_change = |path: &Path| path.canonicalize().is_ok_and(|path| named.contains(&path));
    let mut texts = Overlay::new();
    for file in &args.files {
        let Fixed { texts: new, applied, refused } = fix(file, &args.set.set, &may_change);
        for (path, text) in &new {
            let old = std::fs::read_to_string(path).map_err(|e| format!("cannot read {path}: {e}"))?;
            print(&difference(path, &old, text));
        }
        for title in &applied {
            print(&format!("{}: {title}\n", if args.dry_run { "would repair" } else { "repaired" }));
        }
        for (path, title) in &refused {
            complain(&format!("not repaired: {path} is not among the files named; {title}\n"));
        }
        if !args.dry_run {
            for (path, text) in &new {
                replace(Path::new(path), text).map_err(|e| format!("cannot write {path}: {e}"))?;
            }
        }
        texts.extend(new);
    }
    Ok(texts)
}

/// The change of a file in the unified form, coloured; a pipe drops the colours.
fn difference(path: &str, old: &str, new: &str) -> String {
    let diff = TextDiff::from_lines(old, new);
    let mut text = format!("--- {path}\n+++ {path}\n");
    for hunk in diff.unified_diff().context_radius(CONTEXT).iter_hunks() {
        // Writing into a string cannot fail.
        let _ = writeln!(text, "{}", hunk.header());
        for change in hunk.iter_changes() {
            let (sign, colour) = match change.tag() {
                ChangeTag::Delete => ("-", "\u{1b}[31m"),
                ChangeTag::Insert => ("+", "\u{1b}[32m"),
                ChangeTag::Equal => (" ", ""),
            };
            let end = if colour.is_empty() { "" } else { "\u{1b}[0m" };
            let _ = writeln!(text, "{colour}{sign}{}{end}", change.value().trim_end_matches('\n'));
        }
    }
    text
}
