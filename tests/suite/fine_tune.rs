//! Trainings that start from the weights of another, with a part frozen.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use netc::lower::{Renaming, StartWeights, Weights};
use netc::recipe::Recipe;
use netc::run::{Executor, Method, Outcome, RunError, RunFolder};
use netc_torch::run::{Job, Resume, fine_tune};

use crate::limited::Limits;
use crate::lower::small;
use crate::run::{CPU, tints, with};

/// The weights of a run by name.
fn weights(run: &Path) -> BTreeMap<String, Vec<f32>> {
    let bytes = std::fs::read(run.join(RunFolder::CHECKPOINT)).unwrap();
    let all = Weights::of_safetensors(&small(), &bytes).unwrap();
    all.tensors().iter().map(|t| (t.name.clone(), t.values.clone())).collect()
}

fn recipe(freeze: &str) -> Recipe {
    with(&format!("batch_size: 32\npeak_lr: 0.2\ncrop_pad: 1\ncutout: 2\nfreeze: {freeze}\n"), 2)
}

/// A training from these weights; it stops after its first step where it is told to.
fn train(
    run: &Path,
    recipe: &Recipe,
    start: &Weights,
    executor: Executor,
    [stop, resume]: [bool; 2],
) -> Result<Vec<netc::run::EpochRow>, RunError> {
    let checkpoint = run.join(RunFolder::CHECKPOINT);
    let job = Job {
        net: &small(),
        recipe,
        data: &tints(100, 20),
        limit_train: None,
        limit_test: None,
        seed: 1,
        machine: CPU,
        save_every: Duration::from_secs(60),
        resume: resume.then_some(Resume { checkpoint: &checkpoint, rows: &[] }),
        group: None,
        method: &Method { executor, ..Method::default() },
        stop: &AtomicBool::new(stop),
    };
    let mut folder = match resume {
        true => RunFolder::resume(run).unwrap(),
        false => RunFolder::new(run, "net small { }\n".into(), recipe.to_yaml()),
    };
    let report = fine_tune(&job, start.tensors(), &mut folder, &mut |_| {})?;
    assert_eq!(report.outcome == Outcome::Interrupted, stop);
    Ok(report.rows)
}

#[test]
fn frozen_weights_and_statistics_stay_and_the_others_do_not() {
    let folder = tempfile::tempdir().unwrap();
    let start = Weights::initial(&small(), 77).unwrap();
    let mut losses = Vec::new();
    for executor in [Executor::Compiled, Executor::Eager] {
        let run = folder.path().join(format!("{executor:?}"));
        let rows = train(&run, &recipe("[a, b.bn]"), &start, executor, [false; 2]).unwrap();
        losses.push(rows[1].train.loss());
        for (name, values) in weights(&run) {
            let frozen = name.starts_with("a.") || name.starts_with("b.bn");
            assert_eq!(values == start.get(&name).unwrap().values, frozen, "{name}");
        }
    }
    assert!((losses[0] - losses[1]).abs() < 1e-4, "{losses:?}");
}

#[test]
fn a_fine_tuning_that_is_cut_short_goes_on_from_its_weights() {
    let folder = tempfile::tempdir().unwrap();
    let [whole, parts] = ["whole", "parts"].map(|name| folder.path().join(name));
    let (start, recipe) = (Weights::initial(&small(), 77).unwrap(), recipe("a"));
    train(&whole, &recipe, &start, Executor::Compiled, [false; 2]).unwrap();
    train(&parts, &recipe, &start, Executor::Compiled, [true, false]).unwrap();
    // What it started from is in its checkpoint: no weights are given again.
    train(&parts, &recipe, &Weights::default(), Executor::Compiled, [false, true]).unwrap();
    assert!(weights(&whole) == weights(&parts));
}

#[test]
fn freezing_what_is_not_there_or_everything_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let said = ["[a.cnov]", "[elsewhere]", "[a.relu]", "\"**\""].map(|freeze| {
        let start = Weights::default();
        let run = folder.path().join("run");
        train(&run, &recipe(freeze), &start, Executor::Compiled, [false; 2])
            .unwrap_err()
            .to_string()
    });
    insta::assert_snapshot!(said.join("\n"), @r#"
    `freeze` names `a.cnov`, where nothing is trained
    help: did you mean `a.conv`?
    `freeze` names `elsewhere`, where nothing is trained
    help: the net has weights at a.conv, a.bn, b.conv, b.bn, linear
    `freeze` names `a.relu`, where nothing is trained
    help: the net has weights at a.conv, a.bn, b.conv, b.bn, linear
    `freeze` leaves nothing to train
    "#);
}

