//! The options of a recipe, each against its formula in plain numbers or against what PyTorch gave.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use netc::check::Checked;
use netc::graph::op::Role;
use netc::lower::Precision;
use netc::passes::Purpose;
use netc::recipe::{Recipe, TestViews};
use netc::run::augment::{Augmentation, Draws};
use netc::run::{EpochRow, Executor, Method, RunError, RunFolder};
use netc_torch::lower::{Mode, Objective, Session, TorchNet, TrainingNorm, Tuning};
use netc_torch::run::{Batch, Batches, Job, LrState, Optimiser, evaluate, train};
use safetensors::SafeTensors;
use tch::{Device, Kind, Reduction, TchError, Tensor};

use crate::lower::small;
use crate::run::{CPU, tints, with};

type Weights = BTreeMap<String, Vec<f32>>;

/// The tensors of a file by name, with their sizes.
fn tensors(path: &Path) -> BTreeMap<String, (Vec<i64>, Vec<f32>)> {
    let bytes = std::fs::read(path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let floats = |data: &[u8]| {
        data.chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect()
    };
    let entry = |(name, view): (String, safetensors::tensor::TensorView<'_>)| {
        (name, (view.shape().iter().map(|&d| d as i64).collect(), floats(view.data())))
    };
    file.tensors().into_iter().map(entry).collect()
}

fn floats(tensor: &Tensor) -> Vec<f32> {
    Vec::try_from(tensor.detach().to_kind(Kind::Float).contiguous().flatten(0, -1)).unwrap()
}

fn close(found: &[f32], expected: &[f32], tolerance: f32, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(
            (found - expected).abs() <= tolerance * expected.abs().max(1.0),
            "{what}: {found} for {expected}"
        );
    }
}

/// Trains by the runner; its epochs and the weights that it leaves.
fn trained(
    net: &Checked,
    recipe: &Recipe,
    method: &Method,
) -> Result<(Vec<EpochRow>, Weights), RunError> {
    let folder = tempfile::tempdir().unwrap();
    let job = Job {
        net,
        recipe,
        data: &tints(96, 40),
        limit_train: None,
        limit_test: None,
        seed: 5,
        machine: CPU,
        save_every: Duration::from_secs(60),
        resume: None,
        group: None,
        method,
        stop: &AtomicBool::new(false),
    };
    let mut run =
        RunFolder::new(&folder.path().join("run"), "net x { }\n".into(), recipe.to_yaml());
    let report = train(&job, &mut run, &mut |_| {})?;
    let weights = tensors(&folder.path().join("run").join(RunFolder::CHECKPOINT));
    Ok((report.rows, weights.into_iter().map(|(name, (_, values))| (name, values)).collect()))
}

fn eager() -> Method {
    Method { executor: Executor::Eager, ..Method::default() }
}

fn values(net: &TorchNet) -> BTreeMap<String, Vec<f64>> {
    let of = |w: &netc_torch::lower::Weight| floats(&w.tensor).into_iter().map(f64::from).collect();
    net.weights().iter().map(|w| (w.name.clone(), of(w))).collect()
}

