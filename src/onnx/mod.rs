//! ONNX: nets to it and from it.
//!
//! [`export`](fn@export) writes a net with its weights, [`import`](fn@import) reads what other programs wrote. Both speak ONNX's own
//! schema, `proto/onnx.proto`, from which `scripts/onnx-proto` makes `proto/onnx.rs`.

mod export;
mod import;

/// The messages of ONNX's schema.
#[allow(missing_docs, dead_code, unused_qualifications, clippy::all)]
mod proto {
    include!("proto/onnx.rs");
}

pub use export::{Form, OPSET, export};
pub use import::{ImportError, Imported, MAX_FILE, Versions, import, import_sized, ops};

/// Arguments that say how weights start and what is trained, for which ONNX has no place.
const OF_TRAINING: &[&str] = &["gamma", "beta", "init", "train_gamma", "train_weight"];

/// The number that a person wrote who got this one in fp32: of all decimals that round to it, the shortest.
fn decimal(x: f32) -> f64 {
    x.to_string().parse().unwrap_or(f64::from(x))
}

/// The weight of the newest batch in running statistics, from the part that stays, which ONNX states.
fn rate(stays: f32) -> f64 {
    format!("{:.6}", 1.0 - decimal(stays)).parse().unwrap_or(0.0)
}
