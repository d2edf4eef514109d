//! What to say of wrong arguments beyond what clap says.

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::diag::visible;
use crate::recipe::KEYS;

/// Words for what netc does, and how it does it.
const COMMANDS: [(&[&str], &str); 10] = [
    (&["compare"], "'netc diff' compares two nets; 'netc search' trains several and compares them"),
    (&["lint", "validate", "verify", "analyze"], "'netc check' finds errors and warns"),
    (
        &["summary", "summarize", "info", "stats", "describe", "cost"],
        "'netc check' prints shapes, parameters and cost; 'netc show' beside the source",
    ),
    (&["resume", "continue"], "'netc train --resume RUN' goes on with a run"),
    (&["test", "evaluate", "validation"], "'netc eval' tests a trained net"),
    (&["run", "infer", "inference", "classify"], "'netc predict' classifies images"),
    (
        &["fit", "finetune", "fine-tune"],
        "'netc train' trains a net, with --weights from those of another",
    ),
    (&["sweep", "tune", "grid"], "'netc search' trains many variants of a net"),
    (&["bench", "benchmark", "time"], "'netc profile' times a training step"),
    (&["convert"], "'netc import' reads ONNX models; 'netc export' writes for other programs"),
];

/// Options that are no more, and what does the same.
const RENAMED: [(&str, &str); 1] = [("markdown", "--format markdown")];

/// Says what an unknown argument or command means, in place of clap's own suggestion.
pub(super) fn suggest(error: &mut clap::Error, all: &clap::Command) {
    if error.kind() == ErrorKind::ArgumentConflict {
        // It would be the line that was just refused.
        error.remove(ContextKind::Usage);
    }
    suggest_command(error, all);
    suggest_argument(error, all);
}

/// The command for what a word means, or else those of a similar name that the help lists.
fn suggest_command(error: &mut clap::Error, all: &clap::Command) {
    let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidSubcommand) else {
        return;
    };
    let meant = COMMANDS.iter().find(|(words, _)| words.contains(&word.as_str()));
    if let Some((_, tip)) = meant {
        error.remove(ContextKind::SuggestedSubcommand);
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![(*tip).into()]));
    } else if let Some(ContextValue::Strings(names)) = error.get(ContextKind::SuggestedSubcommand) {
        let hidden = |name: &str| all.find_subcommand(name).is_some_and(clap::Command::is_hide_set);
        let listed: Vec<String> = names.iter().filter(|name| !hidden(name)).cloned().collect();
        if listed.is_empty() {
            error.remove(ContextKind::SuggestedSubcommand);
            error.remove(ContextKind::Suggested);
        } else {
            error.insert(ContextKind::SuggestedSubcommand, ContextValue::Strings(listed));
        }
    }
}

/// A key of the recipe, or an option that was renamed.
fn suggest_argument(error: &mut clap::Error, all: &clap::Command) {
    let Some(ContextValue::String(argument)) = error.get(ContextKind::InvalidArg) else { return };
    if error.kind() != ErrorKind::UnknownArgument {
        return;
    }
    let word = argument.trim_start_matches('-').replace('-', "_");
    let command = std::env::args_os().skip(1).find_map(|name| all.find_subcommand(name));
    if let Some(option) = command.and_then(|command| option_of_number(command, argument)) {
        let tip = format!("'{option}' takes no number below 0");
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
        return;
    }
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

/// The option that a negative number is meant for: it stands behind it.
fn option_of_number(command: &clap::Command, argument: &str) -> Option<String> {
    argument.parse::<f64>().ok()?;
    let args: Vec<String> = std::env::args_os().filter_map(|arg| arg.into_string().ok()).collect();
    let [option, _] = args.windows(2).find(|pair| pair[1] == argument)? else { return None };
    let name = option.strip_prefix("--")?;
    let known = command.get_arguments().find(|arg| arg.get_long() == Some(name))?;
    known.get_action().takes_values().then(|| option.clone())
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
