//! What this machine's processor can do, and what netc's own kernels need of it.

use std::{env, fmt};

use super::Precision;
use crate::graph::op::Conv;

/// The variable that limits the instructions of oneDNN, and so of libtorch's convolutions; netc's
/// own kernels keep to it too. Its values are oneDNN's ("CPU Dispatcher Control"), in capitals or
/// not; those that it does not know limit nothing there either.
pub const LIMIT: &str = "ONEDNN_MAX_CPU_ISA";

/// Parts of what all threads of netc's kernels share, each with sums of its own: enough to even out
/// the threads' speed, and independent of how many threads there are.
pub const PARTS: usize = 32;

/// Instructions that a processor may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feature {
    /// Vectors of 256 bits, with fused multiplication and addition.
    Avx2,
    /// Dot products of integers in vectors of 256 bits.
    AvxVnni,
    /// Vectors of 512 bits: the parts F, BW, VL and DQ.
    Avx512,
    /// Dot products of integers in them.
    Avx512Vnni,
    /// Dot products of bf16.
    Avx512Bf16,
}

impl Feature {
    /// All, each after those that it builds on.
    pub const ALL: [Feature; 5] = [
        Feature::Avx2,
        Feature::AvxVnni,
        Feature::Avx512,
        Feature::Avx512Vnni,
        Feature::Avx512Bf16,
    ];

    /// What a processor has that has this.
    const fn implies(self) -> Features {
        let below = match self {
            Feature::Avx2 => Features::NONE,
            Feature::AvxVnni | Feature::Avx512 => Feature::Avx2.implies(),
            Feature::Avx512Vnni => Feature::Avx512.implies(),
            Feature::Avx512Bf16 => Feature::Avx512Vnni.implies(),
        };
        Features(below.0 | 1 << self as u8)
    }

    fn detected(self) -> bool {
        #[cfg(target_arch = "x86_64")]
        let has = match self {
            Feature::Avx2 => {
                std::arch::is_x86_feature_detected!("avx2")
                    && std::arch::is_x86_feature_detected!("fma")
            }
            Feature::AvxVnni => std::arch::is_x86_feature_detected!("avxvnni"),
            Feature::Avx512 => {
                std::arch::is_x86_feature_detected!("avx512f")
                    && std::arch::is_x86_feature_detected!("avx512bw")
                    && std::arch::is_x86_feature_detected!("avx512vl")
                    && std::arch::is_x86_feature_detected!("avx512dq")
            }
            Feature::Avx512Vnni => std::arch::is_x86_feature_detected!("avx512vnni"),
            Feature::Avx512Bf16 => std::arch::is_x86_feature_detected!("avx512bf16"),
        };
        #[cfg(not(target_arch = "x86_64"))]
        let has = false;
        has
    }
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Feature::Avx2 => "AVX2",
            Feature::AvxVnni => "AVX-VNNI",
            Feature::Avx512 => "AVX-512",
            Feature::Avx512Vnni => "AVX512-VNNI",
            Feature::Avx512Bf16 => "AVX512-BF16",
        })
    }
}

/// A set of [`Feature`]s that holds all that each of them builds on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Features(u8);

impl Features {
    /// None of them.
    pub const NONE: Features = Features(0);
    /// All of them.
    pub const ALL: Features = Feature::Avx512Bf16.implies().with(Feature::AvxVnni);
    /// Those of a processor with AVX2, without dot products.
    pub const AVX2: Features = Feature::Avx2.implies();
    /// Those of a processor with AVX-512, without its later parts.
    pub const AVX512: Features = Feature::Avx512.implies();
    /// The same with the dot products of bf16.
    pub const AVX512_BF16: Features = Feature::Avx512Bf16.implies();

    /// Those of this machine's processor, as far as [`LIMIT`] allows them.
    pub fn detect() -> Features {
        let allowed = env::var(LIMIT).map_or(Features::ALL, |limit| Features::up_to(&limit));
        let has = Feature::ALL.into_iter().filter(|feature| feature.detected());
        let bits = has.fold(0, |bits, feature| bits | 1 << feature as u8);
        let whole = |feature: &Feature| bits & feature.implies().0 == feature.implies().0;
        Feature::ALL.into_iter().filter(whole).fold(Features::NONE, Features::with).and(allowed)
    }

    /// Those that a value of [`LIMIT`] allows.
    pub fn up_to(limit: &str) -> Features {
        match &*limit.to_ascii_lowercase() {
            "sse41" | "avx" => Features::NONE,
            "avx2" => Features::AVX2,
            "avx2_vnni" | "avx2_vnni_2" => Features::AVX2.with(Feature::AvxVnni),
            "avx512_core" => Features::AVX512,
            "avx512_core_vnni" => Features::AVX512.with(Feature::Avx512Vnni),
            "avx512_core_bf16" => Features::AVX512_BF16,
            _ => Features::ALL,
        }
    }

    /// With a feature and what it builds on.
    #[must_use]
    pub const fn with(self, feature: Feature) -> Features {
        Features(self.0 | feature.implies().0)
    }

    /// Those that are in both.
    #[must_use]
    pub const fn and(self, other: Features) -> Features {
        Features(self.0 & other.0)
    }

    /// Whether all of `needed` are among them.
    pub const fn contains(self, needed: Features) -> bool {
        self.0 & needed.0 == needed.0
    }

    /// Those of `needed` that are not among them.
    pub fn missing(self, needed: Features) -> impl Iterator<Item = Feature> {
        needed.iter().filter(move |feature| !self.contains(feature.implies()))
    }

    /// Each of them.
    pub fn iter(self) -> impl Iterator<Item = Feature> {
        Feature::ALL.into_iter().filter(move |feature| self.contains(feature.implies()))
    }
}

impl fmt::Display for Features {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.iter().map(|feature| feature.to_string()).collect();
        f.write_str(&names.join(" "))
    }
}

/// What netc's own kernels need to compute on tensors of a precision; `None` where they are not
/// written for it. What a processor has beyond this, they use.
pub const fn kernels_need(precision: Precision) -> Option<Features> {
    match precision {
        Precision::Fp32 | Precision::Bf16 => Some(Features::AVX2),
        Precision::Fp64 | Precision::Fp16 => None,
    }
}

/// Whether a processor with these features runs netc's own kernels in a precision.
pub fn runs_kernels(features: Features, precision: Precision) -> bool {
    kernels_need(precision).is_some_and(|needed| features.contains(needed))
}

/// Whether a convolution of images of so many columns in bf16 is fast and right by libtorch on a
/// processor with these features. It is fast with AVX-512. Where the kernel is dilated or an image
/// narrower than the stride, oneDNN 3.10 adds memory that it has not written to the weight gradient.
/// Elsewhere netc lets libtorch convolve in fp32.
pub fn library_convolves_bf16(features: Features, op: &Conv, columns: u64) -> bool {
    features.contains(Features::AVX512) && op.dilation == [1, 1] && columns >= op.stride[1]
}

/// Whether bf16 is faster than fp32 here: it is with netc's own kernels, by integers of 16 bits on a
/// processor without products of bf16.
pub fn prefers_bf16() -> bool {
    runs_kernels(Features::detect(), Precision::Bf16)
}
