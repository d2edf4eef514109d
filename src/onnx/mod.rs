//! Export to ONNX and import from it.
//!
//! [`export`](fn@export) writes a net with its weights, [`import`](fn@import) reads what other
//! programs wrote. Both use ONNX's own schema, `proto/onnx.proto`, from which `scripts/onnx-proto`
//! generates `proto/onnx.rs`.

mod arguments;
mod export;
mod import;

/// The messages of ONNX's schema.
#[allow(missing_docs, dead_code, unused_qualifications, clippy::all)]
mod proto {
    include!("proto/onnx.rs");
}

pub use export::{ExportError, ExportForm, OPSET, export};
pub use import::{
    ImportError, Imported, MAX_FILE, Versions, import, import_beside, import_sized, ops,
};
