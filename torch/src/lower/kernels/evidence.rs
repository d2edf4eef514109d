//! What shows that this processor has the instructions that the kernels need.

use netc::lower::Precision;
use netc::lower::cpu::{Features, runs_kernels};
use tch::{Kind, TchError};

/// Shows that this processor has [`Features::AVX512`].
#[cfg(target_arch = "x86_64")]
#[derive(Debug, Clone, Copy)]
pub(super) struct Avx512(());

/// Shows that this processor has [`Features::AVX512_BF16`].
#[cfg(target_arch = "x86_64")]
#[derive(Debug, Clone, Copy)]
pub(super) struct Avx512Bf16(());

/// Nothing shows it.
#[cfg(not(target_arch = "x86_64"))]
#[derive(Debug, Clone, Copy)]
pub(super) enum Avx512 {}

/// Nothing shows it.
#[cfg(not(target_arch = "x86_64"))]
#[derive(Debug, Clone, Copy)]
pub(super) enum Avx512Bf16 {}

/// What shows that a kernel may run, by the numbers that it computes with.
#[derive(Debug, Clone, Copy)]
pub(super) enum Tier {
    Fp32(Avx512),
    Bf16(Avx512Bf16),
}

/// Shows that this processor has what the kernels of a precision
/// [need](netc::lower::cpu::kernels_need). Those for fp32 tensors are always among them.
#[derive(Debug, Clone, Copy)]
pub struct Kernels {
    fp32: Avx512,
    bf16: Option<Avx512Bf16>,
}

impl Kernels {
    /// The kernels of a precision, if this processor has what they need.
    pub fn detect(precision: Precision) -> Option<Kernels> {
        Kernels::within(precision, Features::AVX512_BF16)
    }

    /// The same on a processor as if it had no more than these features.
    pub fn within(precision: Precision, features: Features) -> Option<Kernels> {
        let features = features.and(Features::detect());
        runs_kernels(features, precision).then(|| Kernels::on_this(precision)).flatten()
    }

    /// To be called where this processor has the features.
    #[cfg(target_arch = "x86_64")]
    fn on_this(precision: Precision) -> Option<Kernels> {
        let bf16 = (precision == Precision::Bf16).then_some(Avx512Bf16(()));
        Some(Kernels { fp32: Avx512(()), bf16 })
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn on_this(_precision: Precision) -> Option<Kernels> {
        None
    }

    /// For numbers of fp32.
    pub(super) fn fp32(self) -> Avx512 {
        self.fp32
    }

    /// For tensors of a kind.
    pub(super) fn tier(self, kind: Kind) -> Result<Tier, TchError> {
        match (kind, self.bf16) {
            (Kind::Float, _) => Ok(Tier::Fp32(self.fp32)),
            (Kind::BFloat16, Some(bf16)) => Ok(Tier::Bf16(bf16)),
            (kind, _) => Err(TchError::Kind(format!("no kernels for {kind:?}"))),
        }
    }
}

/// What a kernel computes; where there are none, the evidence that it would need cannot exist.
macro_rules! compute {
    ($evidence:expr, $call:expr) => {{
        #[cfg(target_arch = "x86_64")]
        let computed = $call;
        #[cfg(not(target_arch = "x86_64"))]
        let computed = match $evidence.fp32() {};
        computed
    }};
}

pub(super) use compute;
