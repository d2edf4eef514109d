//! Convolutions timed on this machine, once for each shape.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Instant;

use tch::{Device, Kind, TchError, Tensor};

use super::convolution::Convolution;
use crate::disk;
use crate::graph::op::Conv;
use crate::lower::kernels::{Epilogue, Kernels, Workspace};
use crate::lower::torch::channels_last;
use crate::lower::{Algorithm, At, ConvChoice, TorchError, Ways};

/// Images on which a convolution is timed, at most.
const IMAGES: u64 = 128;
/// Multiplications of a batch below which the choice does not matter.
const SMALL: u64 = 30_000_000;

/// How algorithms are chosen.
#[derive(Debug, Clone, Default)]
pub struct Tuning {
    /// Among which.
    pub choice: ConvChoice,
    /// Where measurements are kept. Without it they are made anew.
    pub cache: Option<PathBuf>,
    /// The machine that they hold for, in words.
    pub machine: String,
}

type Found = BTreeMap<String, Algorithm>;

impl Tuning {
    /// The ways of a convolution of `[inside, height, width]` on batches of so many images.
    ///
    /// # Errors
    /// What libtorch refuses.
    pub(super) fn ways(
        &self,
        kernels: Kernels,
        op: &Conv,
        [inside, height, width]: [u64; 3],
        (batch, kind): (usize, Kind),
        backward: bool,
    ) -> Result<Ways, TorchError> {
        let wanted = match self.choice {
            ConvChoice::Library => return Ok(Ways::all(Algorithm::Library)),
            ConvChoice::F2 => return Ok(Ways::all(Algorithm::Two)),
            ConvChoice::F4 => return Ok(Ways::all(Algorithm::Four)),
            // In bf16 Winograd's rounds more than the library does.
            ConvChoice::Auto if kind == Kind::BFloat16 => return Ok(Ways::all(Algorithm::Library)),
            ConvChoice::Auto => Algorithm::Four,
        };
        let images = IMAGES.min(batch as u64);
        let macs = [images, inside, op.out, 9, height, width].into_iter().fold(1u64, u64::saturating_mul);
        if macs < SMALL {
            return Ok(Ways::all(Algorithm::Library));
        }
        let build = if cfg!(debug_assertions) { "debug" } else { "release" };
        let key = format!(
            "{} {build} {}: {kind:?} {images} x {inside} x {height} x {width} -> {}",
            env!("CARGO_PKG_VERSION"),
            self.machine,
            op.out
        );
        let names = ["forward", "input", "weights"].map(|direction| format!("{key} {direction}"));
        let needed = if backward { &names[..] } else { &names[..1] };
        let mut cache = Cache::open(self.cache.as_deref());
        if needed.iter().any(|name| !cache.found.contains_key(name)) {
            let sizes = [images, inside, height, width].map(|size| size as i64);
            let ways = measure(kernels, op, sizes, kind, wanted, backward).at("timing convolutions")?;
            let all = [ways.forward, ways.input, ways.weights];
            cache.found.extend(needed.iter().cloned().zip(all));
            cache.save();
        }
        let way = |name: &String| cache.found.get(name).copied().unwrap_or(Algorithm::Library);
        Ok(Ways { forward: way(&names[0]), input: way(&names[1]), weights: way(&names[2]) })
    }
}

/// What was measured before. It is locked until it is dropped, so that processes beside this one wait for its
/// measurements, and all choose alike.
struct Cache {
    found: Found,
    place: Option<(PathBuf, File)>,
}

impl Cache {
    /// Where it cannot be, everything is measured; likewise what cannot be read.
    fn open(path: Option<&Path>) -> Cache {
        let lock = |path: &Path| -> std::io::Result<File> {
            fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
            let lock = File::create(path.with_extension("lock"))?;
            lock.lock()?;
            Ok(lock)
        };
        let place = path.and_then(|path| Some((path.to_path_buf(), lock(path).ok()?)));
        let text = place.as_ref().and_then(|(path, _)| fs::read_to_string(path).ok()).unwrap_or_default();
        Cache { found: serde_json::from_str(&text).unwrap_or_default(), place }
    }

    fn save(&self) {
        let Some((path, _lock)) = &self.place else { return };
        let text = serde_json::to_string_pretty(&self.found).unwrap_or_default() + "\n";
        // Where it fails, the next process measures again.
        let _ = disk::replace(path, text.as_bytes());
    }
}

/// The faster of the library and `other`, in each direction.
fn measure(
    kernels: Kernels,
    op: &Conv,
    [images, inside, height, width]: [i64; 4],
    kind: Kind,
    other: Algorithm,
    backward: bool,
) -> Result<Ways, TchError> {
    let outside = op.out as i64;
    let image = |channels: i64| {
        channels_last(&Tensor::f_ones([images, channels, height, width], (kind, Device::Cpu))?)
    };
    let weights = || channels_last(&Tensor::f_ones([outside, inside, 3, 3], (Kind::Float, Device::Cpu))?);
    let (x, y, dx, weight, dw) = (image(inside)?, image(outside)?, image(inside)?, weights()?, weights()?);
    let mut workspace = Workspace::default();
    let mut ways = Ways::all(Algorithm::Library);
    let mut best = [f64::INFINITY; 3];
    for algorithm in [Algorithm::Library, other] {
        let mut conv = Convolution::new(op.clone(), Ways::all(algorithm));
        for (i, best) in best.iter_mut().enumerate().take(if backward { 3 } else { 1 }) {
            let time = fastest(|| match i {
                0 => {
                    conv.renew();
                    let finish = Epilogue::default();
                    let y = || Ok(y.shallow_clone());
                    conv.forward(Some(kernels), &x, &weight, finish, y, &mut workspace).map(|_| ())
                }
                1 => {
                    let dx = || Ok(dx.shallow_clone());
                    conv.by_input(Some(kernels), [&y, &x], &weight, dx, &mut workspace).map(|_| ())
                }
                _ => conv.by_weights(Some(kernels), [&y, &x], &weight, &dw, &mut workspace),
            })?;
            if time < *best {
                *best = time;
                match i {
                    0 => ways.forward = algorithm,
                    1 => ways.input = algorithm,
                    _ => ways.weights = algorithm,
                }
            }
        }
    }
    Ok(ways)
}

fn fastest(mut run: impl FnMut() -> Result<(), TchError>) -> Result<f64, TchError> {
    run()?;
    let mut best = f64::INFINITY;
    for _ in 0..2 {
        let start = Instant::now();
        run()?;
        best = best.min(start.elapsed().as_secs_f64());
    }
    Ok(best)
}
