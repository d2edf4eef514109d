//! The runner: batches, the optimiser, checkpoints, and whole trainings of a small net.

use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use netc::check::Checked;
use netc::graph::op::Role;
use netc::lower::seed;
use netc::lower::{Precision, Weights};
use netc::recipe::Recipe;
use netc::run::augment::{Augmentation, Draws};
use netc::run::data::{Dataset, Normalisation, Split};
use netc::run::{Executor, Journal, Method, Outcome, RunError, RunFolder, RunInfo};
use netc_torch::lower::{Mode, TorchNet};
use netc_torch::run::{
    Batch, Batches, Event, Images, Job, LrState, Machine, Optimiser, Resume, RunReport,
    evaluate_run, load_checkpoint, save_checkpoint, train, trainable,
};
use rand::RngExt;
use tch::{Device, Kind, Tensor};

use crate::lower::{small, small_with};

pub const CPU: Machine = Machine { device: Device::Cpu, precision: Precision::Fp32 };

/// Images of `[3, 8, 8]` under noise; which channel is brighter, or none, is their class.
pub fn tints(train: usize, test: usize) -> Dataset {
    let split = |name: &str, count: usize| {
        let mut rng = seed::rng(0, name);
        let labels: Vec<u16> = (0..count).map(|i| (i % 4) as u16).collect();
        let mut images = Vec::new();
        for &label in &labels {
            for at in 0..3 * 64 {
                let bright = if at / 64 == usize::from(label) { 60 } else { 0 };
                images.push(bright + rng.random_range(0..=160));
            }
        }
        Split { images, labels }
    };
    Dataset {
        path: None,
        name: "tints".into(),
        image: [3, 8, 8],
        classes: ["a", "b", "c", "d"].map(String::from).to_vec(),
        train: split("train", train),
        test: split("test", test),
        normalisation: Normalisation::new(&[95.5; 3], &[50.0; 3]),
        note: None,
    }
}

fn recipe(epochs: u32) -> Recipe {
    with("batch_size: 32\npeak_lr: 0.2\ncrop_pad: 1\nflip: false\ncutout: 2\n", epochs)
}

/// The recipe that a file and a number of epochs give.
pub fn with(settings: &str, epochs: u32) -> Recipe {
    let length = format!("epochs: {epochs}");
    let texts = [settings, length.as_str()].map(|text| (netc::diag::FileId(9), text));
    let (recipe, problems) = Recipe::resolve(&[], &texts);
    assert!(problems.is_empty());
    recipe
}

fn run(
    out: &Path,
    recipe: &Recipe,
    stop: bool,
    on: &mut dyn FnMut(Event),
) -> Result<RunReport, RunError> {
    let job = Job {
        net: &small(),
        recipe,
        data: &tints(200, 60),
        limit_train: None,
        limit_test: Some(50),
        seed: 11,
        machine: CPU,
        save_every: Duration::from_secs(60),
        resume: None,
        group: None,
        method: &Method::default(),
        stop: &AtomicBool::new(stop),
    };
    train(&job, &mut RunFolder::new(out, "net small { }\n".into(), recipe.to_yaml()), on)
}

fn floats(tensor: &Tensor) -> Vec<f32> {
    Vec::try_from(tensor.contiguous().flatten(0, -1)).unwrap()
}

fn net(seed: u64) -> TorchNet {
    TorchNet::new(&small(), seed, Device::Cpu, Precision::Fp32).unwrap()
}

fn batches(data: &Dataset, what: Augmentation) -> Batches {
    Batches::new(data, &data.train, None, what, Device::Cpu).unwrap()
}

/// The first epoch's images, in the epoch's order, with what was drawn for them.
fn augmented(data: &Dataset, what: Augmentation) -> (Tensor, Tensor, Draws) {
    let batches = batches(data, what);
    let count = batches.count();
    let draws = Draws::new(5, 1, count, [8, 8], what);
    let Batch { images, targets: labels } =
        batches.training(&batches.epoch(&draws).unwrap(), 0, count).unwrap();
    (images, labels, draws)
}

