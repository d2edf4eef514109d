//! The help texts: one style, and lines of a terminal.

use clap::{Arg, Command, CommandFactory as _};
use netc::cli::Cli;

/// Each command with its name as typed.
fn commands() -> Vec<(String, Command)> {
    let mut found = vec![("netc".to_string(), Cli::command())];
    found[0].1.build();
    let mut next = 0;
    while let Some((name, command)) = found.get(next).cloned() {
        next += 1;
        let below = command.get_subcommands().filter(|c| c.get_name() != "help");
        found.extend(below.map(|c| (format!("{name} {}", c.get_name()), c.clone())));
    }
    found
}

fn visible(command: &Command) -> impl Iterator<Item = &Arg> {
    command.get_arguments().filter(|arg| !arg.is_hide_set())
}

#[test]
fn texts_begin_with_a_capital_and_end_without_a_stop() {
    for (name, command) in commands() {
        let args = visible(&command).map(|arg| (arg.get_id().to_string(), arg.get_help()));
        let values = visible(&command).flat_map(Arg::get_possible_values);
        let values: Vec<_> =
            values.map(|v| (v.get_name().to_string(), v.get_help().cloned())).collect();
        let texts = args
            .map(|(id, help)| (id, help.cloned()))
            .chain(values)
            .chain([(String::new(), command.get_about().cloned())]);
        for (id, text) in texts {
            let Some(text) = text.map(|text| text.to_string()) else { continue };
            let first = text.chars().next().unwrap();
            assert!(!first.is_lowercase(), "{name} {id}: {text}");
            assert!(!text.ends_with('.') || name == "netc", "{name} {id}: {text}");
        }
    }
}

#[test]
fn every_command_has_examples_and_exit_codes() {
    for (name, command) in commands() {
        let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let leaf = command.get_subcommands().next().is_none() && !command.is_hide_set();
        let of_search = ["netc search status", "netc search cancel"].contains(&name.as_str());
        if leaf && !of_search && name != "netc help" {
            assert!(after.contains("Examples:\n") && after.contains("Exit codes: 0"), "{name}");
        }
    }
}

#[test]
fn help_fits_80_columns() {
    for (name, command) in commands() {
        let help = command.term_width(80).render_long_help().to_string();
        let long = help.lines().find(|line| line.chars().count() > 80);
        assert_eq!(long, None, "{name}");
    }
}

/// One name for one thing.
#[test]
fn what_is_written_is_an_output_and_a_form_a_format() {
    let old = ["out", "to", "svg", "json", "csv", "html", "plot", "sqlite", "markdown"];
    for (name, command) in commands() {
        for arg in visible(&command) {
            let long = arg.get_long().unwrap_or_default();
            assert!(!old.contains(&long), "{name} --{long}");
            assert_eq!(long == "output", arg.get_short() == Some('o'), "{name} --{long}");
        }
    }
}
