//! `netc explain FILE [PATH]`: a net's paths, and where the values of a node come from.

use std::path::Path;
use std::process::ExitCode;

use crate::cli::args::Format;
use crate::cli::net::args::ExplainArgs;
use crate::cli::net::compiled;
use crate::cli::out::{PROBLEMS, misused, print, print_json};
use crate::cli::table::{echo_overrides, millions, thousands};
use crate::diag::colour::{BOLD, DIM, PLAIN};
use crate::tools::provenance::{
    Answer, Explained, ExplainedStep, FilePosition, Layer, NodeListing, NodeRow, RecipeKey, explain,
};

pub(in crate::cli) fn run(args: &ExplainArgs, file: &Path) -> ExitCode {
    let set = &args.set.set;
    let Some((net, sources)) = compiled(file, set, "explain") else {
        return ExitCode::from(PROBLEMS);
    };
    let answer = match explain(file, set, &net, &sources, args.path.as_deref()) {
        Ok(answer) => answer,
        Err(near) => {
            let lists = || format!("`netc explain {}` lists every path", file.display());
            let help = near.question().unwrap_or_else(lists);
            let path = args.path.as_deref().unwrap_or_default();
            return misused(&format!(
                "there is no `{path}` in the net `{}`; {help}",
                net.graph().name
            ));
        }
    };
    match args.format {
        Format::Json => print_json(&answer),
        Format::Text => print(&(echo_overrides(&net, set) + &text(&answer))),
    }
    ExitCode::SUCCESS
}

fn text(answer: &Answer) -> String {
    match answer {
        Answer::Node(node) => explained(node),
        Answer::Nodes(listing) => listed(listing),
        Answer::Recipe { recipe } => recipe_text(recipe),
    }
}

/// Lines, with the place of each in its own column.
#[derive(Default)]
struct PlacedLines(Vec<(String, String)>);

impl PlacedLines {
    fn line(&mut self, text: String, place: Option<&FilePosition>) {
        self.0.push((text, place.map(FilePosition::to_string).unwrap_or_default()));
    }

    fn text(&self) -> String {
        let width = self.0.iter().map(|(text, _)| text.chars().count()).max().unwrap_or(0);
        let line = |(text, place): &(String, String)| match place.is_empty() {
            true => format!("{text}\n"),
            false => format!("{text:width$}  {DIM}{place}{PLAIN}\n"),
        };
        self.0.iter().map(line).collect()
    }
}

fn explained(node: &Explained) -> String {
    let operands: Vec<String> =
        node.operands.iter().map(|o| format!("{} {}", o.path, shape(&o.shape))).collect();
    let arrow = if operands.is_empty() { "" } else { " -> " };
    let flow = format!("{}{arrow}{}", operands.join(", "), shape(&node.shape));
    let cost = match node.params + node.macs {
        0 => String::new(),
        _ => format!("  {}\n", cost(node.params, node.macs)),
    };
    let mut lines = PlacedLines::default();
    lines.line(format!("  written `{}`", node.written), node.place.as_ref());
    for call in &node.calls {
        lines.line(format!("  in {}", call.block), Some(&call.place));
    }
    for edit in &node.edits {
        lines.line(format!("  put there by `{} {}`", edit.verb, edit.target), Some(&edit.place));
    }
    for guard in &node.guards {
        chain(&mut lines, "  ", guard);
    }
    if !node.arguments.is_empty() {
        lines.line(String::new(), None);
    }
    let name_width = node.arguments.iter().map(|a| a.name.len()).max().unwrap_or(0);
    let values: Vec<String> = node.arguments.iter().map(|a| a.value.to_string()).collect();
    let value_width = values.iter().map(String::len).max().unwrap_or(0);
    for (argument, value) in node.arguments.iter().zip(&values) {
        let head = format!("  {:name_width$} = {value:value_width$}  ", argument.name);
        chain(&mut lines, &head, &argument.from);
    }
    let (path, call) = (&node.path, &node.call);
    format!("{BOLD}{path}{PLAIN} = {call}\n  {flow}\n{cost}\n{}", lines.text())
}

/// A step, with those that it depends on below it.
fn chain(lines: &mut PlacedLines, head: &str, step: &ExplainedStep) {
    lines.line(format!("{head}{}", step.says), step.place.as_ref());
    let indent = head.chars().count();
    for from in &step.from {
        chain(lines, &format!("{:indent$}<- ", ""), from);
    }
}

fn listed(listing: &NodeListing) -> String {
    let widest = |column: fn(&NodeRow) -> String| {
        listing.nodes.iter().map(|row| column(row).chars().count()).max().unwrap_or(0)
    };
    let (path, call) = (widest(|row| row.path.clone()), widest(|row| row.call.clone()));
    let sizes = widest(|row| shape(&row.shape));
    let stage = |row: &NodeRow| row.path.split('.').next().map(String::from);
    let mut out = String::new();
    let mut last = None;
    for row in &listing.nodes {
        if last.is_some() && last != stage(row) {
            out.push('\n');
        }
        last = stage(row);
        let params = if row.params > 0 {
            format!("  {} params", thousands(row.params))
        } else {
            String::new()
        };
        let line =
            format!("{:path$}  {:call$}  {:sizes$}{params}", row.path, row.call, shape(&row.shape));
        out += line.trim_end();
        out.push('\n');
    }
    out
}

fn recipe_text(recipe: &[RecipeKey]) -> String {
    let value = |key: &RecipeKey| {
        if key.value.is_null() { "not set".to_string() } else { key.value.to_string() }
    };
    let keys = recipe.iter().map(|key| key.key.len()).max().unwrap_or(0);
    let values = recipe.iter().map(|key| value(key).chars().count()).max().unwrap_or(0);
    let mut lines = PlacedLines::default();
    for key in recipe {
        let head = format!("{:keys$} = {:values$}", key.key, value(key));
        let indent = head.chars().count();
        if key.said.is_empty() {
            lines.line(head.trim_end().into(), None);
        }
        for (i, said) in key.said.iter().enumerate() {
            let who = match said.layer {
                Layer::Default => "the default",
                Layer::Parent => "a parent",
                Layer::Net => "the net",
            };
            let same = said.value == key.value
                || said.value.as_f64().zip(key.value.as_f64()).is_some_and(|(a, b)| a == b);
            let line = match i {
                0 if same => format!("{head}  {who}"),
                0 => format!("{head}  {who}: {}, stretched with `epochs`", said.value),
                _ => format!("{:indent$}  over {who}: {}", "", said.value),
            };
            lines.line(line, said.place.as_ref());
        }
    }
    lines.text()
}

fn cost(params: u64, macs: u64) -> String {
    let params = format!("{} params", thousands(params));
    match macs {
        0 => params,
        1..50_000 => format!("{params}, {} MACs", thousands(macs)),
        _ => format!("{params}, {} MACs", millions(macs)),
    }
}

/// `[N, 64, 32, 32]`
fn shape(sizes: &[u64]) -> String {
    let sizes: String = sizes.iter().map(|size| format!(", {size}")).collect();
    format!("[N{sizes}]")
}