/// The images as they are, normalised by the formula, in the order drawn.
fn expected(data: &Dataset, draws: &Draws) -> Tensor {
    let images = Tensor::from_slice(&data.train.images).reshape([-1, 3, 8, 8]).to_kind(Kind::Float);
    ((images - 95.5) / 50.0).index_select(0, &Tensor::from_slice(&draws.order))
}

#[test]
fn without_augmentation_images_are_only_normalised() {
    let data = tints(40, 4);
    let (images, labels, draws) = augmented(&data, Augmentation::NONE);
    assert_eq!(images, expected(&data, &draws));
    let drawn: Vec<i64> =
        draws.order.iter().map(|&i| i64::from(data.train.labels[i as usize])).collect();
    assert_eq!(Vec::<i64>::try_from(labels).unwrap(), drawn);
    assert_eq!(images.stride()[1], 1, "channels innermost");
    let plain = batches(
        &data,
        Augmentation { crop_pad: 2, flip: true, alternating_flip: false, cutout: 3 },
    )
    .plain(3, 5)
    .unwrap()
    .images;
    let unshuffled = Draws { order: (3..8).collect(), ..draws };
    assert_eq!(plain, expected(&data, &unshuffled));
}

#[test]
fn crops_are_windows_of_the_reflected_image() {
    let data = tints(40, 4);
    let (images, _, draws) = augmented(&data, Augmentation { crop_pad: 3, ..Augmentation::NONE });
    let padded = expected(&data, &draws).reflection_pad2d([3, 3, 3, 3]);
    for (i, &[y, x]) in draws.crop.iter().enumerate() {
        let window = padded.get(i as i64).narrow(1, y, 8).narrow(2, x, 8);
        assert_eq!(images.get(i as i64), window);
    }
}

#[test]
fn flips_mirror_the_columns() {
    let data = tints(40, 4);
    let (images, _, draws) = augmented(&data, Augmentation { flip: true, ..Augmentation::NONE });
    let plain = expected(&data, &draws);
    assert!(draws.flip.contains(&0) && draws.flip.contains(&1));
    for (i, &flip) in draws.flip.iter().enumerate() {
        let image = plain.get(i as i64);
        assert_eq!(images.get(i as i64), if flip == 1 { image.flip([2]) } else { image });
    }
}

#[test]
fn cutout_clears_one_whole_square() {
    let data = tints(40, 4);
    let (images, _, draws) = augmented(&data, Augmentation { cutout: 3, ..Augmentation::NONE });
    let changed = images.ne_tensor(&expected(&data, &draws));
    for (i, &[y, x]) in draws.cutout.iter().enumerate() {
        assert!(y <= 5 && x <= 5);
        let square = images.get(i as i64).narrow(1, y, 3).narrow(2, x, 3);
        assert_eq!(square.abs().max().double_value(&[]), 0.0);
        assert_eq!(changed.get(i as i64).sum(Kind::Int64).int64_value(&[]), 27);
    }
}

#[test]
fn classes_that_a_limit_leaves_out_are_named() {
    let data = tints(40, 4);
    let both =
        ["none of the first 2 training images is of class", "none of the first 3 test images"];
    let said = data.left_out([Some(2), Some(3)]);
    assert!(said.len() == 2 && said.iter().zip(both).all(|(a, b)| a.starts_with(b)), "{said:?}");
    assert!(data.left_out([Some(4), None]).is_empty());
    assert!(data.left_out([Some(400), Some(4)]).is_empty());
}