/// The same training step by step, without what follows the weights; `after` is called after each
/// step with the steps done and those of an epoch, and after each epoch with no step.
fn by_hand(
    net: &Checked,
    recipe: &Recipe,
    mut after: impl FnMut(&TorchNet, Option<(usize, usize)>),
) -> TorchNet {
    let data = tints(96, 40);
    let what = Augmentation {
        crop_pad: recipe.crop_pad,
        flip: false,
        alternating_flip: false,
        cutout: recipe.cutout,
    };
    let batches = Batches::new(&data, &data.train, None, what, Device::Cpu).unwrap();
    let net = TorchNet::new(net, 5, Device::Cpu, Precision::Fp32).unwrap();
    let mut optimiser = Optimiser::new(&net, recipe).unwrap();
    let (schedule, steps) = (recipe.schedule(), 96usize.div_ceil(recipe.batch_size));
    for epoch in 1..=recipe.epochs {
        let places = batches.epoch(&Draws::new(5, epoch, 96, [8, 8], what)).unwrap();
        for step in 0..steps {
            let first = step * recipe.batch_size;
            let Batch { images, targets: labels } =
                batches.training(&places, first, recipe.batch_size.min(96 - first)).unwrap();
            let logits = net.forward(&images, Mode::Train { seed: 0 }).unwrap();
            let loss =
                logits.cross_entropy_loss(&labels, None::<&Tensor>, Reduction::Sum, -100, 0.0);
            let gradients = optimiser.gradients(&loss).unwrap();
            let done = (epoch as usize - 1) * steps + step + 1;
            let at = done as f64 / steps as f64;
            let pace = LrState {
                lr: schedule.at(at),
                peak: schedule.peak(),
                epoch: at,
                step: done as u64,
            };
            optimiser.step(&gradients, pace).unwrap();
            after(&net, Some((done, steps)));
        }
        after(&net, None);
    }
    net
}

const PLAIN: &str =
    "epochs: 3\nbatch_size: 20\npeak_lr: 0.1\ncrop_pad: 1\nflip: false\ncutout: 0\n";

fn recipe(more: &str) -> Recipe {
    with(&format!("{PLAIN}{more}"), 3)
}

#[test]
fn adamw_and_muon_are_pytorchs() {
    let vectors = tensors(Path::new("tests/vectors/optimisers.safetensors"));
    let get = |name: &str| {
        let (dims, values) = &vectors[name];
        Tensor::from_slice(values).reshape(dims)
    };
    let lrs = vectors["lrs"].1.clone();
    let peak = 0.2f32;
    let adamw = "batch_size: 4\noptimiser: adamw\nadam_beta1: 0.8\nadam_beta2: 0.95\nadam_eps: 1.0e-6\nweight_decay: 0.03\n";
    let muon = format!(
        "optimiser: muon\nmuon_lr: {peak}\nmuon_momentum: 0.6\nmuon_steps: 3\nweight_decay: 0.0\n"
    );
    let plain = format!("{muon}nesterov: false\n");
    let cases = [("wide", "adamw", adamw), ("tall", "adamw", adamw), ("matrix", "adamw", adamw)];
    let filters =
        ["wide", "tall"].map(|name| [(name, "muon", muon.as_str()), (name, "muon_plain", &plain)]);
    for (name, result, settings) in cases.into_iter().chain(filters.into_iter().flatten()) {
        let weight = get(&format!("{name}.weight"));
        let role = if weight.dim() == 4 { Role::Filters } else { Role::Matrix };
        let mut optimiser =
            Optimiser::of(vec![(weight.shallow_clone(), role)], &with(settings, 3)).unwrap();
        let gradients = get(&format!("{name}.gradients"));
        for (i, &lr) in lrs.iter().enumerate() {
            let pace = LrState { lr: lr.into(), peak: peak.into(), epoch: 0.0, step: i as u64 + 1 };
            optimiser.step(&[gradients.get(i as i64)], pace).unwrap();
        }
        close(
            &floats(&weight),
            &vectors[&format!("{name}.{result}")].1,
            2e-5,
            &format!("{name} by {result}"),
        );
    }
}

#[test]
fn muon_moves_filters_and_sgd_all_else() {
    let (recipe, sgd) = (recipe("optimiser: muon\nmuon_lr: 0.05\n"), recipe(""));
    let net = TorchNet::new(&small(), 5, Device::Cpu, Precision::Fp32).unwrap();
    let twin = TorchNet::new(&small(), 5, Device::Cpu, Precision::Fp32).unwrap();
    let ones: Vec<Tensor> = net.trained().map(|w| w.tensor.detach().ones_like()).collect();
    let pace = LrState { lr: 0.1, peak: 0.1, epoch: 0.5, step: 1 };
    Optimiser::new(&net, &recipe).unwrap().step(&ones, pace).unwrap();
    Optimiser::new(&twin, &sgd).unwrap().step(&ones, pace).unwrap();
    for (muon, sgd) in net.trained().zip(twin.trained()) {
        assert_eq!(
            floats(&muon.tensor) == floats(&sgd.tensor),
            muon.dims.len() != 4,
            "{}",
            muon.name
        );
    }
}

