mod cycles;
mod exporter;
mod files;

use std::collections::BTreeMap;
use std::io::{Error, ErrorKind, Result as IoResult};
use std::path::Path;

use super::ast::{self, ItemKind, Name};
use super::parser::recover;
use super::scan::parts;
use crate::diag::{Code, FileId, Nearest, Problem, Problems, Sources, Span, did_you_mean};
use crate::disk;
use crate::limits::{MAX_FILE_BYTES, MAX_FILES, MAX_PARTS, MAX_PROJECT_BYTES};

pub use exporter::{Exporter, exporters, import_edit, std_names, written};
use files::{Disk, Files, Given, beside, normal};
pub use files::{NetsBelow, Overlay, nets_below, nets_beside, on_disk, project_folder};

/// The name of the library that comes with netc, as a file of a project.
pub const STD: &str = "<std>";
/// Its text.
pub(crate) const STD_TEXT: &str = include_str!("std.net");

/// A file and everything that it imports or extends.
#[derive(Debug, Clone)]
pub struct Project {
    /// The texts.
    pub sources: Sources,
    /// The trees; one for each of the texts.
    pub files: BTreeMap<FileId, ast::File>,
    /// The file that was asked for.
    pub root: FileId,
    links: BTreeMap<(FileId, String), FileId>,
}

impl Project {
    /// The file that `path` means in an import or `extends` of `from`.
    pub fn linked(&self, from: FileId, path: &str) -> Option<FileId> {
        self.links.get(&(from, path.to_owned())).copied()
    }

    /// Whether a name that nothing defines may come from an import that could not be read: it is
    /// imported from there, or is a path that may lead into such a block.
    pub fn may_be_unread(&self, name: Span) -> bool {
        let text = self.sources.text(name);
        let unread = |id: FileId| {
            let imports = self.files.get(&id).into_iter().flat_map(|file| file.imports());
            imports.filter(move |import| self.linked(id, &import.path.node).is_none())
        };
        match text.contains('.') {
            true => self.files.keys().any(|id| unread(*id).next().is_some()),
            false => unread(name.file).any(|import| import.names.iter().any(|n| n.node == text)),
        }
    }

    /// The same project with other items in the file that was asked for.
    pub fn with_items(&self, items: Vec<ast::Item>) -> Project {
        let mut files = self.files.clone();
        files.insert(self.root, ast::File { items, tail: Vec::new() });
        Project { sources: self.sources.clone(), files, root: self.root, links: self.links.clone() }
    }

    /// The tree of a file of this project.
    pub fn file(&self, id: FileId) -> &ast::File {
        &self.files[&id]
    }
}

/// Reads a file and everything that it imports or extends. The error holds every problem of all of
/// them, and the texts to show them with.
///
/// No import leads out of the project: the repository that holds the file, else the file's folder,
/// or the folder around it that `NETC_ROOT` names. Links are followed before that is decided.
pub fn load(root: &Path) -> Result<Project, (Sources, Problems)> {
    load_over(root, &Overlay::new())
}

/// Like [`load`]; a text of `overlay` stands in for the file of its path.
pub fn load_over(root: &Path, overlay: &Overlay) -> Result<Project, (Sources, Problems)> {
    match load_readable(root, overlay) {
        Ok((project, unread)) if unread.is_empty() => Ok(project),
        Ok((project, unread)) => Err((project.sources, unread)),
        Err(failed) => Err(failed),
    }
}

/// Like [`load_over`], but goes on without the imports that cannot be read, if nothing else is
/// wrong. They come with the project.
pub fn load_readable(
    root: &Path,
    overlay: &Overlay,
) -> Result<(Project, Problems), (Sources, Problems)> {
    let name = root.to_string_lossy();
    let mut disk = Disk::new(root, overlay);
    let loader = Loader::new(&mut disk);
    match loader.files.read(&name) {
        Ok(text) => loader.run(&name, &text),
        Err(failure) => {
            let problem = loader.unreadable(None, &name, &name, &failure);
            Err((Sources::default(), problem.into()))
        }
    }
}

