//! Numbers and tables for people.

use std::ops::Range;

use comfy_table::{CellAlignment, Table, presets};

use crate::check::Checked;
use crate::cli::terminal::width;

/// The shortest name that is left of a longer one.
const MIN_NAME: usize = 12;

/// Echoes what `--set` changed.
pub fn echo_overrides(net: &Checked, set: &[(String, String)]) -> String {
    let value =
        |name: &str| net.graph().params.iter().find(|(n, _)| n == name).map(|(_, v)| v.to_string());
    let parts: Vec<String> = set
        .iter()
        .map(|(name, given)| format!("{name} = {}", value(name).unwrap_or_else(|| given.clone())))
        .collect();
    if parts.is_empty() { String::new() } else { format!("with {}\n", parts.join(", ")) }
}

/// `6573120` as `6,573,120`.
pub fn thousands(n: u64) -> String {
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
pub fn millions(n: u64) -> String {
    format!("{:.1} M", n as f64 / 1e6)
}

/// Bytes in the unit that fits: `1.4 GiB`.
pub fn bytes(n: u64) -> String {
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
pub fn table(header: &[&str], right: Range<usize>) -> Table {
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

/// A table as text that is no wider than the terminal if cutting the names in its first column can
/// make it so.
pub fn fitted(header: &[&str], right: Range<usize>, mut rows: Vec<Vec<String>>) -> String {
    let text = |rows: &[Vec<String>]| {
        let mut table = table(header, right.clone());
        table.add_rows(rows);
        trimmed(&table)
    };
    let whole = text(&rows);
    let length = |text: &str| text.chars().count();
    let over = whole.lines().map(length).max().unwrap_or(0).saturating_sub(width());
    if over == 0 {
        return whole;
    }
    let longest = rows.iter().map(|row| length(&row[0])).max().unwrap_or(0);
    let most = longest.saturating_sub(over).max(MIN_NAME);
    rows.iter_mut().for_each(|row| row[0] = cut(&row[0], most));
    text(&rows)
}

/// A name in at most so many characters, its middle left out.
fn cut(name: &str, most: usize) -> String {
    let length = name.chars().count();
    if length <= most {
        return name.into();
    }
    let (head, tail) = ((most - 1) / 2, most / 2);
    name.chars().take(head).chain(['…']).chain(name.chars().skip(length - tail)).collect()
}

/// A table as text, without blanks at the ends of lines.
pub fn trimmed(table: &Table) -> String {
    table.to_string().lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}
