//! What shows that this processor has the instructions that the kernels need.

use netc::lower::Precision;
use netc::lower::cpu::{Feature, Features, runs_kernels};

macro_rules! evidence {
    ($($(#[$doc:meta])* $name:ident),*) => {$(
        $(#[$doc])*
        #[cfg(target_arch = "x86_64")]
        #[derive(Debug, Clone, Copy)]
        pub(super) struct $name(());

        /// Nothing shows it.
        #[cfg(not(target_arch = "x86_64"))]
        #[derive(Debug, Clone, Copy)]
        pub(super) enum $name {}
    )*};
}

evidence! {
    /// Shows that this processor has [`Feature::Avx2`].
    Avx2,
    /// Shows that this processor has [`Feature::Avx512`].
    Avx512,
    /// Shows that this processor has [`Feature::Avx512Bf16`].
    Avx512Bf16
}

/// Shows which vectors this processor computes with.
#[derive(Debug, Clone, Copy)]
pub(super) enum Tier {
    Avx2(Avx2),
    Avx512(Avx512),
    Avx512Bf16(Avx512, Avx512Bf16),
}

/// Shows that this processor has what netc's kernels
/// [need](netc::lower::cpu::kernels_need).
#[derive(Debug, Clone, Copy)]
pub struct Kernels {
    tier: Tier,
    vnni: bool,
}

impl Kernels {
    /// The kernels of a precision, if this processor has what they need.
    pub fn detect(precision: Precision) -> Option<Kernels> {
        Kernels::within(precision, Features::ALL)
    }

    /// The same on a processor as if it had no more than these features.
    pub fn within(precision: Precision, features: Features) -> Option<Kernels> {
        let features = features.and(Features::detect());
        runs_kernels(features, precision).then(|| Kernels::on_this(features)).flatten()
    }

    /// To be called where this processor has the features.
    #[cfg(target_arch = "x86_64")]
    fn on_this(features: Features) -> Option<Kernels> {
        let has = |feature| features.contains(Features::NONE.with(feature));
        let tier = if has(Feature::Avx512Bf16) {
            Tier::Avx512Bf16(Avx512(()), Avx512Bf16(()))
        } else if has(Feature::Avx512) {
            Tier::Avx512(Avx512(()))
        } else {
            Tier::Avx2(Avx2(()))
        };
        let vnni = match tier {
            Tier::Avx2(_) => Feature::AvxVnni,
            Tier::Avx512(_) | Tier::Avx512Bf16(..) => Feature::Avx512Vnni,
        };
        Some(Kernels { tier, vnni: has(vnni) })
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn on_this(_features: Features) -> Option<Kernels> {
        None
    }

    /// The vectors.
    pub(super) fn tier(self) -> Tier {
        self.tier
    }

    /// Whether there is an instruction for dot products of integers.
    pub(super) fn vnni(self) -> bool {
        self.vnni
    }
}

/// What a kernel computes; where there are none, the evidence that it would need cannot exist.
macro_rules! compute {
    ($evidence:expr, $call:expr) => {{
        #[cfg(target_arch = "x86_64")]
        let computed = $call;
        #[cfg(not(target_arch = "x86_64"))]
        let computed = match $evidence.tier() {
            Tier::Avx2(never) => match never {},
            Tier::Avx512(never) | Tier::Avx512Bf16(never, _) => match never {},
        };
        computed
    }};
}

pub(super) use compute;