/// Like [`load_over`], but with what could be read in spite of all problems.
pub fn load_partial(root: &str, overlay: &Overlay) -> IoResult<Project> {
    let mut disk = Disk::new(Path::new(root), overlay);
    let text = disk.read(root)?;
    let mut loader = Loader::new(&mut disk);
    let root = loader.read_all(root, &text);
    Ok(loader.into_project(root))
}

/// Like [`load`], for a text that need not be a file. `read` returns the text of a file that it
/// imports or extends, given its path relative to where `name` is relative to.
pub fn load_text(
    name: &str,
    text: &str,
    read: &mut dyn FnMut(&str) -> IoResult<String>,
) -> Result<Project, (Sources, Problems)> {
    match Loader::new(&mut Given { read }).run(name, text)? {
        (project, unread) if unread.is_empty() => Ok(project),
        (project, unread) => Err((project.sources, unread)),
    }
}

struct Loader<'f> {
    files: &'f mut dyn Files,
    sources: Sources,
    problems: Problems,
    /// The problems of reading what is imported.
    unread: Problems,
    trees: BTreeMap<FileId, ast::File>,
    /// Each path that was tried, with what came of it.
    known: BTreeMap<String, Option<FileId>>,
    links: BTreeMap<(FileId, String), FileId>,
    /// Of all that was read.
    bytes: usize,
    parts: usize,
    /// For each file, the files it uses and where it says so.
    uses: BTreeMap<FileId, Vec<(FileId, Span)>>,
}

