//! A difference as text with colours.

use super::{Attribute, Change, Diff};
use crate::diag::colour::{BOLD, GREEN, PLAIN, RED, YELLOW};

/// Every change, by stage. With [colours](crate::diag::colour).
pub fn full(diff: &Diff) -> String {
    let mut text = head(diff);
    for stage in &diff.stages {
        let cost = match (cost_text("params", stage.params), cost_text("MACs", stage.macs)) {
            (None, None) => String::new(),
            (params, macs) => {
                format!("  {}", params.into_iter().chain(macs).collect::<Vec<_>>().join(", "))
            }
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
            let joins = match change {
                Change::Added { joins, .. } | Change::Removed { joins, .. }
                    if !joins.is_empty() =>
                {
                    format!("({})", joins.join(", "))
                }
                _ => String::new(),
            };
            text += &line(mark, &format!("{path}: {what}{joins}"));
        }
    }
    text + &tail(diff)
}

/// Similar changes on one line, with the stages that have them. With
/// [colours](crate::diag::colour).
pub fn summary(diff: &Diff) -> String {
    let mut groups: Vec<ChangeGroup<'_>> = Vec::new();
    for stage in &diff.stages {
        for change in &stage.changes {
            let (mark, what) = described(change);
            let stages = group(&mut groups, mark, what);
            match stages.last_mut().filter(|(name, _)| *name == stage.name) {
                Some((_, count)) => *count += 1,
                None => stages.push((&stage.name, 1)),
            }
        }
    }
    // Changes that occur together, such as those of `conv -> bn -> relu`, are merged.
    groups.dedup_by(|next, before| {
        let together = next.mark == before.mark && next.mark != '~' && next.stages == before.stages;
        if together {
            before.what += &format!(", {}", next.what);
        }
        together
    });
    let width = groups.iter().map(|g| g.what.chars().count()).max().unwrap_or(0);
    let mut text = head(diff) + if groups.is_empty() { "" } else { "\n" };
    for ChangeGroup { mark, what, stages } in groups {
        let stages: Vec<String> = stages
            .into_iter()
            .map(|(name, count)| if count == 1 { name.into() } else { format!("{name} ({count})") })
            .collect();
        text += &line(mark, &format!("{what:width$}  {}", stages.join(", ")));
    }
    text + &tail(diff)
}

/// Similar changes, and how many each stage has.
struct ChangeGroup<'d> {
    mark: char,
    what: String,
    stages: Vec<(&'d str, usize)>,
}

/// The stages of a group, which is created if it is new.
fn group<'g, 'd>(
    groups: &'g mut Vec<ChangeGroup<'d>>,
    mark: char,
    what: String,
) -> &'g mut Vec<(&'d str, usize)> {
    let at = match groups.iter().position(|g| g.mark == mark && g.what == what) {
        Some(at) => at,
        None => {
            groups.push(ChangeGroup { mark, what, stages: Vec::new() });
            groups.len() - 1
        }
    };
    &mut groups[at].stages
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
        text += &format!(
            "first shape that differs: {}: {} -> {}\n",
            change.path, change.from, change.to
        );
    }
    text + &total("params", diff.params) + &total("MACs", diff.macs)
}

fn total(what: &str, [from, to]: [u64; 2]) -> String {
    if from == to {
        return format!("{what} {} as before\n", number(what, to));
    }
    let sign = if to > from { '+' } else { '-' };
    let by = number(what, to.abs_diff(from));
    format!("{what} {} -> {} ({sign}{by})\n", number(what, from), number(what, to))
}

fn line(mark: char, text: &str) -> String {
    let colour = match mark {
        '+' => GREEN,
        '-' => RED,
        _ => YELLOW,
    };
    format!("  {colour}{mark} {text}{PLAIN}\n")
}

/// The mark of a change, and its description without a path.
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

/// MACs in millions, anything else in full.
fn number(what: &str, n: u64) -> String {
    if what == "MACs" && n >= 50_000 {
        return format!("{:.1} M", n as f64 / 1e6);
    }
    let digits = n.to_string();
    let groups: Vec<&[u8]> = digits.as_bytes().rchunks(3).rev().collect();
    groups.iter().map(|g| String::from_utf8_lossy(g).into_owned()).collect::<Vec<_>>().join(",")
}
