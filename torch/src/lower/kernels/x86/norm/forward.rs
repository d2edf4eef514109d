use std::ops::Range;

use netc::lower::schedule::FusedOps;

use super::super::activation;
use super::super::by_types::by_types;
use super::super::element::{Bf16, Element};
use super::super::simd::Simd;
use super::units::units;
use crate::lower::kernels::evidence::Tier;
use crate::lower::kernels::image::{CACHED, Image, Kind};
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
    unsafe { by_types!(tier, all.x.kind, normalise_as(all)) }
}

unsafe fn normalise_as<S: Simd, E: Element>(simd: S, all: Normalised<'_>) {
    shared(units(&all.x, all.after), |units| {
        // SAFETY: each thread writes its own rows.
        simd.run(
            #[inline(always)]
            move || unsafe {
                let bounds = all.after.clamp().map(|bound| S::splat(bound));
                match all.after.on_cpu() {
                    Some(other) => forward::<S, E>(
                        &all,
                        units,
                        #[inline(always)]
                        |x| activation::value::<S>(other, x),
                    ),
                    None => forward::<S, E>(
                        &all,
                        units,
                        #[inline(always)]
                        |x| S::clamp(bounds, x),
                    ),
                }
            },
        );
    });
}

/// A part of the image.
#[inline(always)]
unsafe fn forward<S: Simd, E: Element>(
    all: &Normalised<'_>,
    units: Range<usize>,
    activation: impl Fn(S::Lanes) -> S::Lanes,
) {
    let Normalised { x, y, add, moments, after } = *all;
    let [_, channels, _, width] = x.sizes;
    let (from, to, add) = (x.data::<E>(), y.data::<E>(), add.map(|add| add.data::<E>()));
    let places = if after.pool { width / 2 } else { 1 };
    let past = y.streams(CACHED);
    // SAFETY: the count keeps to the channels of pixels of the images.
    unsafe {
        for place in units.start * places..units.end * places {
            let corner = match after.pool {
                true => place / places * 2 * width + place % places * 2,
                false => place,
            };
            for channel in (0..channels).step_by(S::LANES) {
                let count = channels - channel;
                let scale = S::load(moments.scale.as_ptr().add(channel), count);
                let shift = S::load(moments.shift.as_ptr().add(channel), count);
                macro_rules! at {
                    ($pixel:expr) => {{
                        let value =
                            E::load::<S>(from.at((corner + $pixel) * channels + channel), count);
                        S::fma(value, scale, shift)
                    }};
                }
                let value = match after.pool {
                    true => S::max(S::max(at!(0), at!(1)), S::max(at!(width), at!(width + 1))),
                    false => at!(0),
                };
                let mut value = activation(value);
                if let Some(add) = add {
                    value = S::add(value, E::load::<S>(add.at(place * channels + channel), count));
                }
                E::write::<S>(past, to.at(place * channels + channel), count, value);
            }
        }
    }
}