#[test]
fn biases_and_norms_have_rates_of_their_own_but_no_decay_of_their_own() {
    let recipe = recipe("bias_lr_scale: 3\nnorm_lr_scale: 0.5\nmomentum: 0\nweight_decay: 0.1\n");
    let roles =
        [Role::Matrix, Role::Bias, Role::Norm].map(|role| (Tensor::from_slice(&[2.0f32]), role));
    let weights: Vec<Tensor> = roles.iter().map(|(weight, _)| weight.shallow_clone()).collect();
    let gradients = [0; 3].map(|_| Tensor::from_slice(&[10.0f32]));
    let pace = LrState { lr: 0.1, peak: 0.1, epoch: 0.5, step: 1 };
    Optimiser::of(roles.into(), &recipe).unwrap().step(&gradients, pace).unwrap();
    for (weight, scale) in weights.iter().zip([1.0f32, 3.0, 0.5]) {
        let expected = 2.0 - 0.1 * (scale * 10.0 / 20.0 + 0.1 * 2.0);
        close(&floats(weight), &[expected], 1e-6, &format!("a scale of {scale}"));
    }
}

#[test]
fn smoothed_labels_are_pytorchs() {
    let vectors = tensors(Path::new("tests/vectors/optimisers.safetensors"));
    // `logits -> mul(3)`, whose gradient by a weight of an identity is that by the logits.
    let text = "net loss {\n  input x: [N, 10]\n  y: linear(10, bias = false) -> mul(3)\n  output logits: [N, 10]\n}\n";
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("loss.net"), text).unwrap();
    let net = netc::compile(&folder.path().join("loss.net"), &[]).net.unwrap();
    let net = TorchNet::new(&net, 0, Device::Cpu, Precision::Fp32).unwrap();
    let identity = Tensor::eye(10, (Kind::Float, Device::Cpu));
    net.weights()[0].set_values(&floats(&identity)).unwrap();
    let logits = Tensor::from_slice(&vectors["loss.logits"].1).reshape([7, 10]);
    let labels = Tensor::from_slice(&vectors["loss.labels"].1).to_kind(Kind::Int64);
    let mut compiled = Session::new(&net, Purpose::Training, 7, &Tuning::default()).unwrap();
    let smoothed = Objective::CrossEntropy { label_smoothing: 0.2 };
    let stepped = compiled.step(&logits, &labels, smoothed, 0).unwrap();
    close(&floats(&stepped.loss), &vectors["loss.value"].1, 1e-5, "the loss");
    // By the weight: gradient^T x.
    let by_logits = Tensor::from_slice(&vectors["loss.gradient"].1).reshape([7, 10]);
    close(
        &floats(&compiled.gradients().unwrap()[0]),
        &floats(&by_logits.tr().matmul(&logits)),
        1e-5,
        "the gradient",
    );
}

#[test]
fn both_executors_train_alike_with_every_option() {
    let recipe = recipe(
        "label_smoothing: 0.2\noptimiser: muon\nmuon_lr: 0.02\nema: 0.9\nlookahead_every: 2\nbias_lr_scale: 2\n\
         whiten_bias_epochs: 2\ntest_views: flip_shift\n",
    );
    let net = netc::compile(Path::new("tests/cases/check_ok/weights_that_stand_still.net"), &[])
        .net
        .unwrap();
    let [eager, compiled] =
        [eager(), Method::default()].map(|method| trained(&net, &recipe, &method).unwrap());
    for (a, b) in eager.0.iter().zip(&compiled.0) {
        assert!(
            (a.train.loss() - b.train.loss()).abs() < 1e-3
                && (a.test.unwrap().loss() - b.test.unwrap().loss()).abs() < 1e-3,
            "{a:?} {b:?}"
        );
    }
    eager.1.iter().for_each(|(name, expected)| close(&compiled.1[name], expected, 1e-3, name));
    let plain =
        trained(&net, &Recipe { label_smoothing: 0.0, ..recipe }, &Method::default()).unwrap();
    assert!(
        (plain.0[0].train.loss() - compiled.0[0].train.loss()).abs() > 0.01,
        "smoothing is another loss"
    );
}

