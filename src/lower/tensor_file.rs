//! A `safetensors` file with a checksum of all its bytes, without libtorch.

use std::borrow::Cow;
use std::collections::HashMap;

use safetensors::{Dtype, SafeTensorError, SafeTensors, View};
use serde_json::Value as Facts;
use sha2::{Digest, Sha256};

use crate::limits::{MAX_CHECKPOINT_BYTES, MAX_TENSOR_HEADER_BYTES};

/// The metadata key of netc: the checksum, a space, and the facts as JSON.
const KEY: &str = "netc";
/// The start of the checksum in the header.
const SEAL: &[u8] = b"\"netc\":\"sha256:";
/// Name prefixes of the first and the second optimiser state tensor of a weight.
pub const OPTIMISER: [&str; 2] = ["optimiser/", "optimiser2/"];
/// Name prefix of the exponential moving average of the weights.
pub const EMA: &str = "ema/";
/// Name prefix of the slow weights of lookahead.
pub const SLOW: &str = "slow/";
/// All prefixes of tensors that are not themselves weights and buffers of the net.
pub const STATE: [&str; 4] = [OPTIMISER[0], OPTIMISER[1], EMA, SLOW];

/// The maximum file size for a net with this many weights: each is stored at most five times, in
/// fp64 at most.
pub fn most_bytes(weights: u64) -> u64 {
    const COPIES: u64 = 5;
    weights
        .saturating_mul(8 * COPIES)
        .saturating_add(MAX_TENSOR_HEADER_BYTES)
        .min(MAX_CHECKPOINT_BYTES)
}

/// Hexadecimal digits of SHA-256.
const DIGITS: usize = 64;

/// What is wrong with a file of tensors.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TensorFileError {
    /// It is not a `safetensors` file, or one cannot be made.
    #[error("{0}")]
    Format(String),
    /// It was changed since it was written.
    #[error("its checksum is not that of its content")]
    Damaged,
    /// It has no checksum where netc writes one.
    #[error("its checksum cannot be read")]
    Checksum,
    /// It lacks a tensor.
    #[error("it lacks `{0}`")]
    Missing(String),
    /// A tensor has another type or shape than expected.
    #[error("expected `{name}` as F32 {expected:?}, got {dtype} {shape:?}")]
    Tensor {
        /// The tensor.
        name: String,
        /// The shape that it should have.
        expected: Vec<i64>,
        /// Its type.
        dtype: String,
        /// Its shape.
        shape: Vec<usize>,
    },
}

impl TensorFileError {
    fn format(error: SafeTensorError) -> TensorFileError {
        use SafeTensorError as Error;
        TensorFileError::Format(match error {
            Error::HeaderTooLarge | Error::HeaderTooSmall | Error::InvalidHeader(_) => {
                "it is no safetensors file".into()
            }
            Error::InvalidHeaderDeserialization(_) | Error::JsonError(_) => {
                "its header is not one of safetensors: a name, a type, a shape and a place for each tensor"
                    .into()
            }
            Error::InvalidHeaderLength | Error::MetadataIncompleteBuffer => {
                "it is cut short, or has bytes that belong to no tensor".into()
            }
            Error::InvalidOffset(name) => format!("its header gives `{name}` a wrong place"),
            Error::TensorInvalidInfo | Error::ValidationOverflow => {
                "its header gives a tensor a shape that is not that of its bytes".into()
            }
            error => error.to_string(),
        })
    }
}

type Result<T> = std::result::Result<T, TensorFileError>;

/// A tensor in the file.
#[derive(Debug)]
pub struct Entry {
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl Entry {
    /// An fp32 tensor, row-major.
    pub fn floats(shape: Vec<usize>, values: &[f32]) -> Entry {
        Entry {
            dtype: Dtype::F32,
            shape,
            bytes: values.iter().flat_map(|x| x.to_le_bytes()).collect(),
        }
    }

    /// An fp64 tensor, row-major.
    pub fn doubles(shape: Vec<usize>, values: &[f64]) -> Entry {
        Entry {
            dtype: Dtype::F64,
            shape,
            bytes: values.iter().flat_map(|x| x.to_le_bytes()).collect(),
        }
    }

    /// An integer tensor, row-major.
    pub fn integers(shape: Vec<usize>, values: &[i64]) -> Entry {
        Entry {
            dtype: Dtype::I64,
            shape,
            bytes: values.iter().flat_map(|x| x.to_le_bytes()).collect(),
        }
    }
}

/// The numbers of a tensor in the file, row-major, as they are stored.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// In fp32.
    Single(Vec<f32>),
    /// In fp64, by a training in this precision.
    Double(Vec<f64>),
}

impl From<Values> for Vec<f32> {
    fn from(values: Values) -> Vec<f32> {
        match values {
            Values::Single(values) => values,
            Values::Double(values) => values.into_iter().map(|x| x as f32).collect(),
        }
    }
}

impl View for &Entry {
    fn dtype(&self) -> Dtype {
        self.dtype
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        (&self.bytes).into()
    }

    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}

