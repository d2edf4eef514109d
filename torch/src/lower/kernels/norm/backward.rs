use std::arch::x86_64::*;
use std::ops::Range;

use super::super::element::{Element, within};
use super::super::image::Image;
use super::super::pool::Shared;
use super::statistics::{RUN, add_to};
use super::{FusedOps, Moments};

/// With `SUM`, adds the gradient that reaches the normalised values, and its product with
/// `x - mean`; otherwise writes `a g + b x + c` over `x`, with these three for each channel.
///
/// # Safety
/// The images' sizes fit one another and are of this type; with `SUM`, `to` has two sums for each
/// channel, otherwise the factors have a number for each. The machine has the target features.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,fma")]
pub(super) unsafe fn backward<E: Element, const SUM: bool>(
    x: &Image,
    gradients: [Option<&Image>; 2],
    moments: &Moments,
    after: FusedOps,
    units: Range<usize>,
    factors: [&[f32]; 3],
    to: Shared<f64>,
) {
    let [_, channels, _, width] = x.sizes;
    let zero = _mm512_setzero_ps();
    let data = x.data::<E>();
    let [first, second] = gradients.map(|g| g.map(Image::data::<E>));
    let Some(first) = first else { return };
    let places = if after.pool { width / 2 } else { 1 };
    let all = units.start * places..units.end * places;
    for run in all.clone().step_by(RUN) {
        for channel in (0..channels).step_by(16) {
            let mask = within(channels, channel);
            let (mut grad_bias, mut by_scale) = (zero, zero);
            // SAFETY: the mask keeps to the channels of pixels of the images.
            unsafe {
                let of = |numbers: &[f32]| f32::load(numbers.as_ptr().add(channel), mask);
                let (scale, shift, mean) =
                    (of(&moments.scale), of(&moments.shift), of(&moments.mean));
                let [a, b, c] = if SUM { [zero; 3] } else { factors.map(of) };
                for place in run..all.end.min(run + RUN) {
                    let mut gradient = E::load(first.at(place * channels + channel), mask);
                    if let Some(second) = second {
                        gradient = _mm512_add_ps(
                            gradient,
                            E::load(second.at(place * channels + channel), mask),
                        );
                    }
                    let corner = match after.pool {
                        true => place / places * 2 * width + place % places * 2,
                        false => place,
                    };
                    let offsets = [0, 1, width, width + 1];
                    let count = if after.pool { 4 } else { 1 };
                    let mut values = [zero; 4];
                    let mut normal = [zero; 4];
                    for i in 0..count {
                        values[i] =
                            E::load(data.at((corner + offsets[i]) * channels + channel), mask);
                        normal[i] = _mm512_fmadd_ps(values[i], scale, shift);
                    }
                    let mut through = 0xffff;
                    let mut largest = normal[0];
                    if after.pool {
                        largest = _mm512_max_ps(
                            _mm512_max_ps(largest, normal[1]),
                            _mm512_max_ps(normal[2], normal[3]),
                        );
                    }
                    if after.relu {
                        through = _mm512_cmp_ps_mask::<_CMP_GT_OQ>(largest, zero);
                    }
                    // The first of equal ones is the largest, as in libtorch.
                    for i in 0..count {
                        let this = match after.pool {
                            true => {
                                _mm512_mask_cmp_ps_mask::<_CMP_EQ_OQ>(through, normal[i], largest)
                            }
                            false => through,
                        };
                        through &= !this;
                        let gradient = _mm512_maskz_mov_ps(this, gradient);
                        if SUM {
                            grad_bias = _mm512_add_ps(grad_bias, gradient);
                            by_scale =
                                _mm512_fmadd_ps(gradient, _mm512_sub_ps(values[i], mean), by_scale);
                        } else {
                            let new =
                                _mm512_fmadd_ps(a, gradient, _mm512_fmadd_ps(b, values[i], c));
                            E::store(
                                data.at((corner + offsets[i]) * channels + channel),
                                mask,
                                new,
                            );
                        }
                    }
                }
                if SUM {
                    add_to(to.at(channel), mask, grad_bias);
                    add_to(to.at(channels + channel), mask, by_scale);
                }
            }
        }
    }
}
