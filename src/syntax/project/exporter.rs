//! Blocks that a file could import, and the import itself.

use std::path::Path;
use std::sync::LazyLock;

use super::files::{Disk, Files, Overlay, beside, normal};
use super::{STD, STD_TEXT, references};
use crate::diag::{FileId, Sources, Span};
use crate::limits::{MAX_NEIGHBOUR_BYTES, MAX_NEIGHBOURS};
use crate::syntax::ast;
use crate::syntax::parser::recover;

/// A file that another could import blocks from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exporter {
    /// As an import of the other file names it; [`STD`] for the library in netc.
    pub path: String,
    /// The blocks that it defines.
    pub blocks: Vec<String>,
    /// Whether it holds nothing but blocks.
    pub is_library: bool,
}

/// The files that a file could import blocks from: libraries beside it, nets beside it, and last
/// `std`. Those that use the file themselves are left out.
pub fn exporters(file: &str, overlay: &Overlay) -> Vec<Exporter> {
    let mut disk = Disk::new(Path::new(file), overlay);
    let names = disk.neighbours(file).into_iter().filter(|name| name.ends_with(".net"));
    let names: Vec<String> = names.take(MAX_NEIGHBOURS).collect();
    let (mut found, mut bytes, own) = (Vec::new(), 0, normal(file));
    for name in names {
        let path = beside(file, &name);
        let Some(Ok(text)) = disk.outside(&path).is_none().then(|| disk.read(&path)) else {
            continue;
        };
        bytes += text.len();
        if path != own && bytes <= MAX_NEIGHBOUR_BYTES {
            found.extend(exporter(name, &text, |used| beside(&path, used) == own));
        }
    }
    found.sort_by_key(|exporter: &Exporter| !exporter.is_library);
    found.extend(exporter(STD.to_owned(), STD_TEXT, |_| false));
    found
}

/// The blocks of the library in netc.
pub fn std_names() -> &'static [String] {
    static NAMES: LazyLock<Vec<String>> = LazyLock::new(|| {
        let std = exporter(STD.to_owned(), STD_TEXT, |_| false);
        std.unwrap_or_else(|| unreachable!("std.net has blocks")).blocks
    });
    &NAMES
}

fn exporter(path: String, text: &str, is_user: impl Fn(&str) -> bool) -> Option<Exporter> {
    let mut sources = Sources::default();
    let id = sources.add(path.as_str(), text);
    let tree = recover(&sources, id).0?;
    if references(&tree).any(|used| is_user(&used.node)) {
        return None;
    }
    let blocks: Vec<String> = tree.blocks().map(|block| block.name.node.clone()).collect();
    let is_library = tree.nets().next().is_none();
    (!blocks.is_empty()).then_some(Exporter { path, blocks, is_library })
}

/// The edit of a file's text that imports some blocks: more names in an import that is there, or an
/// import of its own. `path` is that of an [`Exporter`].
pub fn import_edit(
    sources: &Sources,
    file: FileId,
    tree: &ast::File,
    path: &str,
    names: &[&str],
) -> (Span, String) {
    let at = |at: usize| Span { file, start: at, end: at };
    let names = names.join(", ");
    let same = tree.imports().find(|import| import.path.node == path);
    if let Some(last) = same.and_then(|import| import.names.last()) {
        return (at(last.span.end), format!(", {names}"));
    }
    let line = format!("import {}: {names}\n", written(path));
    let text = &sources.get(file).text;
    match tree.imports().last().and_then(|import| import.names.last()) {
        Some(last) => match text[last.span.end..].find('\n') {
            Some(end) => (at(last.span.end + end + 1), line),
            None => (at(text.len()), format!("\n{line}")),
        },
        None => (at(above_the_first_item(text)), format!("{line}\n")),
    }
}

/// An exporter as an import names it: `"lib.net"`, or `std`.
pub fn written(path: &str) -> String {
    match path {
        STD => "std".to_owned(),
        path => format!("\"{path}\""),
    }
}

/// Where the first item starts, or the comments right above it.
fn above_the_first_item(text: &str) -> usize {
    let mut start = text.len() - text.trim_start_matches('\u{feff}').len();
    let mut at = start;
    for line in text[at..].split_inclusive('\n') {
        at += line.len();
        match line.trim() {
            "" => start = at,
            line if line.starts_with('#') => {}
            _ => break,
        }
    }
    start
}
