//! The requests that the server answers.

use gen_lsp_types::{
    CodeActionParams, InlayHintParams, LspRequestMethod as Method, Position, ReferenceParams,
    RenameParams, SelectionRangeParams, TextDocumentIdentifier, TextDocumentPositionParams,
    WorkspaceSymbolParams,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::place;
use super::protocol::{ErrorCode, ResponseError};
use super::server::{Refused, Server};

pub(super) type Answer = Result<Value, ResponseError>;

impl Server {
    pub(super) fn answer(&self, method: &str, params: Value) -> Answer {
        if params["textDocument"]["uri"].as_str().is_some_and(|uri| !place::is_uri(uri)) {
            return Err(ResponseError::new(
                ErrorCode::InvalidParams,
                "expected a URI with a scheme",
            ));
        }
        match Method::from(method) {
            Method::TextDocumentHover => at(params, |path, at| self.hover(path, at)),
            Method::TextDocumentDefinition => at(params, |path, at| self.definition(path, at)),
            Method::TextDocumentDocumentHighlight => {
                at(params, |path, at| self.highlight(path, at))
            }
            Method::TextDocumentPrepareRename => at(params, |path, at| self.renamable(path, at)),
            Method::TextDocumentCompletion => at(params, |path, at| self.complete(path, at)),
            Method::TextDocumentSignatureHelp => at(params, |path, at| self.signature(path, at)),
            Method::TextDocumentReferences => with(params, |p: ReferenceParams| {
                let (path, at) = position(&p.text_document_position_params);
                Ok(self.references(&path, at, p.context.include_declaration))
            }),
            Method::TextDocumentRename => with(params, |p: RenameParams| {
                let (path, at) = position(&p.text_document_position_params);
                self.rename(&path, at, &p.new_name)
            }),
            Method::TextDocumentDocumentSymbol => of(params, |path| self.symbols(path)),
            Method::TextDocumentFormatting => of(params, |path| self.format(path)),
            Method::TextDocumentFoldingRange => of(params, |path| self.folds(path)),
            Method::TextDocumentSemanticTokensFull => of(params, |path| self.tokens(path)),
            Method::TextDocumentSelectionRange => with(params, |p: SelectionRangeParams| {
                Ok(self.selections(&place::path_or_none(&p.text_document.uri), &p.positions))
            }),
            Method::TextDocumentInlayHint => with(params, |p: InlayHintParams| {
                Ok(self.inlay_hints(&place::path_or_none(&p.text_document.uri), p.range))
            }),
            Method::TextDocumentCodeAction => with(params, |p: CodeActionParams| {
                let kinds = p.context.only.as_deref();
                Ok(self.actions(&place::path_or_none(&p.text_document.uri), p.range, kinds))
            }),
            Method::WorkspaceSymbol => {
                with(params, |p: WorkspaceSymbolParams| Ok(self.find_symbols(&p.query)))
            }
            _ => Err(ResponseError::new(
                ErrorCode::MethodNotFound,
                format!("netc does not answer `{method}`"),
            )),
        }
    }
}

/// What every request about a file says.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    text_document: TextDocumentIdentifier,
}

fn of<R: Serialize>(params: Value, answer: impl FnOnce(&str) -> R) -> Answer {
    with(params, |p: Document| Ok(answer(&place::path_or_none(&p.text_document.uri))))
}

fn at<R: Serialize>(params: Value, answer: impl FnOnce(&str, Position) -> R) -> Answer {
    with(params, |p: TextDocumentPositionParams| {
        let (path, at) = position(&p);
        Ok(answer(&path, at))
    })
}

fn position(p: &TextDocumentPositionParams) -> (String, Position) {
    (place::path_or_none(&p.text_document.uri), p.position)
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