#[test]
fn the_mean_of_the_weights_is_tested_and_kept() {
    let recipe = recipe("ema: 0.8\n");
    let mut mean: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    let start = TorchNet::new(&small(), 5, Device::Cpu, Precision::Fp32).unwrap();
    mean.extend(values(&start));
    let raw = by_hand(&small(), &recipe, |net, at| {
        let Some((done, _)) = at else { return };
        let keep = f64::min(0.8, (1.0 + done as f64) / (10.0 + done as f64));
        for (name, now) in values(net) {
            let pairs = mean.get_mut(&name).unwrap().iter_mut().zip(now);
            pairs.for_each(|(mean, now)| *mean = keep * *mean + (1.0 - keep) * now);
        }
    });
    let (rows, weights) = trained(&small(), &recipe, &eager()).unwrap();
    for (name, expected) in &mean {
        close(&weights[name], &expected.iter().map(|&x| x as f32).collect::<Vec<_>>(), 1e-5, name);
    }
    assert!(
        values(&raw).iter().any(|(name, raw)| (raw[0] - mean[name][0]).abs() > 1e-4),
        "the mean lags behind"
    );
    // Tested with these weights.
    let net = TorchNet::new(&small(), 5, Device::Cpu, Precision::Fp32).unwrap();
    net.weights().iter().for_each(|w| w.set_values(&weights[&w.name]).unwrap());
    let data = tints(96, 40);
    let testing = Batches::new(&data, &data.test, None, Augmentation::NONE, Device::Cpu).unwrap();
    let score = evaluate(&net, &testing, TestViews::Plain, &eager(), CPU, None).unwrap();
    assert!(
        (score.metrics.loss() - rows[2].test.unwrap().loss()).abs() < 1e-4,
        "{score:?} {:?}",
        rows[2]
    );
}

#[test]
fn lookahead_draws_the_weights_back_to_the_slow_ones() {
    let recipe = recipe(
        "lookahead_every: 2\nlookahead_decay: 0.9\nlookahead_power: 2\nlookahead_start: 1\n",
    );
    let mut slow: Option<BTreeMap<String, Vec<f64>>> = None;
    let mut turns = 0;
    let give = |net: &TorchNet, slow: &BTreeMap<String, Vec<f64>>| {
        for weight in net.weights() {
            let values: Vec<f32> = slow[&weight.name].iter().map(|&x| x as f32).collect();
            weight.set_values(&values).unwrap();
        }
    };
    let net = by_hand(&small(), &recipe, |net, at| match at {
        Some((done, steps)) if done > steps && done % 2 == 0 => {
            let now = values(net);
            let keep = 0.9f64.powi(2) * (done as f64 / (3 * steps) as f64).powi(2);
            let moved = match slow.take() {
                None => now,
                Some(before) => {
                    turns += 1;
                    let mix = |(name, old): (String, Vec<f64>)| {
                        let new = old
                            .iter()
                            .zip(&now[&name])
                            .map(|(old, now)| keep * old + (1.0 - keep) * now);
                        (name.clone(), new.collect())
                    };
                    before.into_iter().map(mix).collect()
                }
            };
            give(net, &moved);
            slow = Some(moved);
        }
        Some(_) => {}
        None => slow.iter().for_each(|slow| give(net, slow)),
    });
    assert!(turns > 2, "{turns}");
    let (_, weights) = trained(&small(), &recipe, &eager()).unwrap();
    for (name, expected) in values(&net) {
        close(
            &weights[&name],
            &expected.iter().map(|&x| x as f32).collect::<Vec<_>>(),
            1e-4,
            &name,
        );
    }
}

