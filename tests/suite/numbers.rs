//! No training, evaluation or file has a number that is none.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use netc::check::Checked;
use netc::lower::Precision;
use netc::lower::cpu::Features;
use netc::recipe::Recipe;
use netc::run::data::{Dataset, Normalisation, Split};
use netc::run::{Executor, Method, NoJournal, Origin, Outcome, RunError, RunFolder};
use netc_torch::lower::{Mode, TorchNet};
use netc_torch::run::{Job, RunReport, confusion_of_run, train};
use tch::{Device, Kind, Tensor};
use zip::CompressionMethod;

use crate::data::npz::{npy, npz};
use crate::run::{CPU, tints, with};

/// Batch normalisation after the image is gone, and over an image of one pixel.
const HEADS: [(&str, &str); 2] = [
    ("top.bn", "top: globalavgpool -> flatten -> linear(4) -> bn -> relu"),
    ("pixel.bn", "pixel: globalavgpool -> conv(4, k = 1) -> bn -> relu -> flatten"),
];

fn text(head: &str, recipe: &str) -> String {
    format!(
        "net pixel {{\n  input image: [N, 3, 8, 8]\n  conv(4) -> relu\n  {head}\n  last: linear(4)\n  \
         output logits: [N, 4]\n  recipe {{ epochs = 1, crop_pad = 0, flip = false, cutout = 0{recipe} }}\n}}\n"
    )
}

fn compiled(text: &str) -> Checked {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pixel.net");
    std::fs::write(&file, text).unwrap();
    netc::compile(&file, &[]).net.unwrap()
}

fn netc(folder: &Path, args: &[&str]) -> Output {
    Command::new(crate::programs::netc_torch())
        .args(args)
        .current_dir(folder)
        .env("OMP_NUM_THREADS", "1")
        .output()
        .unwrap()
}

fn words(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.clone(), output.stderr.clone()].concat()).into_owned()
}

fn job<'a>(net: &'a Checked, recipe: &'a Recipe, data: &'a Dataset, method: &'a Method) -> Job<'a> {
    static STOP: AtomicBool = AtomicBool::new(false);
    Job {
        net,
        recipe,
        data,
        limit_train: None,
        limit_test: None,
        seed: 3,
        machine: CPU,
        save_every: Duration::MAX,
        resume: None,
        group: None,
        method,
        stop: &STOP,
    }
}

fn trained(
    net: &Checked,
    batch: [usize; 2],
    images: usize,
    executor: Executor,
) -> Result<RunReport, RunError> {
    let recipe = with("crop_pad: 0\nflip: false\ncutout: 0\n", 1);
    let recipe = Recipe { batch_size: batch[0], ghost_batch: batch[1], ..recipe };
    let (data, method) = (tints(images, 6), Method { executor, ..Method::default() });
    train(&job(net, &recipe, &data, &method), &mut NoJournal, &mut |_| {})
}

#[test]
fn one_value_a_channel_is_refused_before_training_with_what_to_change() {
    let cases = [
        ([8, 0], 17, "the last batch of an epoch of 17 images has 1 image (`batch_size` 8)"),
        ([1, 0], 16, "a batch has 1 image\nhelp: set `batch_size` to 2 or more"),
        ([8, 0], 1, "a batch has 1 image\nhelp: train on 2 images or more at once"),
        ([6, 2], 13, "the last batch of an epoch of 13 images has 1 image"),
    ];
    for (layer, head) in HEADS {
        let net = compiled(&text(head, ""));
        for (batch, images, expected) in cases {
            let error = trained(&net, batch, images, Executor::Compiled).unwrap_err();
            assert!(matches!(error, RunError::OneValue { .. }), "{error:?}");
            let error = error.to_string();
            assert!(error.contains(expected) && error.contains(&format!("`{layer}`")), "{error}");
        }
    }
    let refused = trained(&compiled(&text(HEADS[0].1, "")), [8, 0], 17, Executor::Eager);
    let help = "set `batch_size` to 7, or train on 16 images (--limit-train)";
    assert!(refused.unwrap_err().to_string().ends_with(help));
}

#[test]
fn what_the_refusal_advises_trains_and_both_executors_agree() {
    for (_, head) in HEADS {
        let net = compiled(&text(head, ""));
        for (batch, images) in [([7, 0], 17), ([8, 0], 16), ([2, 0], 8)] {
            let row = |executor| trained(&net, batch, images, executor).unwrap().rows[0];
            let (own, library) = (row(Executor::Compiled), row(Executor::Eager));
            let apart = (own.train.loss() - library.train.loss())
                .abs()
                .max((own.test.unwrap().loss() - library.test.unwrap().loss()).abs());
            assert!(apart < 1e-5, "{head} {batch:?}: {own:?} {library:?}");
        }
        // An image of several pixels has several values in a batch of one image, too.
        let wide = compiled(&text("wide: bn -> relu -> globalavgpool -> flatten", ""));
        assert!(
            trained(&wide, [1, 0], 3, Executor::Compiled).unwrap().rows[0]
                .test
                .unwrap()
                .loss()
                .is_finite()
        );
    }
}