#[test]
fn padding_beyond_the_image_is_refused() {
    let data = tints(4, 4);
    let what = Augmentation { crop_pad: 8, ..Augmentation::NONE };
    let error = Batches::new(&data, &data.train, None, what, Device::Cpu).unwrap_err();
    insta::assert_snapshot!(error, @r#"expected `crop_pad` below and `cutout` up to the image's 8 pixels, got 8 and 0"#);
}

#[test]
fn what_cannot_be_trained_is_refused_before_anything_is_done() {
    let net = |text: &str| {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("t.net"), text).unwrap();
        netc::compile(&folder.path().join("t.net"), &[]).net.unwrap()
    };
    let flat = "net flat {\n  input image: [N, 3, 1, 8]\n  globalavgpool -> flatten -> linear(4)\n  output logits: [N, 4]\n}\n";
    let empty = "net empty {\n  input image: [N, 4, 8, 8]\n  globalavgpool -> flatten\n  output logits: [N, 4]\n}\n";
    let refused = |net: &Checked, keys: &str, image| {
        let images = Images { name: "tints", image, classes: 4, count: 100 };
        trainable(net, &with(&format!("batch_size: 32\ncutout: 0\n{keys}"), 2), images)
            .unwrap_err()
            .to_string()
    };
    let said = [
        refused(&small(), "", [3, 9, 8]),
        refused(&small(), "crop_pad: 8", [3, 8, 8]),
        refused(&small(), "lookahead_every: 5", [3, 8, 8]),
        refused(&small(), "freeze: [elsewhere]", [3, 8, 8]),
        refused(&net(flat), "crop_pad: 0\ntest_views: flip_shift", [3, 1, 8]),
        refused(&net(empty), "", [4, 8, 8]),
    ];
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn the_rate_is_for_the_mean_loss_also_of_fewer_images_than_a_batch_has() {
    let weights = |batch_size: usize| {
        let folder = tempfile::tempdir().unwrap();
        let recipe = Recipe { batch_size, ..recipe(3) };
        run(folder.path(), &recipe, false, &mut |_| {}).unwrap();
        std::fs::read(folder.path().join(RunFolder::CHECKPOINT)).unwrap()
    };
    let loaded = |bytes: &[u8]| Weights::of_safetensors(&small(), bytes).unwrap();
    assert_eq!(loaded(&weights(200)).tensors(), loaded(&weights(512)).tensors());
}

#[test]
fn the_optimiser_folds_the_rate_into_the_velocity() {
    for nesterov in [true, false] {
        let recipe =
            Recipe { batch_size: 4, momentum: 0.9, nesterov, weight_decay: 0.01, ..recipe(1) };
        let weight = Tensor::from_slice(&[1.5f32]);
        let mut sgd = Optimiser::of(vec![(weight.shallow_clone(), Role::Matrix)], &recipe).unwrap();
        let (mut w, mut v) = (1.5f64, 0.0);
        for (gradient, lr) in [(2.0, 0.1), (-3.0, 0.4), (1.0, 0.2), (0.5, 0.0)] {
            let pace = LrState { lr, peak: 0.4, epoch: 0.0, step: 1 };
            sgd.step(&[Tensor::from_slice(&[gradient as f32])], pace).unwrap();
            let change = lr * (gradient / 4.0 + 0.01 * w);
            v = 0.9 * v - change;
            w += if nesterov { 0.9 * v - change } else { v };
            assert!((weight.double_value(&[0]) - w).abs() < 1e-6, "{nesterov}");
        }
    }
}

#[test]
fn a_checkpoint_brings_back_every_bit() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("checkpoint.safetensors");
    let (saved, loaded) = (net(1), net(2));
    let images = Tensor::ones([2, 3, 8, 8], (Kind::Float, Device::Cpu));
    // Moves the running statistics.
    let _ = saved.forward(&images, Mode::Train { seed: 0 }).unwrap();
    save_checkpoint(&file, &saved).unwrap();
    load_checkpoint(&file, &loaded).unwrap();
    for (a, b) in saved.weights().iter().zip(loaded.weights()) {
        assert_eq!((&a.name, floats(&a.tensor)), (&b.name, floats(&b.tensor)));
        assert_eq!(a.tensor.stride(), b.tensor.stride());
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file stays");
}

#[test]
fn a_checkpoint_of_another_net_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("c.safetensors");
    let float = |shape: Vec<usize>, bytes: &'static [u8]| {
        safetensors::tensor::TensorView::new(safetensors::Dtype::F32, shape, bytes).unwrap()
    };
    let mut errors = Vec::new();
    let mut refuse = |tensors: Vec<(&str, safetensors::tensor::TensorView<'_>)>| {
        std::fs::write(&file, safetensors::serialize(tensors, None).unwrap()).unwrap();
        errors.push(load_checkpoint(&file, &net(1)).unwrap_err().to_string());
    };
    refuse(vec![]);
    refuse(vec![("elsewhere.weight", float(vec![1], &[0; 4]))]);
    refuse(vec![("a.conv.weight", float(vec![8], &[0; 32]))]);
    std::fs::write(&file, b"not a checkpoint").unwrap();
    errors.push(load_checkpoint(&file, &net(1)).unwrap_err().to_string());
    let text = errors.join("\n").replace(&folder.path().display().to_string(), "DIR");
    insta::assert_snapshot!(text, @r#"
    the checkpoint DIR/c.safetensors does not fit the net: it lacks `a.conv.weight`
    the checkpoint DIR/c.safetensors does not fit the net: it has a tensor `elsewhere.weight` that the net lacks
    the checkpoint DIR/c.safetensors does not fit the net: expected `a.conv.weight` as F32 [8, 3, 3, 3], got F32 [8]
    the checkpoint DIR/c.safetensors is damaged: it is no safetensors file
    "#);
}

