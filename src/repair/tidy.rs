//! Repairs as the formatter would write them.

use std::collections::BTreeMap;

use crate::diag::{FileId, Fix, Problems, Sources, Span, edited};
use crate::syntax::{parse, print};

/// At most so many repairs are formatted: each takes reading the file again.
const MAX_FORMATTED: usize = 40;

/// Formats what repairs change, in files that are formatted.
pub(super) fn tidy(problems: &mut Problems, sources: &Sources) {
    let mut canonical: BTreeMap<FileId, bool> = BTreeMap::new();
    let fixes = problems.iter_mut().flat_map(|problem| &mut problem.fixes);
    for fix in fixes.take(MAX_FORMATTED) {
        let Some(&(Span { file, .. }, _)) = fix.edits.first() else { continue };
        let text = &sources.get(file).text;
        let known = || formatted(text).as_ref() == Some(text);
        let alone = fix.edits.iter().all(|(span, _)| span.file == file);
        if alone && *canonical.entry(file).or_insert_with(known) {
            format(fix, file, sources);
        }
    }
}

fn format(fix: &mut Fix, file: FileId, sources: &Sources) {
    let before = &sources.get(file).text;
    let texts = edited(sources, fix.edits.iter().cloned());
    let Some(after) = texts.and_then(|mut texts| texts.remove(&sources.get(file).name)) else {
        return;
    };
    if let Some(text) = formatted(&after).filter(|text| *text != after) {
        fix.edits = vec![difference(file, before, &text)];
    }
}

fn formatted(text: &str) -> Option<String> {
    let mut sources = Sources::default();
    let file = sources.add("", text);
    parse(&sources, file).ok().map(|tree| print(&tree))
}

/// The one edit that makes one text another: of the lines between those that stay.
fn difference(file: FileId, before: &str, after: &str) -> (Span, String) {
    let lines = |text| str::split_inclusive(text, '\n');
    let start = same(lines(before), lines(after));
    let tail = same(lines(&before[start..]).rev(), lines(&after[start..]).rev());
    let span = Span { file, start, end: before.len() - tail };
    (span, after[start..after.len() - tail].to_owned())
}

/// The bytes of the lines at the start of two texts that are the same.
fn same<'t>(before: impl Iterator<Item = &'t str>, after: impl Iterator<Item = &'t str>) -> usize {
    let same = before.zip(after).take_while(|(old, new)| old == new);
    same.map(|(line, _)| line.len()).sum()
}
