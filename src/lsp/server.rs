//! What the server knows: the open files, and how a notification changes that.

use std::collections::BTreeMap;

use gen_lsp_types::{
    Diagnostic, DidChangeTextDocumentParams, DidCloseTextDocumentParams, DidOpenTextDocumentParams,
    LspNotificationMethod as Method, TextDocumentContentChangeEvent as Change, Uri,
};
use serde_json::Value;

use super::findings::Findings;
use super::place;
use super::protocol::Notification;
use crate::syntax::Overlay;

/// The open files.
#[derive(Default)]
pub(super) struct Server {
    /// The folders whose nets may mention what the open files define.
    pub folders: Vec<String>,
    /// The folder with a page for each code of a problem, if there is one.
    pub pages: Option<String>,
    /// Their texts, by path.
    pub texts: Overlay,
    pub versions: BTreeMap<String, i32>,
    /// What the last check of each has found.
    pub findings: BTreeMap<String, Findings>,
    /// The problems that the editor shows now, by file.
    pub shown: BTreeMap<String, Vec<Diagnostic>>,
    /// The open files to check anew, the most urgent last.
    pub stale: Vec<String>,
}

/// Why a request is refused.
pub(super) type Refused = String;

impl Server {
    /// The folders that the editor works in, as it says at the start.
    pub fn work_in(&mut self, editor: &Value) {
        let list = editor["workspaceFolders"].as_array().into_iter().flatten();
        let mut folders: Vec<String> =
            list.filter_map(|folder| folder_of(&folder["uri"])).collect();
        if folders.is_empty() {
            // Older editors have one folder, and still older ones name it by its path.
            let path = || editor["rootPath"].as_str().map(str::to_owned);
            folders.extend(folder_of(&editor["rootUri"]).or_else(path));
        }
        self.folders = folders;
    }

    /// Takes note of a change. Notifications that make no sense are passed over, as the protocol
    /// has it.
    pub fn note(&mut self, notification: Notification) {
        let params = notification.params;
        match Method::from(notification.method.as_str()) {
            Method::TextDocumentDidOpen => self.opened(params),
            Method::TextDocumentDidChange => self.changed(params),
            Method::TextDocumentDidClose => self.closed(params),
            Method::WorkspaceDidChangeWorkspaceFolders => self.moved(&params["event"]),
            Method::TextDocumentDidSave | Method::WorkspaceDidChangeWatchedFiles => {
                self.stale = self.texts.keys().cloned().collect();
                Some(())
            }
            _ => None,
        };
    }

    fn opened(&mut self, params: Value) -> Option<()> {
        let p: DidOpenTextDocumentParams = serde_json::from_value(params).ok()?;
        let path = place::path(&p.text_document.uri)?;
        self.versions.insert(path.clone(), p.text_document.version);
        self.texts.insert(path.clone(), p.text_document.text);
        self.touch(&path, true);
        Some(())
    }

    fn changed(&mut self, params: Value) -> Option<()> {
        let p: DidChangeTextDocumentParams = serde_json::from_value(params).ok()?;
        let path = place::path(&p.text_document.text_document_identifier.uri)?;
        let text = self.texts.get_mut(&path)?;
        p.content_changes.into_iter().for_each(|change| apply(text, change));
        self.versions.insert(path.clone(), p.text_document.version);
        self.touch(&path, false);
        Some(())
    }

    fn closed(&mut self, params: Value) -> Option<()> {
        let p: DidCloseTextDocumentParams = serde_json::from_value(params).ok()?;
        let path = place::path(&p.text_document.uri)?;
        self.versions.remove(&path);
        self.texts.remove(&path)?;
        self.touch(&path, true);
        Some(())
    }

    fn moved(&mut self, event: &Value) -> Option<()> {
        let list = |key: &str| -> Option<Vec<String>> {
            Some(
                event[key]
                    .as_array()?
                    .iter()
                    .filter_map(|folder| folder_of(&folder["uri"]))
                    .collect(),
            )
        };
        let (added, removed) = (list("added")?, list("removed")?);
        self.folders.retain(|folder| !removed.contains(folder));
        self.folders.extend(added);
        Some(())
    }
}

/// The folder of a file.
pub(super) fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or(".", |(folder, _)| folder)
}

/// A path that a file names.
pub(super) fn beside(file: &str, path: &str) -> String {
    format!("{}/{path}", folder(file))
}

fn folder_of(uri: &Value) -> Option<String> {
    let path = place::path(&Uri::from(uri.as_str()?))?;
    Some(path.trim_end_matches('/').to_owned())
}

fn apply(text: &mut String, change: Change) {
    match change {
        Change::TextDocumentContentChangePartial(part) => {
            let start = place::offset(text, part.range.start);
            let end = place::offset(text, part.range.end).max(start);
            text.replace_range(start..end, &part.text);
        }
        Change::TextDocumentContentChangeWholeDocument(whole) => *text = whole.text,
    }
}
