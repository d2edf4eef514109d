//! The requests that the server answers.

use lsp_types::request::{self as ask, Request as _};
use lsp_types::{
    CompletionOptions, HoverProviderCapability, OneOf, PrepareRenameResponse, RenameOptions,
    ServerCapabilities, TextDocumentSyncCapability, TextDocumentSyncKind,
    WorkspaceFoldersServerCapabilities, WorkspaceServerCapabilities,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::place;
use super::protocol::{ErrorCode, ResponseError};
use super::server::{Refused, Server};

pub(super) type Answer = Result<Value, ResponseError>;

pub(super) fn capabilities() -> ServerCapabilities {
    ServerCapabilities {
        text_document_sync: Some(TextDocumentSyncCapability::Kind(
            TextDocumentSyncKind::INCREMENTAL,
        )),
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
        workspace: Some(WorkspaceServerCapabilities {
            workspace_folders: Some(WorkspaceFoldersServerCapabilities {
                supported: Some(true),
                change_notifications: Some(OneOf::Left(true)),
            }),
            file_operations: None,
        }),
        ..ServerCapabilities::default()
    }
}

impl Server {
    pub(super) fn answer(&self, method: &str, params: Value) -> Answer {
        match method {
            ask::HoverRequest::METHOD => with(params, |p: lsp_types::HoverParams| {
                let at = p.text_document_position_params;
                Ok(self.hover(&place::path(&at.text_document.uri).unwrap_or_default(), at.position))
            }),
            ask::GotoDefinition::METHOD => with(params, |p: lsp_types::GotoDefinitionParams| {
                let at = p.text_document_position_params;
                Ok(self.definition(
                    &place::path(&at.text_document.uri).unwrap_or_default(),
                    at.position,
                ))
            }),
            ask::References::METHOD => with(params, |p: lsp_types::ReferenceParams| {
                let at = p.text_document_position;
                let path = place::path(&at.text_document.uri).unwrap_or_default();
                Ok(self.references(&path, at.position, p.context.include_declaration))
            }),
            ask::PrepareRenameRequest::METHOD => {
                with(params, |at: lsp_types::TextDocumentPositionParams| {
                    let path = place::path(&at.text_document.uri).unwrap_or_default();
                    Ok(self.renamable(&path, at.position).map(PrepareRenameResponse::Range))
                })
            }
            ask::Rename::METHOD => with(params, |p: lsp_types::RenameParams| {
                let at = p.text_document_position;
                let path = place::path(&at.text_document.uri).unwrap_or_default();
                self.rename(&path, at.position, &p.new_name)
            }),
            ask::Completion::METHOD => with(params, |p: lsp_types::CompletionParams| {
                let at = p.text_document_position;
                Ok(self
                    .complete(&place::path(&at.text_document.uri).unwrap_or_default(), at.position))
            }),
            ask::DocumentSymbolRequest::METHOD => {
                with(params, |p: lsp_types::DocumentSymbolParams| {
                    Ok(self.symbols(&place::path(&p.text_document.uri).unwrap_or_default()))
                })
            }
            ask::Formatting::METHOD => with(params, |p: lsp_types::DocumentFormattingParams| {
                Ok(self.format(&place::path(&p.text_document.uri).unwrap_or_default()))
            }),
            ask::InlayHintRequest::METHOD => with(params, |p: lsp_types::InlayHintParams| {
                Ok(self
                    .inlay_hints(&place::path(&p.text_document.uri).unwrap_or_default(), p.range))
            }),
            ask::CodeActionRequest::METHOD => with(params, |p: lsp_types::CodeActionParams| {
                Ok(self.actions(&place::path(&p.text_document.uri).unwrap_or_default(), p.range))
            }),
            method => Err(ResponseError::new(
                ErrorCode::MethodNotFound,
                format!("netc does not answer `{method}`"),
            )),
        }
    }
}

fn with<P: DeserializeOwned, R: Serialize>(
    params: Value,
    answer: impl FnOnce(P) -> Result<R, Refused>,
) -> Answer {
    let params = serde_json::from_value(params)
        .map_err(|e| ResponseError::new(ErrorCode::InvalidParams, e.to_string()))?;
    let result = answer(params).map_err(|why| ResponseError::new(ErrorCode::RequestFailed, why))?;
    serde_json::to_value(result)
        .map_err(|e| ResponseError::new(ErrorCode::InternalError, e.to_string()))
}