/// The bytes of a file with these tensors and facts. The same content gives the same bytes.
///
/// # Errors
/// Tensors that the format cannot represent.
pub fn write(entries: &[(String, Entry)], facts: Option<&Facts>) -> Result<Vec<u8>> {
    let facts = facts.map(|facts| format!(" {facts}")).unwrap_or_default();
    // A single key, because the order of several keys in the map would not be deterministic.
    let words = HashMap::from([(KEY.to_string(), format!("sha256:{:0DIGITS$}{facts}", 0))]);
    let named = entries.iter().map(|(name, entry)| (name, entry));
    let mut bytes = safetensors::serialize(named, Some(words)).map_err(TensorFileError::format)?;
    let at = checksum_at(&bytes).ok_or(TensorFileError::Checksum)?;
    let sum = checksum(&bytes, at);
    bytes[at..at + DIGITS].copy_from_slice(sum.as_bytes());
    Ok(bytes)
}

/// An opened file whose checksum matches, if it has one.
#[derive(Debug)]
pub struct TensorFile<'b> {
    tensors: SafeTensors<'b>,
    /// Its metadata.
    pub facts: Option<Facts>,
}

/// Reads the bytes of a file. A file from another program has no checksum and is not verified.
///
/// # Errors
/// What is damaged.
pub fn open(bytes: &[u8]) -> Result<TensorFile<'_>> {
    let at = checksum_at(bytes);
    if at.is_some_and(|at| bytes[at..at + DIGITS] != *checksum(bytes, at).as_bytes()) {
        return Err(TensorFileError::Damaged);
    }
    let tensors = SafeTensors::deserialize(bytes).map_err(TensorFileError::format)?;
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(TensorFileError::format)?;
    let words = metadata.metadata().as_ref().and_then(|words| words.get(KEY));
    if words.is_some() && at.is_none() {
        return Err(TensorFileError::Checksum);
    }
    let facts = words.and_then(|words| words.split_once(' '));
    let facts = facts.and_then(|(_, facts)| serde_json::from_str(facts).ok());
    Ok(TensorFile { tensors, facts })
}

impl TensorFile<'_> {
    /// The values of a tensor in fp32, as [`TensorFile::stored_values`] finds them.
    ///
    /// # Errors
    /// What was expected, and what was found.
    pub fn floats(&self, name: &str, dims: &[i64]) -> Result<Vec<f32>> {
        self.stored_values(name, dims).map(Into::into)
    }

    /// The values of a tensor, which must be fp32 or fp64 with this shape.
    ///
    /// # Errors
    /// What was expected, and what was found.
    pub fn stored_values(&self, name: &str, dims: &[i64]) -> Result<Values> {
        let found = self.tensors.tensor(name);
        let found = found.map_err(|_| TensorFileError::Missing(name.into()))?;
        let alike =
            found.shape().iter().map(|&d| i64::try_from(d).ok()).eq(dims.iter().map(|&d| Some(d)));
        match found.dtype() {
            Dtype::F32 if alike => {
                let (words, _) = found.data().as_chunks();
                Ok(Values::Single(words.iter().map(|b| f32::from_le_bytes(*b)).collect()))
            }
            Dtype::F64 if alike => {
                let (words, _) = found.data().as_chunks();
                Ok(Values::Double(words.iter().map(|b| f64::from_le_bytes(*b)).collect()))
            }
            dtype => Err(TensorFileError::Tensor {
                name: name.into(),
                expected: dims.into(),
                dtype: format!("{dtype:?}"),
                shape: found.shape().into(),
            }),
        }
    }

    /// The name prefix of the weights to evaluate: that of the moving average, if there is one.
    pub fn eval_prefix(&self) -> &'static str {
        if self.names().iter().any(|name| name.starts_with(EMA)) { EMA } else { "" }
    }

    /// The first name that is neither training state nor known.
    pub fn extra(&self, known: impl Fn(&str) -> bool) -> Option<&str> {
        let is_state = |name: &str| STATE.iter().any(|prefix| name.starts_with(prefix));
        self.names().into_iter().find(|name| !is_state(name) && !known(name))
    }

    /// The names of its tensors, in alphabetical order.
    pub fn names(&self) -> Vec<&str> {
        let mut names = self.tensors.names();
        names.sort_unstable();
        names
    }
}

/// The position of the checksum's digits in the header.
fn checksum_at(bytes: &[u8]) -> Option<usize> {
    let length = u64::from_le_bytes(*bytes.first_chunk()?);
    let header = bytes.get(8..)?.get(..usize::try_from(length).ok()?)?;
    let at = 8 + SEAL.len() + header.windows(SEAL.len()).position(|part| part == SEAL)?;
    (at + DIGITS <= 8 + header.len()).then_some(at)
}

/// SHA-256 of all bytes, with zeros in place of the checksum.
fn checksum(bytes: &[u8], at: usize) -> String {
    let mut digest = Sha256::new();
    digest.update(&bytes[..at]);
    digest.update([b'0'; DIGITS]);
    digest.update(&bytes[at + DIGITS..]);
    digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