#[test]
fn a_training_learns_and_repeats_bit_for_bit() {
    let folder = tempfile::tempdir().unwrap();
    let mut weights = Vec::new();
    for name in ["one", "two"] {
        let mut images = 0;
        let report = run(&folder.path().join(name), &recipe(4), false, &mut |event| {
            if let Event::Progress { seen, .. } = event {
                images = seen;
            }
        })
        .unwrap();
        assert_eq!(images, 200, "the last, smaller batch is kept");
        let last = report.rows.last().unwrap();
        assert_eq!((report.outcome, last.epoch, last.lr), (Outcome::Finished, 4, 0.0));
        assert!(last.test.unwrap().get("acc").unwrap() > 0.9, "{last:?}");
        let spent: f64 = report.rows.iter().map(|r| r.train_time + r.test_time).sum();
        assert!((last.total_time - spent).abs() < 1e-9);
        weights.push(std::fs::read(folder.path().join(name).join(RunFolder::CHECKPOINT)).unwrap());
    }
    assert!(weights[0] == weights[1], "the same seed gives the same weights");
}

#[test]
fn a_run_folder_holds_its_inputs_and_its_log() {
    let folder = tempfile::tempdir().unwrap();
    let report = run(folder.path(), &recipe(2), false, &mut |_| {}).unwrap();
    let text = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    assert_eq!(text(RunFolder::NET), "net small { }\n");
    assert_eq!(text(RunFolder::RECIPE), recipe(2).to_yaml());
    let lines: Vec<serde_json::Value> =
        text(RunFolder::LOG).lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!((lines.len(), &lines[0]["seed"], &lines[2]["epoch"]), (3, &11.into(), &2.into()));
    let tsv = text(RunFolder::TSV);
    assert!(tsv.starts_with("epoch\thours\ttop1Accuracy\n1\t0.00"), "{tsv}");
    let info = RunFolder::info(folder.path()).unwrap();
    assert_eq!((info.outcome, info.last), (Outcome::Finished, report.rows.last().copied()));
    assert_eq!((info.train_examples, info.test_examples), (200, 50));
    let data = tints(4, 50);
    let score = evaluate_run(folder.path(), &small(), &data, CPU).unwrap();
    assert!(
        (score.metrics.get("acc").unwrap() - report.rows[1].test.unwrap().get("acc").unwrap())
            .abs()
            < 1e-9,
        "the weights saved are those tested"
    );
    let error = run(folder.path(), &recipe(2), false, &mut |_| {}).unwrap_err();
    assert!(matches!(error, RunError::Finished(_)), "{error}");
}

#[test]
fn tests_are_as_rare_as_the_recipe_says_and_follow_the_last_epoch() {
    let folder = tempfile::tempdir().unwrap();
    let (rare, often) = (folder.path().join("rare"), folder.path().join("often"));
    let rarely = Recipe { test_every: 2, ema: 0.9, ..recipe(5) };
    let report = run(&rare, &rarely, false, &mut |_| {}).unwrap();
    let tested = |report: &RunReport| report.rows.iter().map(|r| r.test).collect::<Vec<_>>();
    let due: Vec<bool> = tested(&report).iter().map(Option::is_some).collect();
    assert_eq!(due, [false, true, false, true, true]);
    let always = Recipe { test_every: 1, ..rarely };
    let whole = run(&often, &always, false, &mut |_| {}).unwrap();
    for epoch in [1, 3, 4] {
        assert_eq!(tested(&report)[epoch], tested(&whole)[epoch], "a test changes nothing");
    }
    assert_eq!(RunFolder::log(&rare).unwrap().rows, report.rows);
    let tsv = std::fs::read_to_string(rare.join(RunFolder::TSV)).unwrap();
    assert_eq!(tsv.lines().count(), 4, "{tsv}");
}

