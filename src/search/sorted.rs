use std::path::{Path, PathBuf};

use super::SearchError;
use crate::compile;
use crate::recipe::Recipe;
use crate::syntax;
use crate::syntax::ast::ItemKind;

/// Files sorted by content: a glob also matches files with only blocks, and nets without claims.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sorted {
    /// Files with a net, and files that cannot be parsed, which are reported when they are used.
    pub nets: Vec<PathBuf>,
    /// Files with only blocks.
    pub blocks: Vec<PathBuf>,
    /// From [`Sorted::claiming`]: files whose nets claim no accuracy.
    pub unclaimed: Vec<PathBuf>,
}

impl Sorted {
    /// A single file is always treated as a net.
    pub fn new(files: &[PathBuf]) -> Sorted {
        let blocks = |file: &&PathBuf| files.len() > 1 && holds_blocks_only(file);
        let (blocks, nets) = files.iter().partition::<Vec<_>, _>(blocks);
        let owned = |files: Vec<&PathBuf>| files.into_iter().cloned().collect();
        Sorted { nets: owned(nets), blocks: owned(blocks), unclaimed: Vec::new() }
    }

    /// The nets whose recipes claim an accuracy.
    ///
    /// # Errors
    /// An invalid net, or no net that claims an accuracy.
    pub fn claiming(files: &[PathBuf]) -> Result<Sorted, SearchError> {
        let mut sorted = Sorted::new(files);
        for file in std::mem::take(&mut sorted.nets) {
            if claims(&file)? { sorted.nets.push(file) } else { sorted.unclaimed.push(file) }
        }
        if sorted.nets.is_empty() {
            return Err(SearchError::new(
                "no net claims an accuracy, so there is nothing to reproduce",
            )
            .help("say what its runs reach: recipe { epochs = 24, accuracy = 94.08 }"));
        }
        Ok(sorted)
    }

    /// The skipped files, as a line of text each.
    pub fn notes(&self) -> Vec<String> {
        let named = |files: &[PathBuf], why: &str| {
            let names: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
            (!names.is_empty()).then(|| format!("left out, {why}: {}", names.join(", ")))
        };
        let notes = [
            named(&self.blocks, "blocks and no net"),
            named(&self.unclaimed, "no accuracy in their recipes"),
        ];
        notes.into_iter().flatten().collect()
    }
}

fn holds_blocks_only(file: &Path) -> bool {
    let net = |kind: &ItemKind| matches!(kind, ItemKind::Net(_));
    syntax::load(file).is_ok_and(|project| {
        let items = &project.file(project.root).items;
        !items.is_empty() && !items.iter().any(|item| net(&item.kind))
    })
}

fn claims(file: &Path) -> Result<bool, SearchError> {
    let compilation = compile(file, &[]);
    let Some(net) = compilation.net else {
        return match compilation.problems.has_errors() {
            true => Err(SearchError::Net(compilation.sources, compilation.problems)),
            false => Err(SearchError::new(format!("{} holds blocks and no net", file.display()))),
        };
    };
    Ok(Recipe::resolve(&net.graph().settings, &[]).0.accuracy.is_some())
}
