use std::collections::{BTreeMap, BTreeSet};
use std::io::Result as IoResult;
use std::path::{Component, Path, PathBuf};

use crate::disk;
use crate::limits::MAX_FILE_BYTES;

/// How many `.net` files of a folder are looked at, and how many folders.
const MAX_LISTED: usize = 1000;

/// Texts that stand in for files, by path: what an editor has open and not yet saved.
pub type Overlay = BTreeMap<String, String>;

/// The paths of the `.net` files in the folder of `path`, sorted.
pub fn nets_beside(path: &str) -> Vec<String> {
    let overlay = Overlay::new();
    let names = Disk::new(Path::new(path), &overlay).neighbours(path).into_iter();
    names.filter(|name| name.ends_with(".net")).map(|name| beside(path, &name)).collect()
}

/// The `.net` files in a folder and in those below it.
#[derive(Debug, Default)]
pub struct NetsBelow {
    /// Their paths.
    pub paths: Vec<String>,
    /// Why these are not all, if they are not.
    pub incomplete: Option<String>,
}

/// The `.net` files in a folder and in those below it, except for hidden folders and those of build
/// tools: those in the first thousand folders, and at most as many.
pub fn nets_below(folder: &str) -> NetsBelow {
    let (mut found, mut folders) = (NetsBelow::default(), vec![folder.to_owned()]);
    let mut next = 0;
    while let Some(folder) = folders.get(next).cloned() {
        if next >= MAX_LISTED || found.paths.len() > MAX_LISTED {
            let why = format!("it holds more than {MAX_LISTED} folders or `.net` files");
            found.incomplete.get_or_insert(why);
            break;
        }
        next += 1;
        let inside = listed(&folder).unwrap_or_else(|why| {
            found.incomplete.get_or_insert(why);
            Vec::new()
        });
        for (name, is_folder) in inside {
            let path = format!("{folder}/{name}");
            if is_folder
                && !name.starts_with('.')
                && !["target", "node_modules"].contains(&name.as_str())
            {
                folders.push(path);
            } else if !is_folder && name.ends_with(".net") {
                found.paths.push(path);
            }
        }
    }
    if found.paths.len() > MAX_LISTED {
        found.paths.truncate(MAX_LISTED);
        let why = format!("it holds more than {MAX_LISTED} `.net` files");
        found.incomplete.get_or_insert(why);
    }
    found
}

/// The names in a folder in order, and which are folders.
fn listed(folder: &str) -> Result<Vec<(String, bool)>, String> {
    let why = |error: std::io::Error| format!("cannot read the folder {folder}: {error}");
    let mut inside = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(why)? {
        let entry = entry.map_err(why)?;
        let is_folder = entry.file_type().map_err(why)?.is_dir();
        match entry.file_name().into_string() {
            Ok(name) => inside.push((name, is_folder)),
            Err(name) if is_folder || name.as_encoded_bytes().ends_with(b".net") => {
                let shown = name.display();
                return Err(format!("in {folder}: {shown} is a name that is not UTF-8"));
            }
            Err(_) => {}
        }
    }
    inside.sort();
    Ok(inside)
}

/// The folder of the project that a file belongs to, as the file's path names it.
pub fn project_folder(path: &str) -> Option<String> {
    let project = project(Path::new(path))?;
    let above = std::iter::successors(Some(path), |at| Some(at.rsplit_once('/')?.0)).skip(1);
    let named = |at: &&str| Path::new(at).canonicalize().is_ok_and(|real| real == project);
    above.filter(|at| !at.is_empty()).find(named).map(str::to_owned)
}

/// Where texts come from.
pub(super) trait Files {
    fn read(&mut self, path: &str) -> IoResult<String>;
    /// The names of the files in the folder of `path`.
    fn neighbours(&self, path: &str) -> Vec<String>;
    /// The project's folder, if `path` leads out of it.
    fn outside(&self, path: &str) -> Option<&Path>;
}

pub(super) struct Disk<'o> {
    overlay: &'o Overlay,
    root: &'o Path,
    /// The folder that imports may not leave; `None` if the file's own is not there.
    project: Option<PathBuf>,
}

/// Names the folder that imports may not leave, where it is not to be the repository.
const ROOT: &str = "NETC_ROOT";

