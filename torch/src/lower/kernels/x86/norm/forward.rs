use std::arch::x86_64::*;
use std::ops::Range;

use netc::lower::schedule::FusedOps;

use super::super::scalar::{Bf16, Scalar, within};
use super::units::units;
use crate::lower::kernels::evidence::Tier;
use crate::lower::kernels::image::Image;
use crate::lower::kernels::moments::Moments;
use crate::lower::kernels::pool::shared;

/// An image, what is written from it, and how.
#[derive(Debug, Clone, Copy)]
pub(in crate::lower::kernels) struct Normalised<'a> {
    pub x: Image,
    pub y: Image,
    pub add: Option<Image>,
    pub moments: &'a Moments,
    pub after: FusedOps,
}

/// Writes what comes after the normalisation.
///
/// # Safety
/// The images' sizes fit one another, and they are of the tier's numbers.
pub(in crate::lower::kernels) unsafe fn normalise(tier: Tier, all: Normalised<'_>) {
    // SAFETY: the caller vouches for the images.
    unsafe {
        match tier {
            Tier::Fp32(evidence) => normalise_as::<f32>(evidence, all),
            Tier::Bf16(evidence) => normalise_as::<Bf16>(evidence, all),
        }
    }
}

unsafe fn normalise_as<E: Scalar>(evidence: E::Evidence, all: Normalised<'_>) {
    shared(units(&all.x, all.after), |units| {
        // SAFETY: each thread writes its own rows.
        E::run(
            evidence,
            #[inline(always)]
            move || unsafe { forward::<E>(&all, units) },
        );
    });
}

/// A part of the image.
#[inline(always)]
unsafe fn forward<E: Scalar>(all: &Normalised<'_>, units: Range<usize>) {
    let Normalised { x, y, add, moments, after } = *all;
    let [_, channels, _, width] = x.sizes;
    let (from, to, add) = (x.data::<E>(), y.data::<E>(), add.map(|add| add.data::<E>()));
    let places = if after.pool { width / 2 } else { 1 };
    // SAFETY: the mask keeps to the channels of pixels of the images.
    unsafe {
        let below =
            if after.relu() { _mm512_setzero_ps() } else { _mm512_set1_ps(f32::NEG_INFINITY) };
        for place in units.start * places..units.end * places {
            let corner = match after.pool {
                true => place / places * 2 * width + place % places * 2,
                false => place,
            };
            for channel in (0..channels).step_by(16) {
                let mask = within(channels, channel);
                let scale = f32::load(moments.scale.as_ptr().add(channel), mask);
                let shift = f32::load(moments.shift.as_ptr().add(channel), mask);
                macro_rules! at {
                    ($pixel:expr) => {{
                        let value = E::load(from.at((corner + $pixel) * channels + channel), mask);
                        _mm512_fmadd_ps(value, scale, shift)
                    }};
                }
                let value = match after.pool {
                    true => _mm512_max_ps(
                        _mm512_max_ps(at!(0), at!(1)),
                        _mm512_max_ps(at!(width), at!(width + 1)),
                    ),
                    false => at!(0),
                };
                // The second operand is what comes out where one is NaN.
                let mut value = _mm512_max_ps(below, value);
                if let Some(add) = add {
                    value = _mm512_add_ps(value, E::load(add.at(place * channels + channel), mask));
                }
                E::store(to.at(place * channels + channel), mask, value);
            }
        }
    }
}
