//! Export to ONNX and import from it.
//!
//! [`export`](fn@export) writes a net with its weights, [`import`](fn@import) reads what other
//! programs wrote. Both use ONNX's own schema, `proto/onnx.proto`, from which `scripts/onnx-proto`
//! generates `proto/onnx.rs`.

mod export;
mod import;

/// The messages of ONNX's schema.
#[allow(missing_docs, dead_code, unused_qualifications, clippy::all)]
mod proto {
    include!("proto/onnx.rs");
}

pub use export::{ExportError, Form, OPSET, export};
pub use import::{ImportError, Imported, MAX_FILE, Versions, import, import_sized, ops};

/// Arguments for initialisation and training, which ONNX cannot represent.
const OF_TRAINING: &[&str] = &["gamma", "beta", "init", "train_gamma", "train_weight"];

/// The shortest decimal that rounds to this fp32 value, which is most likely what a person wrote.
fn decimal(x: f32) -> f64 {
    x.to_string().parse().unwrap_or(f64::from(x))
}

/// The momentum as in PyTorch, the weight of the current batch, from that of ONNX, the weight of
/// the old value.
fn rate(stays: f32) -> f64 {
    format!("{:.6}", 1.0 - decimal(stays)).parse().unwrap_or(0.0)
}
