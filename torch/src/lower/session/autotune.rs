//! Autotuning of convolutions: timed on this machine, once per shape.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Instant;

use netc::disk;
use netc::graph::op::Conv;
use netc::lower::{
    ConvAlgorithm, ConvAlgorithms, ConvChoice, Disabled, Precision, Times, TorchError, Workload,
};
use tch::{Device, Kind, TchError, Tensor};

use super::convolution::Convolution;
use super::own::Own;
use crate::lower::At;
use crate::lower::kernels::{Epilogue, Workspace};
use crate::lower::torch::channels_last;

/// How a step is compiled, and how its algorithms are chosen.
#[derive(Debug, Clone, Default)]
pub struct Tuning {
    /// The algorithms to choose from.
    pub choice: ConvChoice,
    /// The file that caches timings; without it nothing is cached.
    pub cache: Option<PathBuf>,
    /// A description of the machine, part of the cache key.
    pub machine: String,
    /// The disabled optimisations.
    pub without: Disabled,
}

type Found = BTreeMap<String, Times>;

impl Tuning {
    /// The algorithms for a convolution of `[in_channels, height, width]` with this batch size, and
    /// the timings if it was timed.
    ///
    /// # Errors
    /// Errors of libtorch.
    pub(super) fn algorithms(
        &self,
        own: Option<&Own>,
        op: &Conv,
        image: [u64; 3],
        batch: usize,
        precision: Precision,
        backward: bool,
    ) -> Result<(ConvAlgorithms, Option<Times>), TorchError> {
        let [in_channels, height, width] = image;
        let load = Workload { images: batch as u64, precision, threads: 1 };
        let timed = ConvChoice::timed(op, image, batch as u64);
        let candidate = self.choice.candidate(precision);
        let candidate = candidate.filter(|algorithm| algorithm.applies([in_channels, op.out]));
        let (Some(candidate), Some(images)) = (candidate, timed) else {
            return Ok((self.choice.assumed(op, image, load), None));
        };
        let kind = match precision {
            Precision::Bf16 => Kind::BFloat16,
            _ => Kind::Float,
        };
        let build = if cfg!(debug_assertions) { "debug" } else { "release" };
        let key = format!(
            "{} {build} {}: {kind:?} {images} x {in_channels} x {height} x {width} -> {}",
            env!("CARGO_PKG_VERSION"),
            self.machine,
            op.out
        );
        let name = if backward { key } else { format!("{key} forward alone") };
        let mut cache = Cache::open(self.cache.as_deref());
        let times = match cache.found.get(&name) {
            Some(times) => *times,
            None => {
                let sizes = [images, in_channels, height, width].map(|size| size as i64);
                let seconds = measure(own, op, sizes, kind, candidate, backward);
                let times =
                    Times { candidate, images, seconds: seconds.at("timing convolutions")? };
                cache.found.insert(name, times);
                cache.save();
                times
            }
        };
        Ok((times.algorithms(), Some(times)))
    }
}

/// The cached timings. The file is locked until this is dropped, so that concurrent processes wait
/// for the timings and make the same choices.
struct Cache {
    found: Found,
    place: Option<(PathBuf, File)>,
}

impl Cache {
    /// If the file cannot be opened or read, the cache is empty.
    fn open(path: Option<&Path>) -> Cache {
        let lock = |path: &Path| -> std::io::Result<File> {
            fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
            let lock = File::create(path.with_extension("lock"))?;
            lock.lock()?;
            Ok(lock)
        };
        let place = path.and_then(|path| Some((path.to_path_buf(), lock(path).ok()?)));
        let text =
            place.as_ref().and_then(|(path, _)| fs::read_to_string(path).ok()).unwrap_or_default();
        Cache { found: serde_json::from_str(&text).unwrap_or_default(), place }
    }

    fn save(&self) {
        let Some((path, _lock)) = &self.place else { return };
        // If this fails, the next process measures again.
        let text = serde_json::to_string_pretty(&self.found).map(|text| text + "\n");
        let _ = text.map(|text| disk::replace(path, text.as_bytes()));
    }
}

/// Seconds of libtorch and of `other` in each direction.
fn measure(
    own: Option<&Own>,
    op: &Conv,
    [images, in_channels, height, width]: [i64; 4],
    kind: Kind,
    other: ConvAlgorithm,
    backward: bool,
) -> Result<[[f64; 2]; 3], TchError> {
    let out_channels = op.out as i64;
    let image = |channels: i64| {
        channels_last(&Tensor::f_ones([images, channels, height, width], (kind, Device::Cpu))?)
    };
    let weights = || {
        channels_last(&Tensor::f_ones(
            [out_channels, in_channels, 3, 3],
            (Kind::Float, Device::Cpu),
        )?)
    };
    let (x, y, dx, weight, dw) =
        (image(in_channels)?, image(out_channels)?, image(in_channels)?, weights()?, weights()?);
    let mut workspace = Workspace::default();
    let mut seconds = [[0.0; 2]; 3];
    for (way, algorithm) in [ConvAlgorithm::Library, other].into_iter().enumerate() {
        let mut conv = Convolution::new(op.clone(), ConvAlgorithms::all(algorithm));
        for (i, seconds) in seconds.iter_mut().enumerate().take(if backward { 3 } else { 1 }) {
            seconds[way] = fastest(|| match i {
                0 => {
                    conv.invalidate();
                    let finish = Epilogue::default();
                    let y = || Ok(y.shallow_clone());
                    conv.forward(own, &x, &weight, finish, y, &mut workspace).map(|_| ())
                }
                1 => {
                    let dx = || Ok(dx.shallow_clone());
                    conv.grad_input(own, [&y, &x], &weight, dx, &mut workspace).map(|_| ())
                }
                _ => conv.grad_weights(own, [&y, &x], &weight, &dw, &mut workspace),
            })?;
        }
    }
    Ok(seconds)
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