impl<'o> Disk<'o> {
    /// For the project of a file.
    pub fn new(file: &'o Path, overlay: &'o Overlay) -> Disk<'o> {
        Disk { overlay, root: file, project: project(file) }
    }
}

/// The file that a name stands for among the files of a net, whose own file is `root`. Names are
/// text; where a part of the path is not, its name has U+FFFD for what is no UTF-8.
pub fn on_disk(root: &Path, name: &str) -> PathBuf {
    if root.to_str().is_some() {
        return name.into();
    }
    if root.to_string_lossy() == name {
        return root.into();
    }
    let mut named: Vec<Component> = Vec::new();
    for part in root.components() {
        match (part, named.last()) {
            (Component::CurDir, _) => {}
            (Component::ParentDir, Some(Component::Normal(_))) => {
                named.pop();
            }
            _ => named.push(part),
        }
    }
    let (mut path, mut named) = (PathBuf::new(), named.into_iter().peekable());
    for part in Path::new(name).components() {
        let same = named.next_if(|real| {
            real.as_os_str().to_string_lossy() == part.as_os_str().to_string_lossy()
        });
        if same.is_none() {
            named = Vec::new().into_iter().peekable();
        }
        path.push(same.unwrap_or(part));
    }
    path
}

/// The project of a file: the folder that `NETC_ROOT` names, if it holds the file; else the
/// repository around it; else the file's own folder.
fn project(file: &Path) -> Option<PathBuf> {
    let folder = file.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = folder.canonicalize().ok()?;
    let named = std::env::var_os(ROOT).and_then(|root| Path::new(&root).canonicalize().ok());
    let repository = || folder.ancestors().find(|at| at.join(".git").exists()).map(Path::to_owned);
    named.filter(|root| folder.starts_with(root)).or_else(repository).or(Some(folder.clone()))
}

impl Files for Disk<'_> {
    fn read(&mut self, path: &str) -> IoResult<String> {
        if let Some(text) = self.overlay.get(path) {
            return Ok(text.clone());
        }
        disk::read_text(&on_disk(self.root, path), MAX_FILE_BYTES)
    }

    fn neighbours(&self, path: &str) -> Vec<String> {
        let path_on_disk = on_disk(self.root, path);
        let folder =
            path_on_disk.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().take(MAX_LISTED);
        let there = entries.filter_map(|e| e.file_name().into_string().ok());
        let folder_of = |path: &str| path.rsplit_once('/').map(|(folder, _)| folder.to_owned());
        let beside = self.overlay.keys().filter(|other| folder_of(other) == folder_of(path));
        let open = beside.filter_map(|other| other.rsplit('/').next().map(str::to_owned));
        let names: BTreeSet<String> = there.chain(open).collect();
        names.into_iter().collect()
    }

    fn outside(&self, path: &str) -> Option<&Path> {
        let project = self.project.as_deref()?;
        // Of what is not there, the folder that is.
        let real = on_disk(self.root, path).ancestors().find_map(|at| {
            let at = if at.as_os_str().is_empty() { Path::new(".") } else { at };
            at.canonicalize().ok()
        });
        (!real?.starts_with(project)).then_some(project)
    }
}

pub(super) struct Given<'r> {
    pub read: &'r mut dyn FnMut(&str) -> IoResult<String>,
}

impl Files for Given<'_> {
    fn read(&mut self, path: &str) -> IoResult<String> {
        (self.read)(path)
    }

    fn neighbours(&self, _path: &str) -> Vec<String> {
        Vec::new()
    }

    fn outside(&self, _path: &str) -> Option<&Path> {
        None
    }
}

/// `path` as seen from the folder of `from`.
pub(super) fn beside(from: &str, path: &str) -> String {
    match from.rsplit_once('/') {
        Some((folder, _)) if !path.starts_with('/') => normal(&format!("{folder}/{path}")),
        _ => normal(path),
    }
}

/// Without `.`, and without `..` where a folder precedes it.
pub(super) fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "." => {}
            "" if !parts.is_empty() => {}
            ".." if parts.last().is_some_and(|p| !matches!(*p, "" | "..")) => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    parts.join("/")
}