#[test]
fn a_stop_ends_after_a_step_with_the_weights_saved() {
    let folder = tempfile::tempdir().unwrap();
    let report = run(folder.path(), &recipe(4), true, &mut |_| {}).unwrap();
    assert_eq!((report.outcome, report.rows.len()), (Outcome::Interrupted, 0));
    assert_eq!(RunFolder::info(folder.path()).unwrap().outcome, Outcome::Interrupted);
    load_checkpoint(&folder.path().join(RunFolder::CHECKPOINT), &net(1)).unwrap();
    let error = run(folder.path(), &recipe(1), false, &mut |_| {}).unwrap_err();
    assert!(matches!(error, RunError::Unfinished(_)), "{error}");
}

/// Asked to stop in the last step of an epoch or during its test, a training ends before the next
/// one, and goes on to the same bits.
#[test]
fn a_stop_at_the_end_of_an_epoch_is_heard() {
    let recipe = recipe(3);
    let (data, method) = (tints(200, 60), Method::default());
    let parts = |at: &dyn Fn(&Event) -> bool| {
        let folder = tempfile::tempdir().unwrap();
        let (mut rows, mut ends) = (Vec::new(), Vec::new());
        loop {
            let stop = AtomicBool::new(false);
            let mut notes =
                Notes { folder: folder.path(), rows: Vec::new(), stop_after: 0, stop: &stop };
            let (before, checkpoint) = (std::mem::take(&mut rows), notes.checkpoint().unwrap());
            let resume =
                (!ends.is_empty()).then_some(Resume { checkpoint: &checkpoint, rows: &before });
            let job = Job {
                net: &small(),
                recipe: &recipe,
                data: &data,
                limit_train: None,
                limit_test: None,
                seed: 5,
                machine: CPU,
                save_every: Duration::from_secs(60),
                resume,
                group: None,
                method: &method,
                stop: &stop,
            };
            let mut watch = |event: Event| {
                if ends.is_empty() && at(&event) {
                    stop.store(true, std::sync::atomic::Ordering::Relaxed);
                }
            };
            let report = train(&job, &mut notes, &mut watch).unwrap();
            rows = report.rows;
            ends.push(rows.len());
            if report.outcome == Outcome::Finished {
                let numbers: Vec<_> = rows
                    .iter()
                    .map(|r| (r.train.loss().to_bits(), r.test.unwrap().loss().to_bits()))
                    .collect();
                return (
                    ends,
                    numbers,
                    std::fs::read(folder.path().join("weights.safetensors")).unwrap(),
                );
            }
        }
    };
    let whole = parts(&|_| false);
    let after_step =
        parts(&|event| matches!(event, Event::Progress { epoch: 1, seen: 200, images: 200, .. }));
    let in_test = parts(&|event| matches!(event, Event::Testing { epoch: 2 }));
    assert_eq!((whole.0, after_step.0, in_test.0), (vec![3], vec![0, 3], vec![1, 3]));
    assert_eq!((&after_step.1, &in_test.1), (&whole.1, &whole.1));
    assert!(after_step.2 == whole.2 && in_test.2 == whole.2, "the weights differ");
}

#[test]
fn a_loss_that_is_no_number_ends_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let mut wild = recipe(3);
    (wild.peak_lr, wild.weight_decay, wild.momentum) = (1e6, 1e3, 1.0);
    let error = run(folder.path(), &wild, false, &mut |_| {}).unwrap_err();
    insta::assert_snapshot!(error, @"the loss became NaN in epoch 1, at step 4: `b.bn.weight` is not finite since the step before, because its gradient was not");
    assert_eq!(RunFolder::info(folder.path()).unwrap().outcome, Outcome::Failed);
}

