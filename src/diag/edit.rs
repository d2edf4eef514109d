use std::collections::BTreeMap;

use super::{FileId, Sources, Span};

/// The new texts of the files that some edits change, by name. `None` if two edits overlap, or one
/// is out of bounds, splits a character, or is in a text that comes with netc. Inserted lines end
/// as those of the file do.
pub fn edited(
    sources: &Sources,
    edits: impl IntoIterator<Item = (Span, String)>,
) -> Option<BTreeMap<String, String>> {
    let mut by_file: BTreeMap<FileId, Vec<(Span, String)>> = BTreeMap::new();
    for (span, text) in edits {
        by_file.entry(span.file).or_default().push((span, text));
    }
    let mut texts = BTreeMap::new();
    for (file, mut edits) in by_file {
        edits.sort_by_key(|(span, _)| *span);
        let source = Some(sources.get(file)).filter(|source| !source.own)?;
        let returns = source.text.contains("\r\n");
        let (mut text, mut at) = (String::new(), 0);
        for (span, new) in edits {
            text += source.text.get(at..span.start)?;
            text += &if returns { new.replace("\r\n", "\n").replace('\n', "\r\n") } else { new };
            at = span.end;
        }
        text += source.text.get(at..)?;
        texts.insert(source.name.clone(), text);
    }
    Some(texts)
}