#[test]
fn the_net_itself_refuses_such_a_batch() {
    for (layer, head) in HEADS {
        let net =
            TorchNet::new(&compiled(&text(head, "")), 1, Device::Cpu, Precision::Fp32).unwrap();
        let images = Tensor::rand([1, 3, 8, 8], (Kind::Float, Device::Cpu));
        let error = net.forward(&images, Mode::Train { seed: 1 }).unwrap_err();
        assert_eq!(
            (error.at.as_str(), error.message.contains("one value a channel")),
            (layer, true)
        );
        assert!(net.forward(&images, Mode::Eval).is_ok());
    }
}

#[test]
fn every_command_that_takes_a_training_step_refuses_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    std::fs::write(path.join("pixel.net"), text(HEADS[0].1, ", batch_size = 8")).unwrap();
    tinted(&path.join("seventeen.npz"), 17);
    let cases: [&[&str]; 5] = [
        &["train", "pixel.net", "--data", "seventeen.npz", "--output", "run"],
        &["train", "pixel.net", "--data", "seventeen.npz", "--output", "run", "--limit-train", "9"],
        &["profile", "pixel.net", "--batch", "1", "--steps", "1"],
        &["parity", "pixel.net", "--batch", "1", "--steps", "1", "--output", "parity"],
        &[
            "train",
            "pixel.net",
            "--data",
            "seventeen.npz",
            "--output",
            "run",
            "--executor",
            "eager",
        ],
    ];
    for args in cases {
        let output = netc(path, args);
        assert_eq!(output.status.code(), Some(1), "{args:?}: {}", words(&output));
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            complaint.contains("`top.bn` would have one value a channel"),
            "{args:?}: {complaint}"
        );
        assert!(complaint.contains("help: "), "{complaint}");
    }
    assert!(!path.join("run").exists() && !path.join("parity").exists());
    let sixteen = netc(path, &[cases[0], &["--limit-train", "16"]].concat());
    assert!(sixteen.status.success(), "{}", words(&sixteen));
}

/// Images of `[3, 8, 8]` in an `.npz`, the first `train` to train on and four to test.
fn tinted(path: &Path, train: usize) {
    let data = tints(train, 4);
    let long = |labels: &[u16]| {
        labels.iter().flat_map(|&l| i64::from(l).to_le_bytes()).collect::<Vec<u8>>()
    };
    let images = |split: &Split| npy("|u1", &[split.len(), 3, 8, 8], &split.images);
    let labels = |split: &Split| npy("<i8", &[split.len()], &long(&split.labels));
    let arrays = [
        ("train_images", images(&data.train)),
        ("train_labels", labels(&data.train)),
        ("test_images", images(&data.test)),
        ("test_labels", labels(&data.test)),
    ];
    npz(path, CompressionMethod::Stored, &arrays);
}

/// A net whose statistics of grey images are no statistics of others: its loss is a number on the
/// ones, none on the others.
fn blind() -> Checked {
    let layers = "conv(4, k = 1) -> bn(momentum = 1, eps = 1e-12) -> ".repeat(8);
    compiled(&text(&format!("deep: {layers} relu -> globalavgpool -> flatten"), ""))
}

/// Training images of one grey, test images of noise.
fn grey() -> Dataset {
    let mut data = tints(8, 4);
    data.train = Split { images: vec![128; 8 * 192], labels: vec![0, 1, 2, 3, 0, 1, 2, 3] };
    data.normalisation = Normalisation::new(&[128.0; 3], &[50.0; 3]);
    data
}

