//! JSON-RPC: what an editor sends, and what goes back.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::{Value, json};

/// What an editor has sent.
pub(super) enum Incoming {
    Request(Request),
    Notification(Notification),
    /// An answer. The server asks nothing, so it means nothing.
    Response,
    /// None of these; the id is null where there is none that can be answered.
    Malformed {
        id: Value,
        failure: ResponseError,
    },
}

pub(super) struct Request {
    pub id: Value,
    pub method: String,
    pub params: Value,
}

pub(super) struct Notification {
    pub method: String,
    pub params: Value,
}

/// Why a request has no result.
#[derive(Debug)]
pub(super) struct ResponseError {
    pub code: ErrorCode,
    pub message: String,
}

/// The codes of JSON-RPC and of the protocol.
#[derive(Debug, Clone, Copy)]
pub(super) enum ErrorCode {
    ParseError = -32700,
    InvalidRequest = -32600,
    MethodNotFound = -32601,
    InvalidParams = -32602,
    InternalError = -32603,
    ServerNotInitialized = -32002,
    RequestCancelled = -32800,
    RequestFailed = -32803,
}

impl ResponseError {
    pub(super) fn new(code: ErrorCode, message: impl Into<String>) -> ResponseError {
        ResponseError { code, message: message.into() }
    }
}

impl From<Result<Value, String>> for Incoming {
    fn from(frame: Result<Value, String>) -> Incoming {
        let malformed = |id, code, message: String| Incoming::Malformed {
            id,
            failure: ResponseError::new(code, message),
        };
        let invalid =
            |id, message: &str| malformed(id, ErrorCode::InvalidRequest, message.to_owned());
        let mut fields = match frame {
            Ok(Value::Object(fields)) => fields,
            Ok(_) => return invalid(Value::Null, "expected one message, a JSON object"),
            Err(why) => return malformed(Value::Null, ErrorCode::ParseError, why),
        };
        let id = fields.remove("id");
        let sound = |id: &Value| id.is_string() || id.is_i64() || id.is_u64();
        let named = id.clone().filter(sound).unwrap_or_default();
        let params = fields.remove("params").unwrap_or_default();
        match (fields.remove("method"), id) {
            (Some(Value::String(method)), Some(id)) if sound(&id) => {
                Incoming::Request(Request { id, method, params })
            }
            (Some(Value::String(method)), None) => {
                Incoming::Notification(Notification { method, params })
            }
            (Some(Value::String(_)), Some(_)) => {
                invalid(named, "expected an id that is an integer or a string")
            }
            (Some(_), _) => invalid(named, "expected a method that is a string"),
            (None, _) if fields.contains_key("result") || fields.contains_key("error") => {
                Incoming::Response
            }
            (None, _) => invalid(named, "expected a method"),
        }
    }
}

/// The answer to a request.
pub(super) fn response(id: &Value, answer: Result<Value, ResponseError>) -> Value {
    match answer {
        Ok(result) => json!({ "jsonrpc": "2.0", "id": id, "result": result }),
        Err(ResponseError { code, message }) => {
            json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code as i32, "message": message } })
        }
    }
}

pub(super) fn notification(method: &str, params: impl Serialize) -> Value {
    json!({ "jsonrpc": "2.0", "method": method, "params": params })
}

pub(super) fn write(output: &mut impl Write, message: &Value) -> io::Result<()> {
    let body = message.to_string();
    write!(output, "Content-Length: {}\r\n\r\n{body}", body.len())?;
    output.flush()
}
