use std::path::Path;

use super::args::CheckArgs;
use super::settings;
use crate::syntax::Overlay;
use crate::{Compilation, compile_over};

/// What is found of a file and some texts, without the problems that are allowed.
pub(super) fn compiled(file: &Path, args: &CheckArgs, texts: &Overlay) -> Compilation {
    let mut compilation = match settings::is_settings(file) {
        true => settings::check(file, texts),
        false => compile_over(file, &args.set.set, texts),
    };
    compilation.problems.retain(|p| !args.allow.iter().any(|code| code == p.code.as_str()));
    compilation
}
