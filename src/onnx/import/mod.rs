//! A model of another program as a net.
//!
//! The file is a stranger's: [`read`] bounds what reading it may cost, every size in it is checked against its length, and
//! what the language has no op for is listed, all of it at once.

mod affine;
mod attributes;
mod builder;
mod constant;
mod layers;
mod names;
mod ops;
mod read;
mod reshape;
mod sizes;

use std::collections::BTreeMap;

use crate::check::{Checked, check};
use crate::lower::Weights;

pub use read::MAX_FILE;

/// What a model became.
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
    /// What the language cannot say: op and reason, with how often it stands in the model.
    #[error("it needs what netc does not have: {}", list(.0))]
    Unsupported(BTreeMap<String, usize>),
    /// What came out is no sound net.
    #[error("the net does not check: {0}")]
    Unsound(String),
}

fn list(unsupported: &BTreeMap<String, usize>) -> String {
    unsupported.iter().map(|(what, count)| format!("{what} x{count}")).collect::<Vec<_>>().join(", ")
}

/// Why one node of a model cannot be taken over.
#[derive(Debug)]
enum Fault {
    /// The language has no such op, or not with this attribute.
    Unsupported(String),
    /// The file is wrong.
    Malformed(String),
    /// It reads a value that is at fault already.
    Known,
}

type Result<T> = std::result::Result<T, Fault>;

/// The net of a model. `name` is the net's, unless netc wrote the model.
///
/// # Errors
/// A broken file, ops that the language lacks, a net that does not check.
pub fn import(bytes: Vec<u8>, name: &str) -> std::result::Result<Imported, ImportError> {
    let model = read::read(bytes).map_err(ImportError::Malformed)?;
    let (graph, tensors) = builder::Builder::new(&model, name)?.build()?;
    let net = check(graph).map_err(|problems| {
        let problems = problems.sorted();
        ImportError::Unsound(problems.first().map_or_else(String::new, |problem| problem.message.clone()))
    })?;
    let weights = Weights::of(&net, |name| tensors.get(name).cloned()).map_err(ImportError::Malformed)?;
    Ok(Imported { net, weights, producer: model.producer_name.unwrap_or_default() })
}
