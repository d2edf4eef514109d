//! What to say of wrong arguments beyond what clap says.

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::diag::visible;
use crate::recipe::KEYS;

/// Options that are no more, and what does the same.
const RENAMED: [(&str, &str); 1] = [("markdown", "--format markdown")];

/// Says what an unknown argument means, in place of clap's own suggestion: a key of the recipe, or
/// an option that was renamed.
pub(super) fn suggest(error: &mut clap::Error, all: &clap::Command) {
    if error.kind() == ErrorKind::ArgumentConflict {
        // It would be the line that was just refused.
        error.remove(ContextKind::Usage);
    }
    let Some(ContextValue::String(argument)) = error.get(ContextKind::InvalidArg) else { return };
    if error.kind() != ErrorKind::UnknownArgument {
        return;
    }
    let word = argument.trim_start_matches('-').replace('-', "_");
    let command = std::env::args_os().skip(1).find_map(|name| all.find_subcommand(name));
    let takes_keys = command.is_some_and(|c| c.get_arguments().any(|arg| arg.get_id() == "recipe"));
    let has = |format: &str| {
        let formats =
            command.iter().flat_map(|c| c.get_arguments()).filter(|a| a.get_id() == "format");
        formats.flat_map(|a| a.get_possible_values()).any(|value| value.get_name() == format)
    };
    let renamed = RENAMED.iter().find(|(old, _)| *old == word && has(old));
    let key = KEYS.iter().find(|key| takes_keys && is_part(&word, key.name));
    let tip = match (renamed, key) {
        (Some((_, now)), _) => format!("this is '{now}' now"),
        (None, Some(key)) => {
            format!("a key of the recipe is set by '--recipe {}=VALUE'", key.name)
        }
        (None, None) => return,
    };
    error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
}

/// Whether a word begins or ends a name of several words, or is the name.
pub(super) fn is_part(word: &str, name: &str) -> bool {
    name.strip_prefix(word).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
        || name.strip_suffix(word).is_some_and(|rest| rest.ends_with('_'))
}

/// Which arguments the error is about, where it is that they are not in UTF-8: clap does not say.
pub(super) fn foreign_bytes(error: &clap::Error) -> String {
    if error.kind() != ErrorKind::InvalidUtf8 {
        return String::new();
    }
    let foreign = std::env::args_os().filter(|arg| arg.to_str().is_none());
    foreign.map(|arg| format!("not in UTF-8: {}\n", visible(&arg.to_string_lossy()))).collect()
}
