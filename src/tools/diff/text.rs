//! A difference as text with colours.

use super::{Attribute, Change, Diff};

const RED: &str = "\u{1b}[31m";
const GREEN: &str = "\u{1b}[32m";
const YELLOW: &str = "\u{1b}[33m";
const BOLD: &str = "\u{1b}[1m";
const PLAIN: &str = "\u{1b}[0m";

/// Every change, by stage. With the codes of a terminal's colours.
pub fn full(diff: &Diff) -> String {
    let mut text = head(diff);
    for stage in &diff.stages {
        let cost = match (cost_text("params", stage.params), cost_text("MACs", stage.macs)) {
            (None, None) => String::new(),
            (params, macs) => format!("  {}", params.into_iter().chain(macs).collect::<Vec<_>>().join(", ")),
        };
        text += &format!("\n{BOLD}{}{PLAIN}{cost}\n", stage.name);
        for change in &stage.changes {
            let (mark, what) = described(change);
            let path = match change {
                Change::Added { path, .. }
                | Change::Removed { path, .. }
                | Change::Changed { path, .. }
                | Change::Rewired { path, .. } => path,
            };
            text += &line(mark, &format!("{path}: {what}"));
        }
    }
    text + &tail(diff)
}

/// Like changes on one line, with the stages that have them. With the codes of a terminal's colours.
pub fn summary(diff: &Diff) -> String {
    let mut groups: Vec<((char, String), Vec<(&str, usize)>)> = Vec::new();
    for stage in &diff.stages {
        for change in &stage.changes {
            let key = described(change);
            let stages = match groups.iter_mut().find(|(k, _)| *k == key) {
                Some((_, stages)) => stages,
                None => {
                    groups.push((key, Vec::new()));
                    continue_with(&mut groups)
                }
            };
            match stages.last_mut().filter(|(name, _)| *name == stage.name) {
                Some((_, count)) => *count += 1,
                None => stages.push((&stage.name, 1)),
            }
        }
    }
    let width = groups.iter().map(|((_, what), _)| what.chars().count()).max().unwrap_or(0);
    let mut text = head(diff) + if groups.is_empty() { "" } else { "\n" };
    for ((mark, what), stages) in groups {
        let stages: Vec<String> = stages
            .into_iter()
            .map(|(name, count)| if count == 1 { name.into() } else { format!("{name} ({count})") })
            .collect();
        text += &line(mark, &format!("{what:width$}  {}", stages.join(", ")));
    }
    text + &tail(diff)
}

fn continue_with<'g, 's, K>(groups: &'g mut [(K, Vec<(&'s str, usize)>)]) -> &'g mut Vec<(&'s str, usize)> {
    let last = groups.len() - 1;
    &mut groups[last].1
}

fn head(diff: &Diff) -> String {
    let [a, b] = &diff.nets;
    match (diff.equal, diff.renamed) {
        (true, 0) => format!("{a} and {b} are the same graph\n"),
        (true, n) => format!("{a} and {b} are the same graph; {n} paths differ\n"),
        (false, _) => format!("{a} -> {b}\n"),
    }
}

fn tail(diff: &Diff) -> String {
    if diff.equal {
        return String::new();
    }
    let mut text = String::from("\n");
    if let Some(change) = &diff.first_shape {
        text += &format!("first other shape: {}: {} -> {}\n", change.path, change.from, change.to);
    }
    let total = |what: &str, [from, to]: [u64; 2]| match cost_text(what, [from, to]) {
        Some(change) => format!("{} -> {} ({change})\n", count(what, from), count(what, to)),
        None => format!("{} as before\n", count(what, to)),
    };
    text + &total("params", diff.params) + &total("MACs", diff.macs)
}

fn line(mark: char, text: &str) -> String {
    let colour = match mark {
        '+' => GREEN,
        '-' => RED,
        _ => YELLOW,
    };
    format!("  {colour}{mark} {text}{PLAIN}\n")
}

/// The mark of a change, and what it is without its place.
fn described(change: &Change) -> (char, String) {
    match change {
        Change::Added { op, .. } => ('+', op.clone()),
        Change::Removed { op, .. } => ('-', op.clone()),
        Change::Changed { op, attributes, .. } => {
            let one = |a: &Attribute| format!("{} {} -> {}", a.name, a.from, a.to);
            ('~', format!("{op}: {}", attributes.iter().map(one).collect::<Vec<_>>().join(", ")))
        }
        Change::Rewired { op, from, to, .. } => {
            ('~', format!("{op}: reads {} instead of {}", to.join(", "), from.join(", ")))
        }
    }
}

/// `+1,024 params`; `None` for no change.
fn cost_text(what: &str, [from, to]: [u64; 2]) -> Option<String> {
    let sign = if to > from { '+' } else { '-' };
    (from != to).then(|| format!("{sign}{} {what}", number(what, to.abs_diff(from))))
}

fn count(what: &str, n: u64) -> String {
    format!("{} {what}", number(what, n))
}

/// MACs in millions, anything else in full.
fn number(what: &str, n: u64) -> String {
    if what == "MACs" && n >= 50_000 {
        return format!("{:.1} M", n as f64 / 1e6);
    }
    let digits = n.to_string();
    let groups: Vec<&[u8]> = digits.as_bytes().rchunks(3).rev().collect();
    groups.iter().map(|g| String::from_utf8_lossy(g).into_owned()).collect::<Vec<_>>().join(",")
}
