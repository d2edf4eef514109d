//! A tree as text for other programs: Graphviz' DOT and Mermaid.

use std::fmt::Write as _;

use super::label::BoxKind;
use super::tree::{Stack, StackTree, TreeItem};
use crate::graph::op::Category;
use crate::tools::markup;

/// As DOT, with a cluster for each group.
pub fn dot(tree: &StackTree) -> String {
    let mut out = String::new();
    // Writing into a string cannot fail.
    let _ = write_dot(&mut out, tree);
    out
}

fn write_dot(out: &mut String, tree: &StackTree) -> std::fmt::Result {
    writeln!(out, "digraph {} {{", markup::dot(&tree.name))?;
    writeln!(out, "  label={};", markup::dot(&format!("{}: {}", tree.name, tree.cost)))?;
    writeln!(out, "  graph [fontname=\"sans-serif\", style=rounded, color=\"#cbd5e1\"];")?;
    writeln!(
        out,
        "  node [shape=box, style=\"rounded,filled\", fontname=\"sans-serif\", fontsize=11];"
    )?;
    writeln!(out, "  edge [color=\"#64748b\", fontname=\"sans-serif\", fontsize=9];")?;
    tree.items.iter().try_for_each(|item| dot_item(out, tree, item, 1))?;
    for (&(from, to), main) in &tree.edges {
        let stack = &tree.stacks[from];
        let label = if stack.changes {
            format!(" [label={}]", markup::dot(&stack.shape))
        } else {
            String::new()
        };
        writeln!(out, "  n{from} -> n{to}{};", if *main { label } else { String::new() })?;
    }
    writeln!(out, "}}")
}

fn dot_item(out: &mut String, tree: &StackTree, item: &TreeItem, depth: usize) -> std::fmt::Result {
    let indent = "  ".repeat(depth);
    match item {
        TreeItem::Stack(at) => {
            let stack = &tree.stacks[*at];
            let [fill, border, text] = colours(stack);
            let label = markup::dot(&lines(stack).join("\n"));
            writeln!(
                out,
                "{indent}n{at} [label={label}, fillcolor=\"{fill}\", color=\"{border}\", fontcolor=\"{text}\"];"
            )
        }
        TreeItem::Group(group) => {
            writeln!(out, "{indent}subgraph cluster_{}_{depth} {{", group.stacks.start)?;
            writeln!(out, "{indent}  label={};", markup::dot(&group.title))?;
            group.items.iter().try_for_each(|item| dot_item(out, tree, item, depth + 1))?;
            writeln!(out, "{indent}}}")
        }
    }
}

/// As a Mermaid flow chart, with a subgraph for each group.
pub fn mermaid(tree: &StackTree) -> String {
    let mut out = String::new();
    // Writing into a string cannot fail.
    let _ = write_mermaid(&mut out, tree);
    out
}

fn write_mermaid(out: &mut String, tree: &StackTree) -> std::fmt::Result {
    writeln!(out, "---\ntitle: {}\n---", markup::yaml(&format!("{}: {}", tree.name, tree.cost)))?;
    writeln!(out, "flowchart TD")?;
    tree.items.iter().try_for_each(|item| mermaid_item(out, tree, item, 1))?;
    for (&(from, to), main) in &tree.edges {
        let stack = &tree.stacks[from];
        let label = if stack.changes && *main {
            format!("|\"{}\"|", markup::mermaid(&stack.shape))
        } else {
            String::new()
        };
        writeln!(out, "  n{from} -->{label} n{to}")?;
    }
    for (at, stack) in tree.stacks.iter().enumerate() {
        let [fill, border, text] = colours(stack);
        writeln!(out, "  style n{at} fill:{fill},stroke:{border},color:{text}")?;
    }
    Ok(())
}

fn mermaid_item(
    out: &mut String,
    tree: &StackTree,
    item: &TreeItem,
    depth: usize,
) -> std::fmt::Result {
    let indent = "  ".repeat(depth);
    match item {
        TreeItem::Stack(at) => {
            let lines: Vec<String> =
                lines(&tree.stacks[*at]).iter().map(|l| markup::mermaid(l)).collect();
            writeln!(out, "{indent}n{at}[\"{}\"]", lines.join("<br>"))
        }
        TreeItem::Group(group) => {
            writeln!(
                out,
                "{indent}subgraph g{}_{depth} [\"{}\"]",
                group.stacks.start,
                markup::mermaid(&group.title)
            )?;
            group.items.iter().try_for_each(|item| mermaid_item(out, tree, item, depth + 1))?;
            writeln!(out, "{indent}end")
        }
    }
}

fn lines(stack: &Stack) -> Vec<&str> {
    stack
        .caption
        .iter()
        .map(String::as_str)
        .chain(stack.rows.iter().map(|r| r.text.as_str()))
        .collect()
}

/// The colours for the main kind of a stack: that of its first convolution, or else of its first
/// row.
fn colours(stack: &Stack) -> [&'static str; 3] {
    let conv = BoxKind::Op(Category::Conv);
    let kind = stack.rows.iter().map(|r| r.kind).find(|kind| *kind == conv);
    kind.or(stack.rows.first().map(|r| r.kind)).unwrap_or(BoxKind::Op(Category::Io)).colours()
}
