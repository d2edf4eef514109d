//! Where a name is defined and used, and another name for it.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use gen_lsp_types::{
    DocumentHighlight, DocumentHighlightKind, Location, Position, Range, TextEdit, Uri,
    WorkspaceEdit,
};

use super::place;
use super::server::{Refused, Server};
use crate::compile::compile_over;
use crate::diag::{Severity, Span, edited};
use crate::disk;
use crate::graph::names::{NameKind, Names, Reference, ReferenceRole};
use crate::graph::op;
use crate::limits::MAX_FILE_BYTES;
use crate::syntax::{self, Overlay, Project, STD};

/// A definition, whatever project it is seen from.
struct Home {
    file: String,
    start: usize,
    name: String,
}

/// Where a file mentions a definition.
struct Mentions {
    file: String,
    project: Project,
    spans: Vec<Span>,
}

impl Server {
    pub(super) fn offset(&self, path: &str, at: Position) -> Option<usize> {
        self.texts.get(path).map(|text| place::offset(text, at))
    }

    pub(super) fn definition(&self, path: &str, at: Position) -> Option<Location> {
        let project = self.project(path)?;
        let def = Names::of(&project).at(project.root, self.offset(path, at)?)?.def;
        match def.kind {
            NameKind::Op(_) | NameKind::Unread => None,
            NameKind::Block(..) | NameKind::Param(_) | NameKind::Value | NameKind::File => {
                place::location(&project.sources, def.span)
            }
        }
    }

