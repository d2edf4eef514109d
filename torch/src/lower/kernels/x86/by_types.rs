//! Calls by the vectors of a processor and the number type of an image.

/// Calls a function of vectors and number type.
macro_rules! by_types {
    ($tier:expr, $kind:expr, $function:ident($($argument:expr),*)) => {
        match ($tier, $kind) {
            (Tier::Avx2(simd), Kind::BFloat16) => $function::<_, Bf16>(simd, $($argument),*),
            (Tier::Avx2(simd), _) => $function::<_, f32>(simd, $($argument),*),
            (Tier::Avx512(simd), Kind::BFloat16) => $function::<_, Bf16>(simd, $($argument),*),
            (Tier::Avx512Bf16(_, simd), Kind::BFloat16) => {
                $function::<_, Bf16>(simd, $($argument),*)
            }
            (Tier::Avx512(simd) | Tier::Avx512Bf16(simd, _), _) => {
                $function::<_, f32>(simd, $($argument),*)
            }
        }
    };
}

pub(super) use by_types;
