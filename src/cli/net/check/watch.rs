//! `netc check --watch`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use super::args::CheckArgs;
use super::targets::Targets;
use super::{Checkup, once};
use crate::cli::out::{clear_screen, error, tell};
use crate::diag::Code;
use crate::syntax::on_disk;

/// The time between two looks at the files.
const EVERY: Duration = Duration::from_millis(200);

/// When a file was last changed, and its size; `None` if it is not there.
type Stamp = Option<(Option<SystemTime>, u64)>;

/// Checks again and again, until it is interrupted.
pub(super) fn run(args: &CheckArgs) -> ExitCode {
    let files = Targets::of(&args.files).map_or_else(|_| args.files.clone(), |t| t.files);
    let mut known: BTreeMap<PathBuf, Stamp> =
        files.into_iter().map(|path| (path.clone(), stamp(&path))).collect();
    loop {
        // What changes during the check is seen as changed after it.
        let before = known.into_keys().map(|path| (stamp(&path), path));
        let before: BTreeMap<PathBuf, Stamp> = before.map(|(stamp, path)| (path, stamp)).collect();
        clear_screen();
        let paths = match once(args) {
            Ok(checkups) => checkups.iter().flat_map(read_by).collect(),
            Err(message) => {
                error(&message);
                args.files.clone()
            }
        };
        let earlier = |path: &PathBuf| before.get(path).copied();
        known = paths
            .into_iter()
            .map(|path| {
                let stamp = earlier(&path).unwrap_or_else(|| stamp(&path));
                (path, stamp)
            })
            .collect();
        let targets = || Targets::of(&args.files).map(|targets| targets.files);
        let files = targets();
        tell("\nwatching for changes; Ctrl-C ends\n");
        while known.iter().all(|(path, was)| stamp(path) == *was) && targets() == files {
            std::thread::sleep(EVERY);
        }
    }
}

/// The files that a check has read, and those that it has looked for.
fn read_by(checkup: &Checkup) -> Vec<PathBuf> {
    let sources = &checkup.compilation.sources;
    let root = Path::new(&checkup.name);
    let own = sources.ids().map(|id| sources.get(id)).filter(|source| !source.own);
    let read = own.map(|source| on_disk(root, &source.name));
    let problems = checkup.compilation.problems.sorted();
    let missing = problems.iter().filter(|p| p.code == Code::Unreadable).filter_map(|p| p.span);
    let missing = missing.map(|span| {
        let folder = Path::new(&sources.get(span.file).name).parent().unwrap_or(Path::new(""));
        folder.join(sources.text(span).trim_matches('"'))
    });
    read.chain(missing).chain([root.to_owned()]).collect()
}

fn stamp(path: &Path) -> Stamp {
    let meta = std::fs::metadata(path).ok()?;
    Some((meta.modified().ok(), meta.len()))
}
