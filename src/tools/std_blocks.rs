//! The blocks of the library that comes with netc, as pages in Markdown.

use std::sync::LazyLock;

use super::reference::BlockText;
use crate::diag::Sources;
use crate::syntax::{STD, STD_TEXT, parse};

/// A block that `import std` gives.
#[derive(Debug)]
pub struct StdBlock {
    /// Its name.
    pub name: String,
    text: BlockText,
}

/// All of them, in the order of the library.
pub fn std_blocks() -> &'static [StdBlock] {
    static BLOCKS: LazyLock<Vec<StdBlock>> = LazyLock::new(|| {
        let mut sources = Sources::default();
        let file = sources.add_own(STD, STD_TEXT);
        let tree = parse(&sources, file).unwrap_or_else(|_| unreachable!("std.net parses"));
        let block = |block| BlockText::of(block, &sources);
        tree.blocks().map(|b| StdBlock { name: b.name.node.clone(), text: block(b) }).collect()
    });
    &BLOCKS
}

impl StdBlock {
    /// What it is: its comment in the library.
    pub fn doc(&self) -> &str {
        &self.text.doc
    }

    /// The page of the block: what it is, its text, and how to import it.
    pub fn page(&self) -> String {
        let BlockText { doc, text, .. } = &self.text;
        let import = format!("import std: {}", self.name);
        format!("{doc}\n\n```net\n{text}\n```\n\nIn a file:\n\n```net\n{import}\n```\n")
    }
}
