//! Imports a model from another program as a net.
//!
//! The file may be untrusted: [`read`] bounds the cost of reading it, every size in it is checked
//! against its length, and all ops that the language lacks are listed at once.

mod affine;
mod attributes;
mod axes;
mod builder;
mod constant;
mod ends;
mod error;
mod external;
mod fold;
mod gelu;
mod known;
mod layers;
mod live;
mod names;
mod nodes;
mod ops;
mod read;
mod reshape;
mod sizes;
mod versions;
mod view;
mod window;

use std::path::Path;

use crate::check::{Checked, check};
use crate::lower::Weights;

pub use error::ImportError;
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

/// The net of a model. `name` is the net's, unless netc wrote the model.
///
/// # Errors
/// A broken file, sizes left open, ops that the language lacks, a net that does not check.
pub fn import(bytes: Vec<u8>, name: &str) -> Result<Imported, ImportError> {
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
) -> Result<Imported, ImportError> {
    import_from(bytes, None, name, sizes)
}

/// Like [`import_sized`], for a model from a file in `folder`, which may keep weights in other
/// files there.
///
/// # Errors
/// As [`import_sized`]; weights that cannot be read.
pub fn import_beside(
    bytes: Vec<u8>,
    folder: &Path,
    name: &str,
    sizes: Option<&[u64]>,
) -> Result<Imported, ImportError> {
    import_from(bytes, Some(folder), name, sizes)
}

fn import_from(
    bytes: Vec<u8>,
    folder: Option<&Path>,
    name: &str,
    sizes: Option<&[u64]>,
) -> Result<Imported, ImportError> {
    let length = bytes.len() as u64;
    let mut model = read::read(bytes).map_err(ImportError::Malformed)?;
    let length = external::embed(&mut model, folder, length)?;
    let (graph, tensors) = builder::Builder::new(&model, length, name)?.build(sizes)?;
    let net = check(graph).map_err(|error| ImportError::Unsound(error.to_string()))?;
    let weights = Weights::of(&net, |name| tensors.get(name).cloned())
        .map_err(|error| ImportError::Malformed(error.to_string()))?;
    Ok(Imported { net, weights, producer: model.producer_name.unwrap_or_default() })
}
