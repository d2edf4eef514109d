//! The way that a GPU takes, on the CPU: no kernels of netc's own, in half precisions, forward and
//! backward, by both executors.

use std::path::Path;
use std::process::Command;

use netc::check::Checked;
use netc::lower::Precision;
use netc::recipe::Recipe;
use netc::run::{DeviceChoice, Executor, Method, PrecisionChoice};
use netc_torch::run::{Distance, Machine, Steps, Trial};

use crate::chance::{Choices, Net};
use crate::generated::checked;

const HALVES: [Precision; 2] = [Precision::Fp16, Precision::Bf16];

fn net(file: &str) -> Checked {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let narrow = [("width".to_string(), "8".to_string())];
    netc::compile(&path, &narrow).net.or_else(|| netc::compile(&path, &[]).net).unwrap()
}

/// Steps as on a GPU.
fn steps(net: &Checked, precision: Precision, executor: Executor, count: usize) -> Steps {
    let without = "kernels".parse().unwrap();
    let method = Method { executor, without, ..Method::default() };
    let machine = Machine::choose(DeviceChoice::Cpu, PrecisionChoice::Exactly(precision)).unwrap();
    let trial = Trial { seed: 3, weights: None, batch: 4, steps: count, machine, method: &method };
    let (recipe, _) = Recipe::resolve(&net.graph().settings, &[]);
    Steps::of(net, &recipe, &trial).unwrap()
}

fn holds(net: &Checked, precision: Precision, count: usize) {
    let exact = steps(net, Precision::Fp64, Executor::Eager, count);
    for executor in [Executor::Compiled, Executor::Eager] {
        let found = steps(net, precision, executor, count);
        let finite =
            found.gradients.iter().all(|(_, g)| bool::try_from(g.isfinite().all()).unwrap());
        assert!(finite, "{} in {precision}, {executor:?}", net.graph().name);
        let apart = Distance::between(&found, &exact).unwrap();
        assert!(
            apart.within(precision),
            "{} in {precision}, {executor:?}: {apart:?}",
            net.graph().name
        );
    }
}

#[test]
fn every_op_computes_in_halves() {
    for precision in HALVES {
        holds(&net("tests/cases/check_ok/every_op.net"), precision, 1);
    }
}

#[test]
fn convolutions_that_onednn_computes_wrong_in_bf16_are_right() {
    for precision in HALVES {
        holds(&net("tests/cases/check_ok/far_taps.net"), precision, 1);
    }
}

#[test]
fn two_nets_train_in_halves() {
    for file in ["nets/resnet9.net", "nets/dawnbench.net"] {
        for precision in HALVES {
            holds(&net(file), precision, 1);
        }
    }
}

#[test]
fn weights_stay_together_over_steps_without_kernels() {
    for precision in [Precision::Fp64, Precision::Fp32] {
        holds(&net("nets/backbone_3x3.net"), precision, 10);
    }
}

#[test]
fn nets_by_chance_are_computed_in_every_precision() {
    for seed in 0..10u32 {
        let choice = |i: u32| (i + 7).wrapping_mul(seed + 3).wrapping_mul(2_654_435_761) >> 8;
        let mut choices = Choices::new((0..40).map(choice).collect());
        let net = checked(&Net::of(&mut choices)).unwrap();
        holds(&net, Precision::Fp64, 1);
        for precision in HALVES {
            steps(&net, precision, Executor::Compiled, 1);
            steps(&net, precision, Executor::Eager, 1);
        }
    }
}

#[test]
fn what_is_too_far_is_told_and_counts() {
    let run = |precision: &str| {
        let arguments = [
            "agree",
            "nets/base.net",
            "--set",
            "width=8",
            "--device",
            "cpu",
            "--precision",
            precision,
        ];
        Command::new(env!("CARGO_BIN_EXE_netc"))
            .args(arguments)
            .args(["--without", "kernels", "--batch", "4"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .unwrap()
    };
    let out = run("fp64");
    let text = String::from_utf8(out.stdout).unwrap();
    assert_eq!(out.status.code(), Some(0), "{text}");
    assert_eq!(
        text.lines().filter(|line| line.starts_with("base") && line.ends_with("  ok")).count(),
        2,
        "{text}"
    );
    let steps = |seed| {
        let machine =
            Machine::choose(DeviceChoice::Cpu, PrecisionChoice::Exactly(Precision::Fp64)).unwrap();
        let method = Method { executor: Executor::Eager, ..Method::default() };
        let trial = Trial { seed, weights: None, batch: 4, steps: 1, machine, method: &method };
        Steps::of(&net("nets/base.net"), &Recipe::default(), &trial).unwrap()
    };
    let apart = Distance::between(&steps(1), &steps(2)).unwrap();
    assert!(HALVES.into_iter().all(|precision| !apart.within(precision)), "{apart:?}");
}