/// Ghost batch norm by its formula, in fp64.
#[derive(Debug)]
struct Groups(i64);

impl TrainingNorm for Groups {
    fn apply(
        &self,
        x: &Tensor,
        owned: [&Tensor; 4],
        momentum: f64,
        eps: f64,
    ) -> Result<Tensor, TchError> {
        let [gamma, beta, mean, var] = owned;
        let channel = |t: &Tensor| t.to_kind(Kind::Double).reshape([1, -1, 1, 1]);
        let count = (x.size()[0] / self.0).max(1);
        let size = x.size()[0] / count;
        assert_eq!(size * count, x.size()[0], "this reference is for groups that come out even");
        let parts: Vec<Tensor> =
            (0..count).map(|i| x.narrow(0, i * size, size).to_kind(Kind::Double)).collect();
        let over = [0i64, 2, 3];
        let means: Vec<Tensor> =
            parts.iter().map(|p| p.mean_dim(over.as_slice(), true, Kind::Double)).collect();
        let squares: Vec<Tensor> = parts
            .iter()
            .zip(&means)
            .map(|(p, m)| (p - m).square().mean_dim(over.as_slice(), true, Kind::Double))
            .collect();
        let values: Vec<Tensor> = parts
            .iter()
            .zip(&means)
            .zip(&squares)
            .map(|((p, m), v)| (p - m) / (v + eps).sqrt() * channel(gamma) + channel(beta))
            .collect();
        let n = (size * x.size()[2] * x.size()[3]) as f64;
        tch::no_grad(|| {
            let average = |all: &[Tensor]| {
                all.iter().fold(all[0].zeros_like(), |sum, t| sum + t) / all.len() as f64
            };
            for (running, now) in
                [(mean, average(&means)), (var, average(&squares) * (n / (n - 1.0)))]
            {
                let new = channel(running) * (1.0 - momentum) + now * momentum;
                running.shallow_clone().copy_(&new.reshape([-1]));
            }
        });
        Ok(Tensor::cat(&values, 0).to_kind(x.kind()))
    }
}

#[test]
fn ghost_norm_is_its_formula() {
    let data = tints(96, 40);
    let batches = Batches::new(&data, &data.train, None, Augmentation::NONE, Device::Cpu).unwrap();
    let recipe = with(
        "batch_size: 96\npeak_lr: 0.1\nlr_epochs: [0, 1]\nlr_values: [0.1, 0.1]\ncrop_pad: 0\nflip: false\ncutout: 0\nghost_batch: 24\n",
        1,
    );
    let mut net = TorchNet::new(&small(), 5, Device::Cpu, Precision::Fp32).unwrap();
    net.set_training_norm(Box::new(Groups(24)));
    let draws = Draws::new(5, 1, 96, [8, 8], Augmentation::NONE);
    let Batch { images, targets: labels } =
        batches.training(&batches.epoch(&draws).unwrap(), 0, 96).unwrap();
    let mut optimiser = Optimiser::new(&net, &recipe).unwrap();
    let loss = net.forward(&images, Mode::Train { seed: 0 }).unwrap().cross_entropy_loss(
        &labels,
        None::<&Tensor>,
        Reduction::Sum,
        -100,
        0.0,
    );
    let gradients = optimiser.gradients(&loss).unwrap();
    optimiser.step(&gradients, LrState { lr: 0.1, peak: 0.1, epoch: 1.0, step: 1 }).unwrap();
    let without = Method { without: "kernels".parse().unwrap(), ..Method::default() };
    for method in [eager(), Method::default(), without] {
        let (rows, weights) = trained(&small(), &recipe, &method).unwrap();
        assert!((rows[0].train.loss() - loss.double_value(&[]) / 96.0).abs() < 1e-5, "{rows:?}");
        for (name, expected) in values(&net) {
            close(
                &weights[&name],
                &expected.iter().map(|&x| x as f32).collect::<Vec<_>>(),
                1e-4,
                &name,
            );
        }
        let whole =
            trained(&small(), &Recipe { ghost_batch: 0, ..recipe.clone() }, &method).unwrap();
        assert!(
            (whole.0[0].train.loss() - rows[0].train.loss()).abs() > 1e-4,
            "statistics of the whole batch differ"
        );
    }
    // Groups of 19 and 20 images.
    let uneven = Recipe { ghost_batch: 18, ..recipe.clone() };
    let [expected, found] =
        [eager(), Method::default()].map(|method| trained(&small(), &uneven, &method).unwrap().1);
    expected.iter().for_each(|(name, expected)| close(&found[name], expected, 1e-4, name));
    let sync = Method { sync_norm: true, ..Method::default() };
    let refusal = trained(&small(), &recipe, &sync).unwrap_err().to_string();
    assert!(refusal.contains("--sync-bn") && refusal.contains("`ghost_batch`"), "{refusal}");
}

