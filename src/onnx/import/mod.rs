//! Imports a model from another program as a net.
//!
//! The file may be untrusted: [`read`] bounds the cost of reading it, every size in it is checked
//! against its length, and all ops that the language lacks are listed at once.

mod affine;
mod attributes;
mod builder;
mod constant;
mod ends;
mod fold;
mod gelu;
mod layers;
mod live;
mod names;
mod ops;
mod read;
mod reshape;
mod sizes;
mod versions;
mod view;
mod window;

use std::collections::BTreeMap;

use crate::check::{Checked, check};
use crate::lower::Weights;

pub use read::MAX_FILE;
pub use versions::{Versions, ops};

/// An imported model.
#[derive(Debug)]
pub struct Imported {
    /// The net.
    pub net: Checked,
    /// Its weights.
    pub weights: Weights,
    /// The program that wrote the model, as the file states it.
    pub producer: String,
}

/// Why a model cannot become a net.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file is broken, or beyond the limits.
    #[error("not a sound ONNX model: {0}")]
    Malformed(String),
    /// What the language cannot express: op and reason, with how often it occurs in the model.
    #[error("it needs what netc does not have: {}", list(.0))]
    Unsupported(BTreeMap<String, usize>),
    /// The input leaves sizes besides the batch open, and none are given. What else the language
    /// cannot express is listed as far as it can be determined without them.
    #[error("the input `{input}` leaves sizes open besides the batch: {sizes}")]
    Open {
        /// Its name.
        input: String,
        /// Its sizes.
        sizes: String,
        /// As in [`ImportError::Unsupported`]; may be empty.
        missing: BTreeMap<String, usize>,
    },
    /// The sizes given are not those that the model states.
    #[error("the input `{input}` has the sizes {stated}, which {given} is not")]
    Sizes {
        /// Its name.
        input: String,
        /// Its sizes, the batch first.
        stated: String,
        /// The given sizes.
        given: String,
    },
    /// The result is not a valid net.
    #[error("the net does not check: {0}")]
    Unsound(String),
}

fn list(unsupported: &BTreeMap<String, usize>) -> String {
    unsupported
        .iter()
        .map(|(what, count)| format!("{what} x{count}"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// Why one node of a model cannot be imported.
#[derive(Debug)]
enum Fault {
    /// The language has no such op, or not with this attribute.
    Unsupported(String),
    /// The file is wrong.
    Malformed(String),
    /// It reads the result of a node that has an error already.
    Known,
}

type Result<T> = std::result::Result<T, Fault>;

/// The net of a model. `name` is the net's, unless netc wrote the model.
///
/// # Errors
/// A broken file, sizes left open, ops that the language lacks, a net that does not check.
pub fn import(bytes: Vec<u8>, name: &str) -> std::result::Result<Imported, ImportError> {
    import_sized(bytes, name, None)
}

/// Like [`import`]. `sizes` are those of the input, the batch not counted: for a model that leaves
/// some of them open.
///
/// # Errors
/// As [`import`]; sizes that are not those of the model.
pub fn import_sized(
    bytes: Vec<u8>,
    name: &str,
    sizes: Option<&[u64]>,
) -> std::result::Result<Imported, ImportError> {
    let length = bytes.len() as u64;
    let model = read::read(bytes).map_err(|error| ImportError::Malformed(error.to_string()))?;
    let (graph, tensors) = builder::Builder::new(&model, length, name)?.build(sizes)?;
    let net = check(graph).map_err(|error| ImportError::Unsound(error.to_string()))?;
    let weights = Weights::of(&net, |name| tensors.get(name).cloned())
        .map_err(|error| ImportError::Malformed(error.to_string()))?;
    Ok(Imported { net, weights, producer: model.producer_name.unwrap_or_default() })
}
