//! Hashes in hexadecimal. They are validated, so they are safe as file names.

use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// The first `N` digits of a hash, in lower-case hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hex<const N: usize>(String);

/// The id of a run: the first digits of the SHA-256 of everything it depends on.
pub type RunId = Hex<16>;
/// A full SHA-256: of a graph's canonical text, or of a data set.
pub type Sha = Hex<64>;

impl<const N: usize> Hex<N> {
    /// Its digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first digits of the SHA-256 of these bytes.
    pub(super) fn digest(bytes: &[u8]) -> Hex<N> {
        let whole: String =
            Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        Hex(whole.chars().take(N).collect())
    }
}

impl<const N: usize> TryFrom<String> for Hex<N> {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let digits = |c: u8| matches!(c, b'0'..=b'9' | b'a'..=b'f');
        match text.len() == N && text.bytes().all(digits) {
            true => Ok(Hex(text)),
            false => Err(format!("expected {N} hexadecimal digits in lower case")),
        }
    }
}

impl<const N: usize> From<Hex<N>> for String {
    fn from(hex: Hex<N>) -> String {
        hex.0
    }
}

impl<const N: usize> AsRef<Path> for Hex<N> {
    fn as_ref(&self) -> &Path {
        Path::new(&self.0)
    }
}

impl<const N: usize> fmt::Display for Hex<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
