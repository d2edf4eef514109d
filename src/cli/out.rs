use std::io::{ErrorKind, IsTerminal as _, Write as _};
use std::path::Path;

use comfy_table::{CellAlignment, Table, presets};

use crate::check::Checked;
use crate::diag::{Problems, Sources, Style, render};
use crate::disk;
use crate::tools::draw::png;

/// Writes to standard output. Colours are dropped where it is not a terminal; a reader that has
/// gone away, as `head` does, ends the program quietly.
pub(crate) fn print(text: &str) {
    let mut out = anstream::stdout();
    if let Err(error) = out.write_all(text.as_bytes()).and_then(|()| out.flush())
        && error.kind() == ErrorKind::BrokenPipe
    {
        std::process::exit(0);
    }
}

/// Writes to standard error. What cannot be said there cannot be said anywhere.
pub(crate) fn complain(text: &str) {
    let _ = anstream::stderr().write_all(text.as_bytes());
}

/// Writes a picture, whose extension decides the format.
pub(crate) fn write_picture(path: &Path, svg: &str) -> Result<(), String> {
    let is_png = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("png"));
    let bytes = if is_png { png(svg).map_err(|e| e.to_string())? } else { svg.as_bytes().to_vec() };
    write(path, &bytes)
}

/// Writes to a place that the user named; a file there is replaced in one step.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), String> {
    disk::write_out(path, bytes).map_err(|error| format!("cannot write {}: {error}", path.display()))
}

/// Writes to several places that the user named, to none of them unless all can be written.
pub(crate) fn write_together<'p>(outs: impl Iterator<Item = (&'p Path, &'p [u8])>) -> Result<(), String> {
    let outs: Vec<(&Path, &[u8])> = outs.collect();
    disk::write_together(&outs).map_err(|(path, error)| format!("cannot write {}: {error}", path.display()))
}

/// Shows problems on standard error.
pub(crate) fn show(problems: &Problems, sources: &Sources) {
    let width = terminal_size::terminal_size().map_or(100, |(width, _)| usize::from(width.0).clamp(40, 120));
    complain(&render(problems, sources, Style { colour: std::io::stderr().is_terminal(), width }));
}

/// Echoes what `--set` changed.
pub(crate) fn echo_overrides(net: &Checked, set: &[(String, String)]) -> String {
    let value = |name: &str| net.graph().params.iter().find(|(n, _)| n == name).map(|(_, v)| v.to_string());
    let parts: Vec<String> = set
        .iter()
        .map(|(name, given)| format!("{name} = {}", value(name).unwrap_or_else(|| given.clone())))
        .collect();
    if parts.is_empty() { String::new() } else { format!("with {}\n", parts.join(", ")) }
}

/// `6573120` as `6,573,120`.
pub(crate) fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// MACs in millions, with one decimal: `379.3 M`.
pub(crate) fn millions(n: u64) -> String {
    format!("{:.1} M", n as f64 / 1e6)
}

/// Bytes in the unit that fits: `1.4 GiB`.
pub(crate) fn bytes(n: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = n as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 { format!("{n} B") } else { format!("{value:.1} {}", UNITS[unit]) }
}

/// A table without rules; the columns in `right` hold numbers.
pub(crate) fn table(header: &[&str], right: std::ops::Range<usize>) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(header.to_vec());
    for (i, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 2));
        if right.contains(&i) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// A table as text, without blanks at the ends of lines.
pub(crate) fn trimmed(table: &Table) -> String {
    table.to_string().lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}