    /// The mentions of a name in the file itself.
    pub(super) fn highlight(&self, path: &str, at: Position) -> Option<Vec<DocumentHighlight>> {
        let project = self.project(path)?;
        let names = Names::of(&project);
        let def = names.at(project.root, self.offset(path, at)?)?.def;
        // An op has no place of its own.
        let same = |reference: &&Reference<'_>| match (def.kind, reference.def.kind) {
            (NameKind::Op(a), NameKind::Op(b)) => a.name == b.name,
            (NameKind::Op(_), _) => false,
            _ => reference.def.span == def.span,
        };
        let mark = |reference: &Reference<'_>| DocumentHighlight {
            range: place::range(&project.sources, reference.span),
            kind: Some(match reference.role {
                ReferenceRole::Definition => DocumentHighlightKind::Write,
                ReferenceRole::Use | ReferenceRole::Mention => DocumentHighlightKind::Read,
            }),
        };
        Some(names.in_file(project.root).filter(same).map(mark).collect())
    }

    pub(super) fn references(
        &self,
        path: &str,
        at: Position,
        with_definition: bool,
    ) -> Vec<Location> {
        let Some(home) = self.home(path, at) else { return Vec::new() };
        let mut found = Vec::new();
        for Mentions { file, project, spans } in self.mentions(path, &home) {
            let wanted =
                |span: &&Span| with_definition || (&file, span.start) != (&home.file, home.start);
            let wanted = spans.iter().filter(wanted);
            found.extend(wanted.filter_map(|span| place::location(&project.sources, *span)));
        }
        found
    }

    pub(super) fn rename(
        &self,
        path: &str,
        at: Position,
        to: &str,
    ) -> Result<WorkspaceEdit, Refused> {
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if !to.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') || !to.chars().all(word) {
            return Err(format!("`{to}` is no name"));
        }
        if syntax::is_keyword(to) || op::signature(to).is_some() || to == "in" {
            return Err(format!("`{to}` is a word of the language"));
        }
        let home = self.home(path, at).filter(|home| home.file != STD);
        let home = home.ok_or("there is no name here that can be changed")?;
        let mut renamed = Overlay::new();
        let mut changes: HashMap<Uri, Vec<TextEdit>> = HashMap::new();
        for Mentions { file, project, spans } in self.mentions(path, &home) {
            if Names::of(&project).in_file(project.root).any(|r| project.sources.text(r.span) == to)
            {
                return Err(format!("`{to}` is a name in {file} already"));
            }
            let edits = spans.iter().map(|span| (*span, to.to_owned()));
            renamed
                .extend(edited(&project.sources, edits).ok_or("the places of this name overlap")?);
            for location in spans.iter().filter_map(|span| place::location(&project.sources, *span))
            {
                changes
                    .entry(location.uri)
                    .or_default()
                    .push(TextEdit::new(location.range, to.into()));
            }
        }
        let mut files = self.files(path, &home);
        files.retain(|file| self.holds(file, &home.name) || self.holds(file, to));
        self.refuse_breakage(files, &renamed)?;
        Ok(WorkspaceEdit { changes: Some(changes), ..WorkspaceEdit::default() })
    }

    /// Refuses new texts with which a file has an error that it did not have.
    fn refuse_breakage(&self, files: BTreeSet<String>, renamed: &Overlay) -> Result<(), Refused> {
        let mut texts = self.texts.clone();
        texts.extend(renamed.clone());
        for file in files {
            let Some(project) = self.project(&file) else { continue };
            if !project.sources.ids().any(|id| renamed.contains_key(&project.sources.get(id).name))
            {
                continue;
            }
            let errors = |texts: &Overlay| {
                let found = compile_over(Path::new(&file), &[], texts);
                let sorted = found.problems.sorted();
                let errors: Vec<String> = sorted
                    .iter()
                    .filter(|p| p.severity() == Severity::Error)
                    .map(|p| p.message.clone())
                    .collect();
                errors
            };
            let (before, after) = (errors(&self.texts), errors(&texts));
            if after.len() > before.len() {
                let new = after.iter().find(|message| !before.contains(message));
                let new = new.or(after.first()).map_or("", String::as_str);
                return Err(format!("with that name {file} would be wrong: {new}"));
            }
        }
        Ok(())
    }

    /// The place of the name at a position, if it is one that can be changed.
    pub(super) fn renamable(&self, path: &str, at: Position) -> Option<Range> {
        self.named(path, at).filter(|(_, home)| home.file != STD).map(|(range, _)| range)
    }

    fn home(&self, path: &str, at: Position) -> Option<Home> {
        self.named(path, at).map(|(_, home)| home)
    }

    /// The name at a position and what it stands for, if that is of the files' own making.
    fn named(&self, path: &str, at: Position) -> Option<(Range, Home)> {
        let project = self.project(path)?;
        let Reference { span, def, .. } =
            *Names::of(&project).at(project.root, self.offset(path, at)?)?;
        match def.kind {
            NameKind::Op(_) | NameKind::File | NameKind::Unread => None,
            NameKind::Block(..) | NameKind::Param(_) | NameKind::Value => {
                let home = Home {
                    file: project.sources.get(def.span.file).name.clone(),
                    start: def.span.start,
                    name: project.sources.text(def.span).to_owned(),
                };
                Some((place::range(&project.sources, span), home))
            }
        }
    }

    /// The open files, those of the projects of a file and of a definition, and those that the
    /// editor works on.
    fn files(&self, path: &str, home: &Home) -> BTreeSet<String> {
        let projects = [path, &home.file].map(syntax::project_folder);
        let folders: BTreeSet<String> =
            projects.into_iter().flatten().chain(self.folders.iter().cloned()).collect();
        let mut files: BTreeSet<String> =
            folders.iter().flat_map(|folder| syntax::nets_below(folder).paths).collect();
        files.extend([path, &home.file].into_iter().flat_map(syntax::nets_beside));
        files.extend(self.texts.keys().cloned());
        files
    }

    /// The mentions in each file that has some, in the order of the text.
    fn mentions(&self, path: &str, home: &Home) -> Vec<Mentions> {
        let mentions = |file: String| {
            let project = self.project(&file)?;
            let names = Names::of(&project);
            let mentions = names.in_file(project.root).filter(|reference| {
                let def = reference.def.span;
                !matches!(reference.def.kind, NameKind::Op(_) | NameKind::File | NameKind::Unread)
                    && (def.start == home.start && project.sources.get(def.file).name == home.file)
            });
            let spans: Vec<Span> = mentions.map(|reference| reference.span).collect();
            (!spans.is_empty()).then_some(Mentions { file, project, spans })
        };
        self.files(path, home)
            .into_iter()
            .filter(|file| self.holds(file, &home.name))
            .filter_map(mentions)
            .collect()
    }

    /// Whether the text of a file has these letters, and so may have a name.
    fn holds(&self, file: &str, letters: &str) -> bool {
        match self.texts.get(file) {
            Some(text) => text.contains(letters),
            None => disk::read_text(Path::new(file), MAX_FILE_BYTES)
                .is_ok_and(|text| text.contains(letters)),
        }
    }
}
