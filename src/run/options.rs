use std::str::FromStr;

use crate::lower::{Precision, cpu};

/// The requested device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DeviceChoice {
    /// The first CUDA GPU if there is one, else the CPU.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// The CUDA GPU with this number.
    Cuda(usize),
}

impl FromStr for DeviceChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<DeviceChoice, String> {
        match text {
            "auto" => Ok(DeviceChoice::Auto),
            "cpu" => Ok(DeviceChoice::Cpu),
            "cuda" => Ok(DeviceChoice::Cuda(0)),
            _ => text
                .strip_prefix("cuda:")
                .and_then(|n| n.parse().ok())
                .map(DeviceChoice::Cuda)
                .ok_or_else(|| format!("expected auto, cpu or cuda:0, got `{text}`")),
        }
    }
}

/// The requested precision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PrecisionChoice {
    /// fp16 on CUDA, bf16 on a CPU [that is faster with it](cpu::prefers_bf16), else fp32.
    #[default]
    Auto,
    /// This one.
    Exactly(Precision),
}

impl PrecisionChoice {
    /// What it is written as.
    pub const WORDS: &str = "auto, fp64, fp32, bf16 or fp16";

    /// On this machine's CPU.
    pub fn on_cpu(self) -> Precision {
        match self {
            PrecisionChoice::Exactly(precision) => precision,
            PrecisionChoice::Auto if cpu::prefers_bf16() => Precision::Bf16,
            PrecisionChoice::Auto => Precision::Fp32,
        }
    }
}

impl FromStr for PrecisionChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<PrecisionChoice, String> {
        match text {
            "auto" => Ok(PrecisionChoice::Auto),
            _ => text
                .parse()
                .map(PrecisionChoice::Exactly)
                .map_err(|_| format!("expected {}, got `{text}`", PrecisionChoice::WORDS)),
        }
    }
}
