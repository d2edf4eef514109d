use std::collections::BTreeMap;

/// The maximum number of characters of a name that are kept or shown.
pub(super) const LONGEST: usize = 60;

/// Why a model cannot become a net.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file is broken, or beyond the limits.
    #[error("not a sound ONNX model: {0}")]
    Malformed(String),
    /// Weights in a file beside the model that cannot be read.
    #[error("its tensor `{tensor}` is in the file `{file}` beside it: {what}")]
    Beside {
        /// Its name.
        tensor: String,
        /// The file's name, as the model states it.
        file: String,
        /// What is wrong.
        what: String,
    },
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
pub(super) enum Fault {
    /// The language has no such op, or not with this attribute.
    Unsupported(String),
    /// The file is wrong.
    Malformed(String),
    /// It reads the result of a node that has an error already.
    Known,
}

pub(super) type Result<T> = std::result::Result<T, Fault>;

/// A name as a message shows it: short, without control characters.
pub(super) fn shown(name: &str) -> String {
    name.chars().take(LONGEST).map(|c| if c.is_control() { '?' } else { c }).collect()
}
