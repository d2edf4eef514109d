use serde_json::Value;

use super::server::Server;
use crate::syntax::Overlay;

/// The answer to one request about texts that are given whole, by the paths of their URIs: for a
/// page that holds its texts itself.
///
/// # Errors
///
/// The request is unknown, is malformed, or is refused, in words.
pub fn ask(texts: Overlay, method: &str, params: Value) -> Result<Value, String> {
    let server = Server { texts, ..Server::default() };
    server.answer(method, params).map_err(|failure| failure.message)
}