/// What both executors say when the training of a net on some images fails.
fn failure(net: &Checked, data: &Dataset) -> String {
    let folder = tempfile::tempdir().unwrap();
    let recipe = recipe(1);
    let said = [Executor::Compiled, Executor::Eager].map(|executor| {
        let stop = AtomicBool::new(false);
        let method = Method { executor, ..Method::default() };
        let job = Job {
            net,
            recipe: &recipe,
            data,
            limit_train: None,
            limit_test: None,
            seed: 5,
            machine: CPU,
            save_every: Duration::ZERO,
            resume: None,
            group: None,
            method: &method,
            stop: &stop,
        };
        let mut notes =
            Notes { folder: folder.path(), rows: Vec::new(), stop_after: 0, stop: &stop };
        train(&job, &mut notes, &mut |_| ()).unwrap_err().to_string()
    });
    assert_eq!(said[0], said[1]);
    said[0].clone()
}

#[test]
fn what_made_the_loss_no_number_is_named() {
    let mut data = tints(64, 8);
    let text = "net large {\n  input x: [N, 3, 8, 8]\n  a: conv(4)\n  b: mul(1e30) -> relu\n  c: mul(1e30) -> flatten -> linear(4)\n  output y: [N, 4]\n}\n";
    let large = crate::generated::checked(text).unwrap();
    insta::assert_snapshot!(failure(&large, &data), @"the loss became NaN in epoch 1, at step 1: `c.mul` is the first node whose values are not all finite");
    data.normalisation = Normalisation::new(&[95.5; 3], &[0.0; 3]);
    insta::assert_snapshot!(failure(&small(), &data), @"the loss became NaN in epoch 1, at step 1: the images are not all finite");
}

#[test]
fn a_resume_with_another_net_or_recipe_is_refused_with_both() {
    let folder = tempfile::tempdir().unwrap();
    let stop = AtomicBool::new(true);
    let mut notes = Notes { folder: folder.path(), rows: Vec::new(), stop_after: 0, stop: &stop };
    let (method, data, first) = (Method::default(), tints(200, 60), recipe(4));
    let checkpoint = notes.checkpoint().unwrap();
    let mut other = recipe(4);
    other.momentum = 0.8;
    let mut attempt = |net: &Checked, recipe: &Recipe, resume: bool| {
        let job = Job {
            net,
            recipe,
            data: &data,
            limit_train: None,
            limit_test: None,
            seed: 5,
            machine: CPU,
            save_every: Duration::ZERO,
            resume: resume.then_some(Resume { checkpoint: &checkpoint, rows: &[] }),
            group: None,
            method: &method,
            stop: &stop,
        };
        train(&job, &mut notes, &mut |_| ())
    };
    attempt(&small(), &first, false).unwrap();
    let RunError::Changed { what, was, is, .. } = attempt(&small(), &other, true).unwrap_err()
    else {
        panic!("another recipe is taken");
    };
    assert_eq!((what, &was, &is), ("recipe", &first.to_yaml(), &other.to_yaml()));
    let grown = small_with("gelu");
    let RunError::Changed { what, was, is, .. } = attempt(&grown, &first, true).unwrap_err() else {
        panic!("another net is taken");
    };
    assert_eq!((what, was, is), ("net", small().flat_text(None), grown.flat_text(None)));
}

#[test]
fn data_that_do_not_fit_are_refused() {
    let mut data = tints(8, 8);
    data.classes.pop();
    let folder = tempfile::tempdir().unwrap();
    let wrong_classes = evaluate_run(folder.path(), &small(), &data, CPU).unwrap_err();
    data.image = [3, 4, 16];
    let wrong_image = evaluate_run(folder.path(), &small(), &data, CPU).unwrap_err();
    insta::assert_snapshot!(format!("{wrong_classes}\n{wrong_image}"), @r#"
    tints has 3 classes: expected an output [N, 3], got [N, 4]
    help: a trained net takes images and classes such as it was trained on: give others with --data, or train on these
    the images of tints are [N, 3, 4, 16], the net takes [N, 3, 8, 8]
    help: a trained net takes images and classes such as it was trained on: give others with --data, or train on these
    "#);
}

/// A journal in memory, which asks for a stop after an epoch.
struct Notes<'a> {
    folder: &'a Path,
    rows: Vec<netc::run::EpochRow>,
    stop_after: u32,
    stop: &'a AtomicBool,
}

