//! The language server: what `netc lsp` answers to an editor.
//!
//! One thread reads a message, answers it and reads the next. After each change all open files are
//! compiled anew, with the open texts over those on disk.

mod complete;
mod diagnose;
mod hover;
mod index;
mod names;
mod outline;
mod paths;
mod place;

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use lsp_server::{Connection, ErrorCode, Message, Notification, Request, Response};
use lsp_types::notification::{self as note, Notification as _};
use lsp_types::request::{self as ask, Request as _};
use lsp_types::{
    CompletionOptions, HoverProviderCapability, InitializeParams, OneOf, PrepareRenameResponse,
    RenameOptions, ServerCapabilities, TextDocumentContentChangeEvent, TextDocumentSyncCapability,
    TextDocumentSyncKind, Uri,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::syntax::Overlay;

/// Serves one editor until it says `exit`. The error says how the connection broke.
pub fn serve(connection: &Connection) -> Result<(), String> {
    let capabilities = serde_json::to_value(capabilities()).map_err(|e| e.to_string())?;
    let editor = connection.initialize(capabilities).map_err(|e| e.to_string())?;
    let mut server = Server { folders: folders(editor), ..Server::default() };
    for message in &connection.receiver {
        let answers = match message {
            Message::Request(request) => {
                if connection.handle_shutdown(&request).map_err(|e| e.to_string())? {
                    return Ok(());
                }
                vec![guarded(request, |request| server.answer(request)).into()]
            }
            Message::Notification(notification) => {
                catch_unwind(AssertUnwindSafe(|| server.note(notification))).unwrap_or_default()
            }
            Message::Response(_) => Vec::new(),
        };
        for answer in answers {
            connection.sender.send(answer).map_err(|e| e.to_string())?;
        }
    }
    Ok(())
}

/// The answer to a request; an internal error should the code that finds it panic, so that one bad
/// request does not end the session.
fn guarded(request: Request, answer: impl FnOnce(Request) -> Response) -> Response {
    let id = request.id.clone();
    let method = request.method.clone();
    catch_unwind(AssertUnwindSafe(|| answer(request))).unwrap_or_else(|_| {
        let message = format!("netc failed to answer {method}; this is a bug in netc");
        Response::new_err(id, ErrorCode::InternalError as i32, message)
    })
}

fn capabilities() -> ServerCapabilities {
    ServerCapabilities {
        text_document_sync: Some(TextDocumentSyncCapability::Kind(TextDocumentSyncKind::INCREMENTAL)),
        hover_provider: Some(HoverProviderCapability::Simple(true)),
        definition_provider: Some(OneOf::Left(true)),
        references_provider: Some(OneOf::Left(true)),
        document_symbol_provider: Some(OneOf::Left(true)),
        document_formatting_provider: Some(OneOf::Left(true)),
        inlay_hint_provider: Some(OneOf::Left(true)),
        code_action_provider: Some(true.into()),
        rename_provider: Some(OneOf::Right(RenameOptions {
            prepare_provider: Some(true),
            work_done_progress_options: Default::default(),
        })),
        completion_provider: Some(CompletionOptions {
            trigger_characters: Some(["(", ".", ",", "\"", "/"].map(String::from).to_vec()),
            ..CompletionOptions::default()
        }),
        ..ServerCapabilities::default()
    }
}

/// The folders that the editor works in, as it has said at the start.
#[allow(deprecated)] // older editors have one folder
fn folders(editor: serde_json::Value) -> Vec<String> {
    let Ok(editor) = serde_json::from_value::<InitializeParams>(editor) else { return Vec::new() };
    let folders = editor.workspace_folders.map(|all| all.into_iter().map(|folder| folder.uri).collect());
    let folders: Vec<Uri> = folders.unwrap_or_else(|| editor.root_uri.into_iter().collect());
    let paths = folders.iter().filter_map(place::path);
    paths.map(|path| path.trim_end_matches('/').to_owned()).collect()
}

/// The open files.
#[derive(Default)]
struct Server {
    /// The folders whose nets may mention what the open files define.
    folders: Vec<String>,
    /// Their texts, by path.
    texts: Overlay,
    versions: BTreeMap<String, i32>,
    /// The paths for which problems were shown last.
    shown: BTreeSet<String>,
}

/// Why a request is refused.
type Refused = String;

impl Server {
    fn answer(&self, request: Request) -> Response {
        match request.method.as_str() {
            ask::HoverRequest::METHOD => self.with(request, |p: lsp_types::HoverParams| {
                let at = p.text_document_position_params;
                Ok(self.hover(&place::path(&at.text_document.uri).unwrap_or_default(), at.position))
            }),
            ask::GotoDefinition::METHOD => self.with(request, |p: lsp_types::GotoDefinitionParams| {
                let at = p.text_document_position_params;
                Ok(self.definition(&place::path(&at.text_document.uri).unwrap_or_default(), at.position))
            }),
            ask::References::METHOD => self.with(request, |p: lsp_types::ReferenceParams| {
                let at = p.text_document_position;
                let path = place::path(&at.text_document.uri).unwrap_or_default();
                Ok(self.references(&path, at.position, p.context.include_declaration))
            }),
            ask::PrepareRenameRequest::METHOD => {
                self.with(request, |at: lsp_types::TextDocumentPositionParams| {
                    let path = place::path(&at.text_document.uri).unwrap_or_default();
                    Ok(self.renamable(&path, at.position).map(PrepareRenameResponse::Range))
                })
            }
            ask::Rename::METHOD => self.with(request, |p: lsp_types::RenameParams| {
                let at = p.text_document_position;
                let path = place::path(&at.text_document.uri).unwrap_or_default();
                self.rename(&path, at.position, &p.new_name)
            }),
            ask::Completion::METHOD => self.with(request, |p: lsp_types::CompletionParams| {
                let at = p.text_document_position;
                Ok(self.complete(&place::path(&at.text_document.uri).unwrap_or_default(), at.position))
            }),
            ask::DocumentSymbolRequest::METHOD => self.with(request, |p: lsp_types::DocumentSymbolParams| {
                Ok(self.symbols(&place::path(&p.text_document.uri).unwrap_or_default()))
            }),
            ask::Formatting::METHOD => self.with(request, |p: lsp_types::DocumentFormattingParams| {
                Ok(self.format(&place::path(&p.text_document.uri).unwrap_or_default()))
            }),
            ask::InlayHintRequest::METHOD => self.with(request, |p: lsp_types::InlayHintParams| {
                Ok(self.inlay_hints(&place::path(&p.text_document.uri).unwrap_or_default(), p.range))
            }),
            ask::CodeActionRequest::METHOD => self.with(request, |p: lsp_types::CodeActionParams| {
                Ok(self.actions(&place::path(&p.text_document.uri).unwrap_or_default(), p.range))
            }),
            method => {
                let message = format!("netc does not answer `{method}`");
                Response::new_err(request.id, ErrorCode::MethodNotFound as i32, message)
            }
        }
    }

    fn with<P: DeserializeOwned, R: Serialize>(
        &self,
        request: Request,
        answer: impl FnOnce(P) -> Result<R, Refused>,
    ) -> Response {
        match serde_json::from_value(request.params) {
            Ok(params) => match answer(params) {
                Ok(result) => Response::new_ok(request.id, result),
                Err(why) => Response::new_err(request.id, ErrorCode::RequestFailed as i32, why),
            },
            Err(e) => Response::new_err(request.id, ErrorCode::InvalidParams as i32, e.to_string()),
        }
    }

    /// Takes note of a change. Notifications that make no sense are passed over, as the protocol has it.
    fn note(&mut self, notification: Notification) -> Vec<Message> {
        let changed = match notification.method.as_str() {
            note::DidOpenTextDocument::METHOD => self.opened(notification.params),
            note::DidChangeTextDocument::METHOD => self.changed(notification.params),
            note::DidCloseTextDocument::METHOD => self.closed(notification.params),
            note::DidSaveTextDocument::METHOD | note::DidChangeWatchedFiles::METHOD => Some(()),
            _ => None,
        };
        if changed.is_some() { self.diagnose() } else { Vec::new() }
    }

    fn opened(&mut self, params: serde_json::Value) -> Option<()> {
        let p: lsp_types::DidOpenTextDocumentParams = serde_json::from_value(params).ok()?;
        let path = place::path(&p.text_document.uri)?;
        self.versions.insert(path.clone(), p.text_document.version);
        self.texts.insert(path, p.text_document.text);
        Some(())
    }

    fn changed(&mut self, params: serde_json::Value) -> Option<()> {
        let p: lsp_types::DidChangeTextDocumentParams = serde_json::from_value(params).ok()?;
        let path = place::path(&p.text_document.uri)?;
        let text = self.texts.get_mut(&path)?;
        p.content_changes.into_iter().for_each(|change| apply(text, change));
        self.versions.insert(path, p.text_document.version);
        Some(())
    }

    fn closed(&mut self, params: serde_json::Value) -> Option<()> {
        let p: lsp_types::DidCloseTextDocumentParams = serde_json::from_value(params).ok()?;
        let path = place::path(&p.text_document.uri)?;
        self.versions.remove(&path);
        self.texts.remove(&path).map(|_| ())
    }
}

fn apply(text: &mut String, change: TextDocumentContentChangeEvent) {
    match change.range {
        Some(range) => {
            let start = place::offset(text, range.start);
            let end = place::offset(text, range.end).max(start);
            text.replace_range(start..end, &change.text);
        }
        None => *text = change.text,
    }
}
