use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The arithmetic of the activations and of the weights as they are used. Masters, batch
/// normalisation's own arithmetic and the loss are fp32, in `Fp64` fp64 like all the rest.
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
    /// Bytes of a number.
    pub fn bytes(self) -> u64 {
        match self {
            Precision::Fp64 => 8,
            Precision::Fp32 => 4,
            Precision::Bf16 | Precision::Fp16 => 2,
        }
    }

    /// As the command line writes it.
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
