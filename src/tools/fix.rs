//! Applies the safe repairs of problems.

use std::path::Path;

use crate::diag::{Problem, Problems, Severity, edited};
use crate::syntax::{Overlay, on_disk};
use crate::{Compilation, compile_over};

/// The maximum number of repairs applied to one file and what it imports.
const MAX_APPLIED: usize = 50;

/// The result of [`fix`] for one file.
#[derive(Debug, Default)]
pub struct Fixed {
    /// The new texts, by path.
    pub texts: Overlay,
    /// Descriptions of the applied repairs.
    pub applied: Vec<String>,
    /// Repairs of files that `may_change` refused.
    pub refused: Vec<(String, String)>,
}

/// Applies one safe repair after another to the text of a file and what it imports, as long as each
/// makes its problem go away, and goes back to where the file was best. `compile` says what is
/// wrong with some texts in place of the files with their paths. Nothing is written; a file changes
/// only if `may_change` accepts its path.
pub fn fix(
    file: &Path,
    compile: &dyn Fn(&Overlay) -> Compilation,
    may_change: &dyn Fn(&Path) -> bool,
) -> Fixed {
    Fixing { file, compile, may_change }.run(Overlay::new())
}

/// Like [`fix`] for a net, with `texts` in place of the files with their paths.
pub fn fix_over(file: &Path, may_change: &dyn Fn(&Path) -> bool, texts: Overlay) -> Fixed {
    Fixing { file, compile: &|texts| compile_over(file, &[], texts), may_change }.run(texts)
}

struct Fixing<'a> {
    file: &'a Path,
    compile: &'a dyn Fn(&Overlay) -> Compilation,
    may_change: &'a dyn Fn(&Path) -> bool,
}

impl Fixing<'_> {
    fn run(&self, texts: Overlay) -> Fixed {
        let mut least = badness(&(self.compile)(&texts));
        let mut best = (texts.clone(), 0);
        let mut fixed = Fixed { texts, ..Fixed::default() };
        while fixed.applied.len() < MAX_APPLIED && self.step(&mut fixed) {
            let now = badness(&(self.compile)(&fixed.texts));
            if now < least {
                least = now;
                best = (fixed.texts.clone(), fixed.applied.len());
            }
        }
        fixed.texts = best.0;
        fixed.applied.truncate(best.1);
        fixed
    }

    /// Applies the first repair that helps; false if there is none.
    fn step(&self, fixed: &mut Fixed) -> bool {
        let compilation = (self.compile)(&fixed.texts);
        let before = compilation.errors_by_stage();
        fixed.refused.clear();
        let problems = compilation.problems.sorted();
        let count = problems.len();
        for (problem, fix) in problems
            .into_iter()
            .flat_map(|p| p.fixes.iter().filter(|f| f.safe).map(move |f| (p, f)))
        {
            let Some(texts) = edited(&compilation.sources, fix.edits.iter().cloned()) else {
                continue;
            };
            if let Some(name) =
                texts.keys().find(|name| !(self.may_change)(&on_disk(self.file, name)))
            {
                fixed.refused.push((name.clone(), fix.title.clone()));
                continue;
            }
            let mut overlay = fixed.texts.clone();
            overlay.extend(texts);
            let after = (self.compile)(&overlay);
            // Correcting a name can reveal further problems.
            let alike = |problems: &Problems| {
                let like = |p: &&&Problem| (p.code, &p.message) == (problem.code, &problem.message);
                problems.sorted().iter().filter(like).count()
            };
            let gone = alike(&after.problems) < alike(&compilation.problems);
            // What a warning is about may be what is wrong: it is left until no error is.
            let no_more = problem.severity() == Severity::Error
                || (!compilation.problems.has_errors() && after.problems.len() <= count);
            if after.errors_by_stage() < before
                || (gone && no_more && after.errors_by_stage() == before)
            {
                fixed.texts = overlay;
                fixed.applied.push(fix.title.clone());
                return true;
            }
        }
        false
    }
}

/// How wrong a net is: its errors of syntax, of names, of shapes and claims, and its warnings.
fn badness(compilation: &Compilation) -> [usize; 4] {
    let [syntax, names, _, shapes, claims] = compilation.errors_by_stage();
    [syntax, names, shapes + claims, compilation.problems.len()]
}
