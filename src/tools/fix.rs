//! Applies the repairs that problems come with.

use std::path::Path;

use crate::compile_over;
use crate::diag::edited;
use crate::syntax::Overlay;

/// At most so many repairs are applied to one file and what it imports.
const MAX_APPLIED: usize = 50;

/// What [`fix`] did to one net.
#[derive(Debug, Default)]
pub struct Fixed {
    /// The new texts, by path.
    pub texts: Overlay,
    /// The repairs applied, in words.
    pub applied: Vec<String>,
    /// Repairs of files that `may_change` refused.
    pub refused: Vec<(String, String)>,
}

/// Applies one repair after another to the text of a net and what it imports, as long as each makes
/// the net less wrong. Nothing is written; a file changes only if `may_change` says so of its path.
pub fn fix(file: &Path, set: &[(String, String)], may_change: &dyn Fn(&Path) -> bool) -> Fixed {
    let mut fixed = Fixed::default();
    while fixed.applied.len() < MAX_APPLIED && step(file, set, may_change, &mut fixed) {}
    fixed
}

/// Applies the first repair that helps; false if there is none.
fn step(
    file: &Path,
    set: &[(String, String)],
    may_change: &dyn Fn(&Path) -> bool,
    fixed: &mut Fixed,
) -> bool {
    let compilation = compile_over(file, set, &fixed.texts);
    let before = compilation.errors_by_stage();
    fixed.refused.clear();
    for fix in compilation.problems.sorted().into_iter().flat_map(|p| &p.fixes) {
        let Some(texts) = edited(&compilation.sources, fix.edits.iter().cloned()) else { continue };
        if let Some(name) = texts.keys().find(|name| !may_change(Path::new(name))) {
            fixed.refused.push((name.clone(), fix.title.clone()));
            continue;
        }
        let mut overlay = fixed.texts.clone();
        overlay.extend(texts);
        if compile_over(file, set, &overlay).errors_by_stage() < before {
            fixed.texts = overlay;
            fixed.applied.push(fix.title.clone());
            return true;
        }
    }
    false
}