fn renaming(theirs: &str, ours: &str) -> Renaming {
    Renaming { theirs: theirs.into(), ours: ours.into() }
}

#[test]
fn weights_of_another_net_are_taken_by_name_and_size() {
    let all = Weights::initial(&small(), 5).unwrap();
    let bytes = |rename: &dyn Fn(&str) -> String| {
        let tensors: Vec<(String, netc::lower::tensor_file::Entry)> = all
            .tensors()
            .iter()
            .map(|t| {
                let shape: Vec<usize> = t.dims.iter().map(|&d| d as usize).collect();
                // A head of another size.
                let (shape, values) = match t.name.as_str() {
                    "linear.weight" => (vec![2, 4], &t.values[..8]),
                    _ => (shape, &t.values[..]),
                };
                (rename(&t.name), netc::lower::tensor_file::Entry::floats(shape, values))
            })
            .collect();
        netc::lower::tensor_file::write(&tensors, None).unwrap()
    };
    let theirs = bytes(&|name| {
        let name = name.replace("a.conv", "features.0").replace("b.", "features.b.");
        name.replace("linear.bias", "fc.bias")
    });
    let names = [
        renaming("features.0", "a.conv"),
        renaming("features", "nowhere"),
        renaming("features.b", "b"),
    ];
    let start = StartWeights::of_safetensors(&small(), &theirs, &names).unwrap();
    insta::assert_snapshot!(start.to_string(), @r#"
    10 of 12 tensors: a.conv, a.bn, b.conv, b.bn
      not in it: linear
      not read: fc
      left as drawn: expected `linear.weight` as F32 [4, 8], got F32 [2, 4]
    "#);
    for tensor in &start.found {
        assert_eq!(tensor, all.get(&tensor.name).unwrap());
    }
    let strange = bytes(&|name| format!("module.{}", name.replace("conv", "convolution")));
    let error = StartWeights::of_safetensors(&small(), &strange, &[]).unwrap_err();
    insta::assert_snapshot!(error.to_string(), @r#"
    nothing in it fits the net: it has `module.a.bn.running_mean`, the net `a.bn.running_mean`
    "#);
    let two = [renaming("a", "b")];
    let error =
        StartWeights::of_safetensors(&small(), &bytes(&|name| name.into()), &two).unwrap_err();
    insta::assert_snapshot!(error.to_string(), @r#"
    both `a.bn.bias` and `b.bn.bias` become `b.bn.bias`
    "#);
}

fn netc(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_netc")).args(args).current_dir(folder).output().unwrap()
}

/// Its warnings were shown when it began.
#[test]
fn the_net_of_a_run_is_not_warned_of_again() {
    let folder = tempfile::tempdir().unwrap();
    let net = "net odd {\n  input image: [N, 3, 32, 32]\n  conv(4, bias = true) -> bn -> relu\n  \
               globalavgpool -> flatten -> linear(10)\n  output logits: [N, 10]\n}\n";
    std::fs::write(folder.path().join("odd.net"), net).unwrap();
    let small = ["--data", "synthetic", "--limit-train", "64", "--limit-test", "32"];
    let first = ["train", "odd.net", "--output", "run", "--epochs", "1"];
    let trained = netc(folder.path(), &[&first[..], &small].concat());
    let warned = String::from_utf8(trained.stderr).unwrap();
    assert!(warned.contains("[bias-before-bn]"), "{warned}");
    let eval = ["eval", "run", "--limit-test", "32"];
    let export = ["export", "run", "--format", "onnx", "--output", "odd.onnx"];
    for args in [&eval[..], &export, &["train", "--resume", "run"]] {
        let done = netc(folder.path(), args);
        let said = String::from_utf8([done.stdout, done.stderr].concat()).unwrap();
        assert!(!said.contains("warning"), "{args:?}: {said}");
        if args[0] == "eval" {
            // On the images that the training was tested on its accuracy is the same.
            let accuracy = said.split("32 test images of synthetic: ").nth(1).expect(&said);
            let accuracy = accuracy.split(',').next().unwrap();
            let summary = String::from_utf8(trained.stdout.clone()).unwrap();
            assert!(summary.contains(&format!("test {accuracy}")), "{accuracy} {summary}");
        }
    }
}

#[test]
fn the_weights_of_a_run_are_exported_in_a_file_that_is_its_net() {
    let folder = tempfile::tempdir().unwrap();
    let net = "net small {\n  input image: [N, 3, 32, 32]\n  conv(4) -> bn -> relu\n  \
               globalavgpool -> flatten -> linear(10)\n  output logits: [N, 10]\n}\n";
    std::fs::write(folder.path().join("small.net"), net).unwrap();
    let done = |args: &[&str]| {
        let run = netc(folder.path(), args);
        assert_eq!(run.status.code(), Some(0), "{run:?}");
    };
    let small = ["--data", "synthetic", "--limit-train", "64", "--limit-test", "32"];
    done(&[&["train", "small.net", "--output", "run", "--epochs", "1"], &small[..]].concat());
    done(&["export", "run", "--format", "onnx", "-o", "run.onnx"]);
    done(&["export", "small.net", "--weights", "run", "--format", "onnx", "-o", "net.onnx"]);
    done(&["export", "small.net", "--format", "onnx", "-o", "drawn.onnx"]);
    let model = |name| std::fs::read(folder.path().join(name)).unwrap();
    assert!(model("run.onnx") == model("net.onnx"));
    assert!(model("run.onnx") != model("drawn.onnx"));
}

#[test]
fn a_step_that_does_not_fit_is_not_begun() {
    let folder = tempfile::tempdir().unwrap();
    let net = "net wide {\n  input image: [N, 3, 32, 32]\n  repeat 64 {\n    conv(256)\n  }\n  \
               globalavgpool -> flatten -> linear(10)\n  output logits: [N, 10]\n}\n";
    std::fs::write(folder.path().join("wide.net"), net).unwrap();
    let limits = Limits { time: Duration::from_secs(600), kib: 6 << 20 };
    let run = |command: &[&str]| {
        let args = [command, &["wide.net", "--recipe", "batch_size=1024"]].concat();
        limits.run(env!("CARGO_BIN_EXE_netc"), &args, folder.path(), "a step that does not fit")
    };
    for command in ["train", "search"] {
        let ended = run(&[command, "--data", "synthetic"]);
        let said = &ended.said;
        assert_eq!(ended.code, Some(1), "{said}");
        assert!(
            said.contains("a step does not fit into memory\nmemory of a training step: "),
            "{said}"
        );
        assert!(
            said.contains("images fit\n  help: a smaller batch, such as --recipe batch_size="),
            "{said}"
        );
    }
    assert!(!folder.path().join("runs").exists() && !folder.path().join("searches").exists());
}

#[test]
fn a_net_with_a_new_head_starts_from_a_run() {
    let folder = tempfile::tempdir().unwrap();
    let text = |classes: u32| {
        format!(
            "net n{classes} {{\n  input image: [N, 3, 32, 32]\n  body: conv(4) -> bn -> relu -> globalavgpool -> flatten\n  head: linear({classes})\n  output logits: [N, {classes}]\n}}\n"
        )
    };
    std::fs::write(folder.path().join("ten.net"), text(10)).unwrap();
    let small =
        ["--data", "synthetic", "--limit-train", "64", "--limit-test", "32", "--epochs", "1"];
    let run = |args: &[&str]| netc(folder.path(), &[&["train"], args, &small].concat());
    let first = run(&["ten.net", "--output", "first"]);
    assert_eq!(first.status.code(), Some(0), "{first:?}");
    std::fs::write(folder.path().join("names.yaml"), "head: top\nbody.cnov: body.conv\n").unwrap();
    std::fs::write(folder.path().join("more.net"), text(10).replace("  head:", "  top:")).unwrap();
    let second =
        run(&["more.net", "--weights", "first", "--recipe", "freeze=body", "--output", "more"]);
    let said = String::from_utf8(second.stdout).unwrap();
    assert!(said.contains("from 5 of 7 tensors: body.conv, body.bn"), "{said}");
    assert!(said.contains("not in it: top\n  not read: head"), "{said}");
    let [a, b] = ["first", "more"].map(|run| {
        let bytes = std::fs::read(folder.path().join(run).join(RunFolder::CHECKPOINT)).unwrap();
        let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
        file.tensor("body.bn.running_mean").unwrap().data().to_vec()
    });
    assert_eq!(a, b, "what is frozen keeps its statistics");
    let wrong = run(&["more.net", "--weights", "first", "--names", "names.yaml", "--output", "no"]);
    let said = String::from_utf8(wrong.stderr).unwrap();
    assert!(said.contains("names.yaml:2:1") && said.contains("no tensor `body.cnov`"), "{said}");
}
