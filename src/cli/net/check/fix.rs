use std::path::{Path, PathBuf};

use super::args::{CheckArgs, CheckFormat};
use super::compiled::compiled;
use crate::cli::difference::difference;
use crate::cli::out::{print, tell, warning};
use crate::disk;
use crate::limits::MAX_FILE_BYTES;
use crate::syntax::{Overlay, on_disk};
use crate::tools::fix::{Fixed, fix};

/// Repairs the files as far as possible, shows the changes, and writes them unless this is a dry
/// run. Returns the new texts, for the check that follows. The error names a file that cannot be
/// written.
pub(super) fn repair(args: &CheckArgs, files: &[PathBuf]) -> Result<Overlay, String> {
    let named: Vec<_> = files.iter().filter_map(|file| file.canonicalize().ok()).collect();
    let may_change = |path: &Path| path.canonicalize().is_ok_and(|path| named.contains(&path));
    // Standard output is the report's, if a program reads that.
    let say = if args.format == CheckFormat::Text { print } else { tell };
    let mut texts = Overlay::new();
    for file in files {
        let Fixed { texts: new, applied, refused } =
            fix(file, &|texts| compiled(file, args, texts), &may_change);
        for (path, text) in &new {
            let old = disk::read_text(&on_disk(file, path), MAX_FILE_BYTES)
                .map_err(|e| format!("cannot read {path}: {}", disk::found(&e)))?;
            say(&difference(path, &old, text));
        }
        if !args.dry_run {
            for (path, text) in &new {
                disk::rewrite(&on_disk(file, path), text.as_bytes())
                    .map_err(|e| format!("cannot write {path}: {e}"))?;
            }
        }
        for title in &applied {
            say(&format!("{}: {title}\n", if args.dry_run { "would repair" } else { "repaired" }));
        }
        for (path, title) in &refused {
            warning(&format!("not repaired: {path} is not among the files named; {title}"));
        }
        texts.extend(new);
    }
    Ok(texts)
}