#[test]
fn views_of_a_test_image_are_averaged() {
    let data = tints(8, 12);
    let testing = Batches::new(&data, &data.test, None, Augmentation::NONE, Device::Cpu).unwrap();
    let net = TorchNet::new(&small(), 5, Device::Cpu, Precision::Fp32).unwrap();
    let Batch { images, targets: labels } = testing.plain(0, 12).unwrap();
    // Each view pixel by pixel: mirrored or not, and moved by a pixel down and right, or up and
    // left, the edge reflected.
    let view = |mirror: bool, by: i64| {
        let source = floats(&images);
        let reflect = |i: i64| {
            if i < 0 {
                -i
            } else if i > 7 {
                14 - i
            } else {
                i
            }
        };
        let mut out = vec![0.0f32; source.len()];
        for plane in 0..12 * 3 {
            for y in 0..8i64 {
                for x in 0..8i64 {
                    let from_x = reflect(if mirror { 7 - x } else { x } + by);
                    out[plane * 64 + (y * 8 + x) as usize] =
                        source[plane * 64 + (reflect(y + by) * 8 + from_x) as usize];
                }
            }
        }
        let view = Tensor::from_slice(&out).reshape([12, 3, 8, 8]);
        tch::no_grad(|| net.forward(&view, Mode::Eval)).unwrap().to_kind(Kind::Double)
    };
    let mirror = |by: i64| (view(false, by) + view(true, by)) * 0.5;
    let expected = [
        (TestViews::Plain, view(false, 0)),
        (TestViews::Flip, mirror(0)),
        (TestViews::FlipShift, mirror(0) * 0.5 + (mirror(-1) + mirror(1)) * 0.25),
    ];
    let mut losses = Vec::new();
    for (views, logits) in expected {
        let loss = logits
            .cross_entropy_loss(&labels, None::<&Tensor>, Reduction::Mean, -100, 0.0)
            .double_value(&[]);
        for method in [eager(), Method::default()] {
            let score = evaluate(&net, &testing, views, &method, CPU, None).unwrap();
            assert!(
                (score.metrics.loss() - loss).abs() < 1e-5,
                "{views:?}: {} for {loss}",
                score.metrics.loss()
            );
        }
        losses.push(loss);
    }
    assert!(
        (losses[0] - losses[1]).abs() > 1e-4 && (losses[1] - losses[2]).abs() > 1e-4,
        "{losses:?}"
    );
}

