use netc::recipe::TestViews;
use tch::{TchError, Tensor};

/// The views of a batch of images, each with its weight in the mean.
pub(super) fn views(which: TestViews, images: &Tensor) -> Result<Vec<(f64, Tensor)>, TchError> {
    let mirrored = |image: Tensor| Ok::<_, TchError>([image.f_flip([3])?, image]);
    let weighted = |part: f64, images: [Tensor; 2]| images.map(|image| (part, image));
    let plain = images.shallow_clone();
    match which {
        TestViews::Plain => Ok(vec![(1.0, plain)]),
        TestViews::Flip => Ok(weighted(0.5, mirrored(plain)?).into()),
        TestViews::FlipShift => {
            let [height, width] = [2, 3].map(|side| images.size()[side]);
            let wide = images.f_reflection_pad2d([1, 1, 1, 1])?;
            let shifted = |by: i64| mirrored(wide.f_narrow(2, by, height)?.f_narrow(3, by, width)?);
            let all = [
                weighted(0.25, mirrored(plain)?),
                weighted(0.125, shifted(0)?),
                weighted(0.125, shifted(2)?),
            ];
            Ok(all.into_iter().flatten().collect())
        }
    }
}

/// A sum plus a weighted tensor; a single tensor with weight 1 is returned as it is.
pub(super) fn add(sum: Option<Tensor>, tensor: Tensor, part: f64) -> Result<Tensor, TchError> {
    let own = if part == 1.0 { tensor } else { tensor.f_mul_scalar(part)? };
    sum.map_or(Ok(own.shallow_clone()), |sum| sum.f_add(&own))
}