#[test]
fn a_test_loss_that_is_no_number_fails_the_run_and_netc_reads_what_it_wrote() {
    let folder = tempfile::tempdir().unwrap();
    let (net, data) = (blind(), grey());
    let recipe = with("batch_size: 4\ncrop_pad: 0\nflip: false\ncutout: 0\n", 2);
    for executor in [Executor::Eager, Executor::Compiled] {
        let out = folder.path().join(format!("{executor:?}"));
        let method = Method { executor, ..Method::default() };
        let mut journal = RunFolder::new(&out, net.flat_text(None), recipe.to_yaml());
        let error =
            train(&job(&net, &recipe, &data, &method), &mut journal, &mut |_| {}).unwrap_err();
        let RunError::NotFinite { what, value, origin } = &error else { panic!("{error:?}") };
        assert!(what.contains("test") && !value.is_finite());
        assert!(matches!(origin, Origin::Node(path) if path.starts_with("deep.bn")), "{error}");
        let info = RunFolder::info(&out).unwrap();
        assert_eq!((info.outcome, info.last), (Outcome::Failed, None));
        assert!(RunFolder::log(&out).unwrap().rows.is_empty());
        let log = std::fs::read_to_string(out.join(RunFolder::LOG)).unwrap();
        assert!(!log.contains("_loss"), "{log}");
    }
}

/// A finished run whose running variance someone made a NaN.
fn spoilt(folder: &Path) -> PathBuf {
    let (net, data, out) = (compiled(&text(HEADS[1].1, "")), tints(16, 4), folder.join("run"));
    let recipe = with("batch_size: 8\ncrop_pad: 0\nflip: false\ncutout: 0\n", 1);
    let mut journal = RunFolder::new(&out, net.flat_text(None), recipe.to_yaml());
    train(&job(&net, &recipe, &data, &Method::default()), &mut journal, &mut |_| {}).unwrap();
    let torch = TorchNet::new(&net, 0, Device::Cpu, Precision::Fp32).unwrap();
    let weights = out.join(RunFolder::CHECKPOINT);
    netc_torch::run::load_checkpoint(&weights, &torch).unwrap();
    let var = torch.weights().iter().find(|w| w.name == "pixel.bn.running_var").unwrap();
    var.set_values(&[f32::NAN; 4]).unwrap();
    netc_torch::run::save_checkpoint(&weights, &torch).unwrap();
    out
}

#[test]
fn evaluation_and_prediction_say_where_a_number_was_lost() {
    let folder = tempfile::tempdir().unwrap();
    let out = spoilt(folder.path());
    let net = netc::compile(&out.join(RunFolder::NET), &[]).net.unwrap();
    let error = confusion_of_run(&out, &net, &tints(16, 4), CPU).unwrap_err().to_string();
    let culprit = "`pixel.bn.running_var` holds numbers that are not finite";
    assert_eq!(error, format!("the loss on the test images is NaN: {culprit}"));
    image::RgbImage::from_pixel(8, 8, image::Rgb([9, 99, 199]))
        .save(folder.path().join("a.png"))
        .unwrap();
    tinted(&folder.path().join("four.npz"), 4);
    let cases: [&[&str]; 3] = [
        &["predict", "run", "a.png"],
        &["predict", "run", "a.png", "--format", "json"],
        &["eval", "run", "--data", "four.npz", "--format", "json"],
    ];
    for args in cases {
        let output = netc(folder.path(), args);
        assert_eq!(output.status.code(), Some(1), "{args:?}: {}", words(&output));
        assert!(output.stdout.is_empty() && words(&output).contains(culprit), "{}", words(&output));
    }
}

#[test]
fn a_search_with_a_run_that_cannot_be_trained_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let net =
        text(HEADS[0].1, ", batch_size = 8").replace("pixel {", "pixel(flat: bool = false) {");
    let net = net.replace("bn -> relu", "(bn -> relu) if flat");
    std::fs::write(folder.path().join("pixel.net"), net).unwrap();
    tinted(&folder.path().join("seventeen.npz"), 17);
    let args = ["search", "pixel.net", "--over", "flat", "--runs", "1", "--data", "seventeen.npz"];
    let output = netc(folder.path(), &[&args[..], &["--output", "found", "--quiet"]].concat());
    assert_eq!(output.status.code(), Some(1), "{}", words(&output));
    for culprit in ["variant `flat=true`", "would have one value a channel", "`batch_size` to 7"] {
        assert!(words(&output).contains(culprit), "{}", words(&output));
    }
    assert!(!folder.path().join("found").exists());
}

#[test]
fn a_search_goes_on_past_a_run_that_diverges() {
    let folder = tempfile::tempdir().unwrap();
    let net = text(HEADS[1].1, ", batch_size = 4").replace("pixel {", "pixel(by: float = 1) {");
    let net = net.replace("last: linear(4)", "last: linear(4) -> mul(by) -> relu -> mul(by)");
    std::fs::write(folder.path().join("pixel.net"), net).unwrap();
    tinted(&folder.path().join("some.npz"), 32);
    let args = ["search", "pixel.net", "--over", "by=[1e30,0.5]", "--runs", "1"];
    let rest = ["--data", "some.npz", "--output", "found", "--quiet"];
    let output = netc(folder.path(), &[&args[..], &rest].concat());
    assert!(output.status.success(), "{}", words(&output));
    let report = words(&netc(folder.path(), &["report", "found", "--format", "json"]));
    assert!(report.contains("the loss became"), "{report}");
    let runs = netc::search::read_runs(&folder.path().join("found")).unwrap();
    assert_eq!((runs.len(), runs.iter().filter(|run| run.finished()).count()), (3, 2));
}