impl<'f> Loader<'f> {
    fn new(files: &'f mut dyn Files) -> Loader<'f> {
        Loader {
            files,
            sources: Sources::default(),
            problems: Problems::new(),
            unread: Problems::new(),
            trees: BTreeMap::new(),
            known: BTreeMap::new(),
            links: BTreeMap::new(),
            bytes: 0,
            parts: 0,
            uses: BTreeMap::new(),
        }
    }

    fn run(mut self, name: &str, text: &str) -> Result<(Project, Problems), (Sources, Problems)> {
        let root = self.read_all(name, text);
        self.cycles(root);
        let unread = std::mem::take(&mut self.unread);
        if !self.problems.is_empty() || self.lacks_a_parent() {
            self.problems.extend(unread);
            return Err((self.sources, self.problems));
        }
        Ok((self.into_project(root), unread))
    }

    fn lacks_a_parent(&self) -> bool {
        self.trees.iter().any(|(id, tree)| {
            let mut parents = tree.nets().filter_map(|net| net.extends.as_ref());
            parents.any(|extends| !self.links.contains_key(&(*id, extends.path.node.clone())))
        })
    }

    fn into_project(self, root: FileId) -> Project {
        Project { sources: self.sources, files: self.trees, root, links: self.links }
    }

    /// Reads a text and all that it leads to.
    fn read_all(&mut self, name: &str, text: &str) -> FileId {
        (self.bytes, self.parts) = (text.len(), parts(text));
        let root = self.sources.add(name, text);
        self.known.insert(normal(name), Some(root));
        let mut queue = vec![root];
        let mut next = 0;
        while let Some(&file) = queue.get(next) {
            next += 1;
            let (tree, problems) = recover(&self.sources, file);
            self.problems.extend(problems);
            let tree = tree.unwrap_or_else(|| ast::File { items: Vec::new(), tail: Vec::new() });
            for path in references(&tree) {
                self.follow(file, path, &mut queue);
            }
            self.trees.insert(file, tree);
        }
        root
    }

    fn follow(&mut self, from: FileId, path: &Name, queue: &mut Vec<FileId>) {
        let target = match path.node.as_str() {
            STD => STD.to_owned(),
            path => beside(&self.sources.get(from).name, path),
        };
        let known = self.known.get(&target).copied();
        let id = match known {
            Some(found) => found,
            None => {
                let read = self.read(path, &target);
                queue.extend(read);
                self.known.insert(target, read);
                read
            }
        };
        if let Some(id) = id {
            self.links.insert((from, path.node.clone()), id);
            self.uses.entry(from).or_default().push((id, path.span));
        }
    }

    fn read(&mut self, path: &Name, target: &str) -> Option<FileId> {
        if self.known.len() >= MAX_FILES {
            let message = format!("expected a net of at most {MAX_FILES} files, got more");
            self.problems.push(Problem::new(Code::Limit, path.span, message).label("one too many"));
            return None;
        }
        if target == STD {
            return Some(self.sources.add_own(STD, STD_TEXT));
        }
        if let Some(project) = self.files.outside(target) {
            let message = format!(
                "expected a file of the project, got `{}`, which lies outside of {}",
                path.node,
                project.display()
            );
            let help = "A project is the repository that holds the file, else the file's folder. \
                        NETC_ROOT=DIR makes it larger.";
            let problem =
                Problem::new(Code::Unreadable, path.span, message).label("not read").help(help);
            self.unread.push(problem);
            return None;
        }
        match self.files.read(target) {
            Ok(text) => {
                self.bytes += text.len();
                self.parts += parts(&text);
                let most = match () {
                    () if self.bytes > MAX_PROJECT_BYTES => format!("{MAX_PROJECT_BYTES} bytes"),
                    () if self.parts > MAX_PARTS => format!("{MAX_PARTS} words and arrows"),
                    () => return Some(self.sources.add(target, text)),
                };
                let message =
                    format!("expected a net of at most {most} in all its files, got more");
                let problem =
                    Problem::new(Code::Limit, path.span, message).label("too much with this file");
                self.problems.push(problem);
                None
            }
            Err(failure) => {
                let problem = self.unreadable(Some(path.span), &path.node, target, &failure);
                self.unread.push(problem);
                None
            }
        }
    }

    fn unreadable(
        &self,
        span: Option<Span>,
        written: &str,
        target: &str,
        failure: &Error,
    ) -> Problem {
        let got = disk::found(failure);
        let code = match failure.kind() {
            ErrorKind::FileTooLarge => Code::Limit,
            _ => Code::Unreadable,
        };
        let at_most = match code {
            Code::Limit => format!("a file of at most {MAX_FILE_BYTES} bytes"),
            _ => "a file".to_owned(),
        };
        let message = format!("expected {at_most} at `{target}`, got {got}");
        if written == "std" && span.is_some_and(|span| self.is_imported(span)) {
            return Problem::new(code, span, message)
                .label("this file")
                .help("the blocks of netc stand in no file: `import std: ...`")
                .respell(&Nearest::one("std"));
        }
        let near = match failure.kind() {
            ErrorKind::NotFound => self.near(target).map(|name| beside(written, name)),
            _ => Nearest::default(),
        };
        Problem::new(code, span, message)
            .label("this file")
            .help_if(near.question())
            .respell(&near.map(|path| format!("\"{path}\"")))
    }

    /// Whether an import names the file, rather than a net that extends another.
    fn is_imported(&self, path: Span) -> bool {
        self.sources.get(path.file).text[..path.start].trim_end().ends_with("import")
    }

    fn near(&self, target: &str) -> Nearest {
        let name = target.rsplit('/').next().unwrap_or(target);
        let neighbours = self.files.neighbours(target);
        let with_ending = format!("{name}.net");
        match neighbours.contains(&with_ending) {
            true => Nearest::one(with_ending),
            false => did_you_mean(name, neighbours.iter().map(String::as_str)),
        }
    }
}

fn references(tree: &ast::File) -> impl Iterator<Item = &Name> {
    tree.items.iter().filter_map(|item| match &item.kind {
        ItemKind::Import(import) => Some(&import.path),
        ItemKind::Net(net) => net.extends.as_ref().map(|extends| &extends.path),
        ItemKind::Block(_) => None,
    })
}