#[test]
fn a_whitened_convolution_makes_patches_uncorrelated_and_stands_still() {
    let net = netc::compile(Path::new("tests/cases/check_ok/weights_that_stand_still.net"), &[])
        .net
        .unwrap();
    let recipe = recipe("whiten_images: 50\nwhiten_eps: 0.01\nwhiten_bias_epochs: 2\n");
    let (_, weights) = trained(&net, &recipe, &Method::default()).unwrap();
    let filters: Vec<Vec<f64>> = weights["first.conv.weight"]
        .chunks(12)
        .map(|f| f.iter().map(|&x| f64::from(x)).collect())
        .collect();
    assert_eq!(filters.len(), 24);
    let data = tints(96, 40);
    let pixel = |image: usize, c: usize, y: usize, x: usize| {
        (f64::from(data.train.images[(image * 3 + c) * 64 + y * 8 + x]) - 95.5) / 50.0
    };
    let mut moments = vec![[0.0f64; 12]; 12];
    let mut patches = 0.0;
    for (image, y, x) in
        (0..50).flat_map(|i| (0..7).flat_map(move |y| (0..7).map(move |x| (i, y, x))))
    {
        let patch: Vec<f64> =
            (0..12).map(|i| pixel(image, i / 4, y + i % 4 / 2, x + i % 2)).collect();
        let out: Vec<f64> =
            filters[..12].iter().map(|f| f.iter().zip(&patch).map(|(f, p)| f * p).sum()).collect();
        (0..12).for_each(|i| (0..12).for_each(|j| moments[i][j] += out[i] * out[j]));
        patches += 1.0;
    }
    let norm = |filter: &[f64]| filter.iter().map(|x| x * x).sum::<f64>();
    for i in 0..12 {
        let eigenvalue = 1.0 / norm(&filters[i]) - 0.01;
        for (j, moment) in moments[i].iter().enumerate() {
            let (found, expected) =
                (moment / patches, if i == j { eigenvalue / (eigenvalue + 0.01) } else { 0.0 });
            assert!((found - expected).abs() < 1e-3, "{i} {j}: {found} {expected}");
        }
        assert!(
            i == 0 || norm(&filters[i]) >= norm(&filters[i - 1]),
            "the largest eigenvalue first"
        );
        assert!(
            filters[i].iter().zip(&filters[i + 12]).all(|(a, b)| a == &-b),
            "then the negatives"
        );
    }
    let start = values(&TorchNet::new(&net, 5, Device::Cpu, Precision::Fp32).unwrap());
    let moved =
        |name: &str| weights[name].iter().zip(&start[name]).any(|(a, b)| f64::from(*a) != *b);
    let still = ["norm.bn.weight", "third.conv.weight", "third.bn.weight"];
    assert!(still.iter().all(|name| !moved(name)), "frozen");
    let trained = [
        "first.conv.bias",
        "second.conv.weight",
        "norm.bn.bias",
        "third.bn.bias",
        "head.linear.weight",
    ];
    trained.iter().for_each(|name| assert!(moved(name), "{name}"));
}

#[test]
fn a_dilated_convolution_is_whitened_for_the_patches_that_it_sees() {
    let folder = tempfile::tempdir().unwrap();
    let text = "net t {\n  input image: [N, 3, 8, 8]\n  first: conv(12, k = 2, dilation = [2, 3], pad = 0, init = \"whiten\", train_weight = false)\n  head: globalmaxpool -> flatten -> linear(4)\n  output logits: [N, 4]\n}\n";
    std::fs::write(folder.path().join("t.net"), text).unwrap();
    let net = netc::compile(&folder.path().join("t.net"), &[]).net.unwrap();
    let recipe = recipe("whiten_images: 96\nwhiten_eps: 0.000001\n");
    let (_, weights) = trained(&net, &recipe, &Method::default()).unwrap();
    let filters = Tensor::from_slice(&weights["first.weight"]).view([12, 3, 2, 2]);
    let pixels = Tensor::from_slice(&tints(96, 40).train.images).view([96, 3, 8, 8]);
    let images = (pixels.to_kind(Kind::Float) - 95.5) / 50.0;
    let out = images.conv2d(&filters, None::<Tensor>, 1, 0, [2, 3], 1);
    let rows = out.permute([0, 2, 3, 1]).reshape([-1, 12]);
    let covariance = rows.tr().matmul(&rows) / rows.size()[0] as f64;
    let apart = covariance - Tensor::eye(12, (Kind::Float, Device::Cpu));
    assert!(apart.abs().max().double_value(&[]) < 1e-3, "{apart}");
}

