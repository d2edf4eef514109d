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
    command.args(args).current_dir(folder).env("OMP_NUM_THREADS", "1").env("NETC_CACHE", folder);
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
batch_size: 48
lr_epochs: [0, 1, 3]
lr_values: [0.05, 0.2, 0.02]
nesterov: true
label_smoothing: 0.1
cutout: 4
bias_lr_scale: 8
";
const ADAMW: &str = "
epochs: 2
batch_size: 48
optimiser: adamw
lr_epochs: [0, 2]
lr_values: [0.004, 0.001]
weight_decay: 0.1
ema: 0.9
test_views: flip_shift
";
const MUON: &str = "
epochs: 2
batch_size: 48
optimiser: muon
lr_epochs: [0, 2]
lr_values: [0.1, 0]
muon_lr: 0.1
lookahead_every: 2
alternating_flip: true
";

/// The lines of a training's log.
fn train(folder: &Path, emulated: bool, name: &str, precision: &str, more: &[&str]) -> Vec<Value> {
    let args = ["train", "small.net", "--recipe", "recipe.yaml", "--data", "synthetic"];
    let limits = ["--limit-train", "200", "--limit-test", "70", "--device", "cpu"];
    let own = ["--precision", precision, "--out", name];
    done(&netc(folder, emulated, &[&args[..], &limits, &own, more].concat()));
    let log = std::fs::read_to_string(folder.join(name).join("log.jsonl")).unwrap();
    log.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
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
