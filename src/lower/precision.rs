use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The precision of activations and of weights in computations. Master weights, batch normalisation
/// and the loss are always fp32, except that with `Fp64` everything is fp64.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// IEEE double: slow, for comparison with other implementations.
    Fp64,
    /// IEEE single.
    Fp32,
    /// bfloat16.
    Bf16,
    /// IEEE half.
    Fp16,
}

impl Precision {
    /// Bytes per element.
    pub fn bytes(self) -> u64 {
        match self {
            Precision::Fp64 => 8,
            Precision::Fp32 => 4,
            Precision::Bf16 | Precision::Fp16 => 2,
        }
    }

    /// Its name on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Precision::Fp64 => "fp64",
            Precision::Fp32 => "fp32",
            Precision::Bf16 => "bf16",
            Precision::Fp16 => "fp16",
        }
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Precision {
    type Err = String;

    fn from_str(text: &str) -> Result<Precision, String> {
        [Precision::Fp64, Precision::Fp32, Precision::Bf16, Precision::Fp16]
            .into_iter()
            .find(|p| p.as_str() == text)
            .ok_or_else(|| format!("expected fp64, fp32, bf16 or fp16, got `{text}`"))
    }
}