#[test]
fn a_whitened_convolution_may_do_without_the_negatives() {
    let filters = |c: u32| {
        let text = format!(
            "net t {{\n  input image: [N, 3, 8, 8]\n  first: conv({c}, k = 2, pad = 0, init = \"whiten\", train_weight = false)\n  head: globalmaxpool -> flatten -> linear(4)\n  output logits: [N, 4]\n}}\n"
        );
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("t.net"), text).unwrap();
        let net = netc::compile(&folder.path().join("t.net"), &[]).net.unwrap();
        trained(&net, &recipe(""), &Method::default()).unwrap().1["first.weight"].clone()
    };
    assert_eq!(filters(24)[..12 * 12], filters(12));
}

#[test]
fn the_bias_of_a_whitened_convolution_stands_still_after_its_epochs() {
    let net = netc::compile(Path::new("tests/cases/check_ok/weights_that_stand_still.net"), &[])
        .net
        .unwrap();
    let net = TorchNet::new(&net, 5, Device::Cpu, Precision::Fp32).unwrap();
    let recipe = recipe("whiten_bias_epochs: 2\nmomentum: 0\nnesterov: false\nweight_decay: 0\n");
    let mut optimiser = Optimiser::new(&net, &recipe).unwrap();
    let gradients: Vec<Tensor> = net.trained().map(|w| w.tensor.detach().ones_like()).collect();
    let mut before = values(&net);
    for (epoch, rate) in [(0.5, 0.75 * 0.1), (1.0, 0.5 * 0.1), (2.0, 0.0), (2.5, 0.0)] {
        optimiser.step(&gradients, LrState { lr: 0.03, peak: 0.1, epoch, step: 1 }).unwrap();
        let now = values(&net);
        for (name, rate) in [("first.conv.bias", rate), ("head.linear.weight", 0.03)] {
            let step = before[name][0] - now[name][0];
            assert!(
                (step - rate / 20.0).abs() < 1e-6,
                "{name} at {epoch}: {step} for {}",
                rate / 20.0
            );
        }
        before = now;
    }
}

#[test]
fn a_whitened_convolution_reads_the_images() {
    let text = "net t {\n  input image: [N, 3, 8, 8]\n  a: relu -> conv(24, k = 2, pad = 0, init = \"whiten\")\n  head: globalmaxpool -> flatten -> linear(4)\n  output logits: [N, 4]\n}\n";
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("t.net"), text).unwrap();
    let net = netc::compile(&folder.path().join("t.net"), &[]).net.unwrap();
    let error = trained(&net, &recipe(""), &Method::default()).unwrap_err();
    insta::assert_snapshot!(error, @r#"a.conv starts with init = "whiten", so it must read the images: here it reads a.relu"#);
}

#[test]
fn dirac_filters_pass_their_channel_on() {
    let net = netc::compile(Path::new("tests/cases/check_ok/weights_that_stand_still.net"), &[])
        .net
        .unwrap();
    let net = TorchNet::new(&net, 5, Device::Cpu, Precision::Fp32).unwrap();
    let weight = net.weights().iter().find(|w| w.name == "second.conv.weight").unwrap();
    assert_eq!(weight.dims, [32, 24, 3, 3]);
    let x = Tensor::randn([2, 24, 5, 5], (Kind::Float, Device::Cpu));
    let y = x.conv2d(&weight.tensor.detach(), None::<&Tensor>, [1, 1], [1, 1], [1, 1], 1);
    assert_eq!(floats(&y.narrow(1, 0, 24)), floats(&x));
    let rest = floats(&weight.tensor.narrow(0, 24, 8));
    let bound = 1.0 / (24.0f32 * 9.0).sqrt();
    assert!(
        rest.iter().all(|x| x.abs() <= bound) && rest.iter().any(|x| x.abs() > bound / 2.0),
        "the others are drawn"
    );
}

#[test]
fn a_recipe_that_was_built_wrong_is_not_trained() {
    let wrong = Recipe { batch_size: 0, ..recipe("") };
    let error = trained(&small(), &wrong, &Method::default()).unwrap_err().to_string();
    assert!(
        error.contains("expected a whole number from 1 to 1048576 for `batch_size`, got 0"),
        "{error}"
    );
}
