//! What a GPU runs, on the CPU: netc's kernels for GPUs by their emulator, behind the same
//! launches, in trainings and comparisons of whole nets. Only the CUDA graph and cuDNN are missing.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use serde_json::Value;

/// Fused batch normalisations of every kind, a residual sum, every pool and dropout.
const NET: &str = "
net small(width = 8) {
  input image: [N, 3, 32, 32]
  conv(width, stride = 2) -> bn -> relu
  body: conv(2*width) -> bn -> relu -> maxpool(2)
  conv(2*width) -> bn -> gelu -> add(body)
  conv(12) -> maxpool(2) -> bn -> silu -> dropout(0.1)
  conv(9) -> bn -> celu(0.5) -> globalmaxpool -> flatten -> linear(10, bias = true)
  output logits: [N, 10]
}
";

/// The library of the kernels, built once by the project's script.
fn emulator() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/test-kernels.sh");
        let built = Command::new("bash").arg(script).arg("--library").output().unwrap();
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        let path = PathBuf::from(String::from_utf8(built.stdout).unwrap().trim());
        Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
    })
}

/// `netc-torch` in a folder, with the emulator or without netc's kernels.
fn netc(folder: &Path, emulated: bool, args: &[&str]) -> Output {
    let mut command = Command::new(crate::programs::netc_torch());
    command
        .args(args)
        .current_dir(folder)
        .env("OMP_NUM_THREADS", "1")
        .env("XDG_CACHE_HOME", folder);
    if emulated {
        command.env("NETC_CUDA_EMULATOR", emulator());
    } else {
        command.args(["--without", "kernels"]);
    }
    command.output().unwrap()
}

fn done(output: &Output) -> String {
    let text = [output.stdout.clone(), output.stderr.clone()].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    assert!(output.status.success(), "{text}");
    text
}

fn folder(recipe: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("small.net"), NET).unwrap();
    std::fs::write(folder.path().join("recipe.yaml"), recipe).unwrap();
    folder
}

const SGD: &str = "
epochs: 3
batch_size: 40
lr_epochs: [0, 1, 3]
lr_values: [0.002, 0.01, 0.001]
nesterov: true
label_smoothing: 0.1
cutout: 4
bias_lr_scale: 4
";
const ADAMW: &str = "
epochs: 2
batch_size: 40
optimiser: adamw
lr_epochs: [0, 2]
lr_values: [0.004, 0.001]
weight_decay: 0.1
ema: 0.9
test_views: flip_shift
";
const MUON: &str = "
epochs: 2
batch_size: 40
optimiser: muon
lr_epochs: [0, 2]
lr_values: [0.1, 0]
muon_lr: 0.1
lookahead_every: 2
alternating_flip: true
";

/// The epochs in a training's log.
fn epochs(run: &Path) -> Vec<Value> {
    let log = std::fs::read_to_string(run.join("log.jsonl")).unwrap();
    log.lines().skip(1).map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn train(folder: &Path, emulated: bool, name: &str, precision: &str, more: &[&str]) -> Vec<Value> {
    let args = ["train", "small.net", "--recipe", "recipe.yaml", "--data", "synthetic"];
    let limits = ["--limit-train", "192", "--limit-test", "70", "--device", "cpu"];
    let own = ["--precision", precision, "--output", name];
    done(&netc(folder, emulated, &[&args[..], &limits, &own, more].concat()));
    epochs(&folder.join(name))
}

fn number(row: &Value, key: &str) -> f64 {
    row[key].as_f64().unwrap_or_else(|| panic!("{key} in {row}"))
}

/// Trainings that differ in nothing but the kernels.
fn agree(recipe: &str, precision: &str, most: f64) {
    let recipe = recipe.to_string();
    let folder = folder(&recipe);
    let without_dropout = NET.replace(" -> dropout(0.1)", "");
    std::fs::write(folder.path().join("small.net"), without_dropout).unwrap();
    let found = train(folder.path(), true, "found", precision, &[]);
    let expected = train(folder.path(), false, "expected", precision, &[]);
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(&expected) {
        for key in ["train_loss", "test_loss"] {
            let (found, expected) = (number(found, key), number(expected, key));
            let off = (found / expected - 1.0).abs();
            assert!(off < most, "{key} in {precision}: {found}, not {expected}\n{recipe}");
        }
    }
}

#[test]
fn sgd_trains_as_libtorch_does() {
    agree(SGD, "fp32", 2e-3);
    agree(SGD, "fp16", 0.05);
}

#[test]
fn adamw_and_the_mean_of_the_weights_train_as_libtorch_does() {
    agree(ADAMW, "fp32", 5e-3);
    agree(ADAMW, "bf16", 0.1);
}

#[test]
fn muon_and_lookahead_train_as_libtorch_does() {
    agree(MUON, "fp32", 5e-3);
}

#[test]
fn a_step_agrees_with_fp64_in_every_net() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let nets = ["tests/cases/check_ok/every_op.net", "nets/resnet9.net", "nets/dawnbench.net"];
    let tail = ["--set", "width=8", "--device", "cpu", "--precision", "fp32,fp16,bf16"];
    for net in nets.into_iter().chain(["nets/zoo/airbench94.net", "nets/base_wide.net"]) {
        let tail = if net.contains("every_op") { &tail[2..] } else { &tail[..] };
        let text = done(&netc(root, true, &[&["agree", net, "--batch", "4"], tail].concat()));
        assert_eq!(text.matches("  ok").count(), 6, "{net}:\n{text}");
    }
}