#[test]
fn f4_convolutions_in_bf16_are_warned_of_once() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("pixel.net"), text(HEADS[1].1, "")).unwrap();
    // Refused after the warning: a profile in bf16 takes minutes where the CPU lacks its
    // instructions.
    let profile = ["profile", "pixel.net", "--batch", "1", "--steps", "1"];
    tinted(&folder.path().join("few.npz"), 16);
    let train = ["train", "pixel.net", "--data", "few.npz"];
    let warned = |args: &[&str]| {
        let output = netc(folder.path(), args);
        assert_eq!(output.status.success(), args[0] == "train", "{}", words(&output));
        String::from_utf8_lossy(&output.stderr).matches("warning: f4 convolutions in bf16").count()
    };
    // Elsewhere the products are of fp32 numbers.
    let expected = usize::from(Features::detect().contains(Features::AVX512_BF16));
    for command in [&profile[..], &train[..]] {
        assert_eq!(warned(&[command, &["--conv", "f4", "--precision", "bf16"]].concat()), expected);
    }
    assert_eq!(warned(&[&train[..], &["--conv", "f4", "--precision", "fp32"]].concat()), 0);
    assert_eq!(warned(&[&train[..], &["--precision", "bf16"]].concat()), 0);
}

#[test]
fn convolutions_that_have_no_effect_are_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("pixel.net"), text(HEADS[1].1, "")).unwrap();
    tinted(&folder.path().join("few.npz"), 16);
    let said = |limit: &str, options: &[&str]| {
        let train = ["train", "pixel.net", "--data", "few.npz", "--conv", "f4"];
        let mut command = Command::new(env!("CARGO_BIN_EXE_netc"));
        command.args([&train[..], options].concat()).current_dir(folder.path());
        let output = command.env("ONEDNN_MAX_CPU_ISA", limit).output().unwrap();
        assert!(output.status.success(), "{}", words(&output));
        String::from_utf8(output.stderr).unwrap()
    };
    let why = |text: &str| format!("warning: --conv f4 has no effect {text}");
    let fp64 = said("ALL", &["--precision", "fp64"]);
    assert!(
        fp64.contains(&why("in fp64: netc's own convolutions are for fp32 and bf16")),
        "{fp64}"
    );
    let eager = said("ALL", &["--executor", "eager"]);
    assert!(eager.contains(&why("with --executor eager")), "{eager}");
    let old = said("SSE41", &["--precision", "fp32"]);
    let lacking = "on this processor: netc's own convolutions need AVX2";
    assert!(old.contains(&why(lacking)), "{old}");
}

#[test]
fn sets_of_no_image_are_refused_and_those_of_one_count_right() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("pixel.net"), text(HEADS[1].1, ", batch_size = 8")).unwrap();
    tinted(&folder.path().join("few.npz"), 12);
    for flag in ["--limit-test", "--limit-train"] {
        for command in [&["train", "pixel.net"][..], &["search", "pixel.net", "--dry-run"]] {
            let output =
                netc(folder.path(), &[command, &["--data", "few.npz", flag, "0"]].concat());
            assert_eq!(output.status.code(), Some(2), "{}", words(&output));
            assert!(words(&output).contains(flag), "{}", words(&output));
        }
    }
    let (net, recipe) =
        (compiled(&text(HEADS[1].1, "")), with("batch_size: 64\ncutout: 0\ncrop_pad: 0\n", 1));
    let method = Method::default();
    let score = |train_images: usize, test: usize, limit_test: Option<usize>| {
        let data = tints(train_images, test);
        let job = Job { limit_test, ..job(&net, &recipe, &data, &method) };
        train(&job, &mut NoJournal, &mut |_| {})
    };
    for (train_images, test, limit, expected) in [
        (8, 0, None, "no test images"),
        (0, 4, None, "no training images"),
        (8, 4, Some(0), "--limit-test 0"),
    ] {
        let error = score(train_images, test, limit).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    // One test image, and a batch that is larger than the whole set.
    let row = score(8, 1, None).unwrap().rows[0];
    assert!(
        row.test.unwrap().loss().is_finite()
            && [0.0, 1.0].contains(&row.test.unwrap().get("acc").unwrap()),
        "{row:?}"
    );
}