impl Journal for Notes<'_> {
    fn start(&mut self, _: &RunInfo) -> Result<(), RunError> {
        Ok(())
    }

    fn epoch(&mut self, row: &netc::run::EpochRow) -> Result<(), RunError> {
        self.rows.push(*row);
        self.stop.store(row.epoch == self.stop_after, std::sync::atomic::Ordering::Relaxed);
        Ok(())
    }

    fn end(&mut self, _: Outcome) -> Result<(), RunError> {
        Ok(())
    }

    fn checkpoint(&self) -> Result<std::path::PathBuf, RunError> {
        Ok(self.folder.join("state.safetensors"))
    }

    fn weights(&self) -> Result<Option<std::path::PathBuf>, RunError> {
        Ok(Some(self.folder.join("weights.safetensors")))
    }
}

/// Trains for 4 epochs in all, stopping in the one after each of `stops`, the last time not at all.
fn in_parts(
    folder: &Path,
    recipe: &Recipe,
    stops: &[u32],
    method: &Method,
    machine: Machine,
) -> Vec<netc::run::EpochRow> {
    let mut rows = Vec::new();
    for stop_after in stops.iter().copied().chain([0]) {
        let stop = AtomicBool::new(false);
        let before = std::mem::take(&mut rows);
        let mut notes = Notes { folder, rows: Vec::new(), stop_after, stop: &stop };
        let checkpoint = notes.checkpoint().unwrap();
        let job = Job {
            net: &small(),
            recipe,
            data: &tints(100, 20),
            limit_train: None,
            limit_test: None,
            seed: 5,
            machine,
            save_every: Duration::ZERO,
            resume: (!before.is_empty())
                .then_some(Resume { checkpoint: &checkpoint, rows: &before }),
            group: None,
            method,
            stop: &stop,
        };
        let report = train(&job, &mut notes, &mut |_| ()).unwrap();
        assert_eq!(report.outcome == Outcome::Interrupted, stop_after > 0);
        rows = report.rows;
    }
    rows
}

#[test]
fn a_training_that_was_cut_short_goes_on_to_the_same_bits() {
    let yaml = |text: &str| with(text, 4);
    let recipes = [
        recipe(4),
        yaml(
            "batch_size: 32\ncutout: 2\noptimiser: adamw\npeak_lr: 0.01\nema: 0.99\nalternating_flip: true\n",
        ),
        yaml(
            "batch_size: 32\ncutout: 2\noptimiser: muon\nmuon_lr: 0.02\nlookahead_every: 3\nlookahead_start: 6\nema: 0.9\n",
        ),
    ];
    for executor in [Executor::Compiled, Executor::Eager] {
        let method = Method { executor, ..Method::default() };
        recipes.iter().for_each(|recipe| goes_on(recipe, &method, CPU));
        let exact = Machine { precision: Precision::Fp64, ..CPU };
        recipes.iter().for_each(|recipe| goes_on(recipe, &method, exact));
    }
}

fn goes_on(recipe: &Recipe, method: &Method, machine: Machine) {
    let results = [&[][..], &[3], &[1, 2]].map(|stops| {
        let folder = tempfile::tempdir().unwrap();
        let rows = in_parts(folder.path(), recipe, stops, method, machine);
        let numbers = |r: &netc::run::EpochRow| {
            (r.epoch, r.train.loss().to_bits(), r.test.unwrap().loss().to_bits())
        };
        // An exporter reads what the training saved on its way.
        let saved = std::fs::read(folder.path().join("state.safetensors")).unwrap();
        Weights::of_safetensors(&small(), &saved).unwrap();
        let weights = std::fs::read(folder.path().join("weights.safetensors")).unwrap();
        (rows.iter().map(numbers).collect::<Vec<_>>(), weights)
    });
    assert_eq!(results[0].0.len(), 4);
    for cut_short in &results[1..] {
        assert_eq!(cut_short.0, results[0].0);
        assert!(cut_short.1 == results[0].1, "the weights differ");
    }
}