#[test]
fn a_training_that_was_killed_goes_on_to_the_same_bits() {
    let folder = folder(ADAMW);
    let whole = train(folder.path(), true, "whole", "fp32", &["--epochs", "6"]);
    let mut command = Command::new(crate::programs::netc_torch());
    command.args(["train", "small.net", "--recipe", "recipe.yaml", "--data", "synthetic"]);
    command.args(["--limit-train", "192", "--limit-test", "70", "--device", "cpu"]);
    command.args(["--precision", "fp32", "--epochs", "6", "--save-every", "0", "--output", "cut"]);
    command.current_dir(folder.path()).env("OMP_NUM_THREADS", "1");
    let mut cut = command.env("NETC_CUDA_EMULATOR", emulator()).spawn().unwrap();
    let log = folder.path().join("cut/log.jsonl");
    let lines = || std::fs::read_to_string(&log).map_or(0, |text| text.lines().count());
    while lines() < 3 && cut.try_wait().unwrap().is_none() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    cut.kill().unwrap();
    cut.wait().unwrap();
    done(&netc(folder.path(), true, &["train", "--resume", "cut", "--device", "cpu"]));
    let rows = epochs(&folder.path().join("cut"));
    let last = rows.last().unwrap();
    let expected = whole.last().unwrap();
    for key in ["train_loss", "test_loss"] {
        assert_eq!(number(last, key), number(expected, key), "{key}");
    }
}

#[test]
fn gradients_that_are_not_finite_leave_the_weights() {
    // The gradient of the loss is multiplied by 2^17 on its way back, beyond what fp16 holds.
    let net = NET.replace("linear(10, bias = true)", "linear(10) -> mul(1/131072) -> mul(131072)");
    let folder = folder(SGD);
    std::fs::write(folder.path().join("small.net"), net).unwrap();
    let rows = train(folder.path(), true, "scaled", "fp16", &["--epochs", "6"]);
    let losses: Vec<f64> = rows.iter().map(|row| number(row, "train_loss")).collect();
    assert!(losses[5] < losses[0], "{losses:?}");
    let args = ["train", "small.net", "--recipe", "recipe.yaml", "--data", "synthetic"];
    let more = ["--limit-train", "192", "--device", "cpu", "--precision", "fp16"];
    let output = netc(folder.path(), false, &[&args[..], &more].concat());
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && text.contains("became NaN"), "{text}");
}

#[test]
fn two_ranks_train_as_one() {
    let folder = folder(SGD);
    let one = train(folder.path(), true, "one", "fp32", &[]);
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let start = |rank: &str| {
        let mut command = Command::new(crate::programs::netc_torch());
        command.args(["train", "small.net", "--recipe", "recipe.yaml", "--data", "synthetic"]);
        command.args(["--limit-train", "192", "--limit-test", "70", "--device", "cpu"]);
        command.args(["--precision", "fp32", "--output", "two"]).current_dir(folder.path());
        command.env("OMP_NUM_THREADS", "1").env("NETC_CUDA_EMULATOR", emulator());
        command.env("RANK", rank).env("WORLD_SIZE", "2").env("MASTER_ADDR", "127.0.0.1");
        command.env("MASTER_PORT", port.to_string()).spawn().unwrap()
    };
    let ranks = ["0", "1"].map(start);
    ranks.into_iter().for_each(|mut rank| assert!(rank.wait().unwrap().success()));
    let two = epochs(&folder.path().join("two"));
    let (one, two) = (number(&one[0], "train_loss"), number(&two[0], "train_loss"));
    // Each rank has statistics of its own.
    assert!((one / two - 1.0).abs() < 0.1, "{one}, {two}");
}

#[test]
fn an_emulator_that_is_not_there_is_named() {
    let folder = folder(SGD);
    let output = Command::new(crate::programs::netc_torch())
        .args(["train", "small.net", "--data", "synthetic", "--device", "cpu"])
        .current_dir(folder.path())
        .env("NETC_CUDA_EMULATOR", "/nowhere/kernels.so")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && text.contains("/nowhere/kernels.so"), "{text}");
}
