//! The page of the book that lists every command, made from the definition of the arguments.

use std::fmt::Write as _;

use clap::{Arg, Command};

/// The columns of texts that are not Markdown.
const COLUMNS: usize = 80;

const HEAD: &str = "\
# Command reference

This page is the output of `netc man --format markdown`. [The commands](commands.md) shows how they
work together. Every command takes `--color auto|always|never`, too.
";

/// A chapter for each command, as Markdown.
pub(super) fn reference(mut cli: Command) -> String {
    cli.build();
    let mut page = String::from(HEAD);
    chapters(&cli, 2, &mut page);
    page
}

fn chapters(parent: &Command, level: usize, page: &mut String) {
    let shown = |c: &&Command| !c.is_hide_set() && c.get_name() != "help";
    for command in parent.get_subcommands().filter(shown) {
        let name = command.get_bin_name().unwrap_or(command.get_name());
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        let usage = command.clone().render_usage().to_string();
        let usage = usage.trim_start_matches("Usage: ");
        let _ =
            write!(page, "\n{} {name}\n\n{about}.\n\n```text\n{usage}\n```\n", "#".repeat(level));
        let rows: String = command.get_arguments().filter_map(row).collect();
        if !rows.is_empty() {
            let _ = write!(page, "\n| argument | what |\n|---|---|\n{rows}");
        }
        if let Some(examples) = command.get_after_help() {
            let examples = textwrap::fill(examples.to_string().trim_end(), COLUMNS);
            let _ = write!(page, "\n```text\n{examples}\n```\n");
        }
        chapters(command, level + 1, page);
    }
}

/// A row of the table of arguments, if the help shows it.
fn row(arg: &Arg) -> Option<String> {
    if arg.is_hide_set() || ["help", "color"].contains(&arg.get_id().as_str()) {
        return None;
    }
    let short = arg.get_short().map(|c| format!("-{c}, ")).unwrap_or_default();
    let help = arg.get_long_help().or(arg.get_help()).map(ToString::to_string).unwrap_or_default();
    let mut what: Vec<String> = help.split_whitespace().map(str::to_owned).collect();
    let mut add = |title: &str, values: Vec<String>| {
        if !values.is_empty() {
            what.push(format!("[{title}: `{}`]", values.join("`, `")));
        }
    };
    if arg.get_action().takes_values() && !arg.is_hide_possible_values_set() {
        let values = arg.get_possible_values();
        let shown = values.iter().filter(|value| !value.is_hide_set());
        add("values", shown.map(|value| value.get_name().to_owned()).collect());
    }
    if arg.get_action().takes_values() && !arg.is_hide_default_value_set() {
        let values = arg.get_default_values().iter();
        add("default", values.map(|value| value.to_string_lossy().into_owned()).collect());
    }
    let escaped = |text: String| text.replace('|', "\\|");
    Some(format!("| `{}` | {} |\n", escaped(format!("{short}{arg}")), escaped(what.join(" "))))
}
