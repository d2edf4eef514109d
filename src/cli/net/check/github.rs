//! `netc check --format github`: workflow commands of GitHub Actions.

use super::place::Place;
use crate::diag::{Problem, Sources};

/// The line that annotates the place of a problem.
pub(super) fn annotation(problem: &Problem, sources: &Sources, file: &str) -> String {
    let place = problem.span.map(|span| Place::of(span, sources));
    let mut at = format!("file={}", property(place.as_ref().map_or(file, |place| place.file)));
    if let Some(Place { line, column, end_line, end_column, .. }) = place {
        at += &format!(",line={line},endLine={end_line},col={column},endColumn={end_column}");
    }
    let help = problem.help.as_ref().map_or_else(String::new, |help| format!("\nhelp: {help}"));
    format!(
        "::{} {at},title={}::{}\n",
        problem.severity().as_str(),
        property(&format!("netc: {}", problem.code.as_str())),
        data(&format!("{}{help}", problem.message))
    )
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
