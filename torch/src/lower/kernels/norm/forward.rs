use std::arch::x86_64::*;
use std::ops::Range;

use super::super::element::{Element, within};
use super::super::image::Image;
use super::{FusedOps, Moments};

/// Writes what comes after the normalisation of a part of an image.
///
/// # Safety
/// The images' sizes fit one another and are of this type. The machine has the target features.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,fma")]
pub(super) unsafe fn forward<E: Element>(
    x: &Image,
    y: &Image,
    add: Option<&Image>,
    moments: &Moments,
    after: FusedOps,
    units: Range<usize>,
) {
    let [_, channels, _, width] = x.sizes;
    let (from, to, add) = (x.data::<E>(), y.data::<E>(), add.map(Image::data::<E>));
    let below = if after.relu { _mm512_setzero_ps() } else { _mm512_set1_ps(f32::NEG_INFINITY) };
    let places = if after.pool { width / 2 } else { 1 };
    for place in units.start * places..units.end * places {
        let corner = match after.pool {
            true => place / places * 2 * width + place % places * 2,
            false => place,
        };
        for channel in (0..channels).step_by(16) {
            let mask = within(channels, channel);
            // SAFETY: the mask keeps to the channels of pixels of the images.
            unsafe {
                let scale = f32::load(moments.scale.as_ptr().add(channel), mask);
                let shift = f32::load(moments.shift.as_ptr().add(channel), mask);
                let at = |pixel: usize| {
                    let value = E::load(from.at((corner + pixel) * channels + channel), mask);
                    _mm512_fmadd_ps(value, scale, shift)
                };
                let value = match after.pool {
                    true => _mm512_max_ps(
                        _mm512_max_ps(at(0), at(1)),
                        _mm512_max_ps(at(width), at(width + 1)),
                    ),
                    false => at(0),
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
