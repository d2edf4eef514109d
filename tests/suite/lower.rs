//! Lowering to a plan, and nets for the tests that run one.

use std::convert::Infallible;

use netc::check::{Checked, check};
use netc::graph::op::{Args, Conv, build, signature};
use netc::graph::{Graph, Op, Shape, Value};
use netc::lower::{ConvAlgorithm, ConvChoice, ConvDirection, Precision, Times, Workload, plan};

/// An op with its arguments by name.
pub fn op(name: &str, args: &[(&'static str, Value)], operands: usize) -> Op {
    let signature = signature(name).unwrap();
    build(name, &Args::new(signature, args.iter().cloned(), operands)).unwrap()
}

/// `conv -> bn -> relu` twice with a shortcut, then a classifier of 4 classes.
pub fn small() -> Checked {
    small_with("relu")
}

/// The same with another function in the place of each ReLU.
pub fn small_with(function: &str) -> Checked {
    let mut graph = Graph::new("small");
    let image = graph.input("image", Shape::new([3, 8, 8]).unwrap());
    let conv = |c: i64| op("conv", &[("c", Value::Int(c))], 1);
    let a = graph.node("a.conv", conv(8), &[image]);
    let a = graph.node("a.bn", op("bn", &[], 1), &[a]);
    let a = graph.node("a.relu", op(function, &[], 1), &[a]);
    let b = graph.node("b.conv", conv(8), &[a]);
    let b = graph.node("b.bn", op("bn", &[], 1), &[b]);
    let b = graph.node("b.relu", op(function, &[], 1), &[b]);
    let sum = graph.node("sum", op("add", &[], 2), &[b, a]);
    let pool = graph.node("pool", op("globalmaxpool", &[], 1), &[sum]);
    let flat = graph.node("flat", op("flatten", &[], 1), &[pool]);
    let logits = graph.node("linear", op("linear", &[("c", Value::Int(4))], 1), &[flat]);
    graph.set_output("logits", logits);
    check(graph).unwrap()
}

#[test]
fn a_value_dies_after_its_last_use() {
    let plan = plan(&small());
    let text: Vec<String> = plan
        .steps()
        .iter()
        .map(|s| format!("{} {:?} drops {:?}", s.path, s.operands, s.last_uses))
        .collect();
    insta::assert_snapshot!(text.join("\n"), @r#"
    image [] drops []
    a.conv [0] drops [0]
    a.bn [1] drops [1]
    a.relu [2] drops [2]
    b.conv [3] drops []
    b.bn [4] drops [4]
    b.relu [5] drops [5]
    sum [6, 3] drops [6, 3]
    pool [7] drops [7]
    flat [8] drops [8]
    linear [9] drops [9]
    "#);
}

#[test]
fn what_the_output_does_not_need_is_not_planned() {
    let mut graph = Graph::new("unused");
    let image = graph.input("image", Shape::new([3, 4, 4]).unwrap());
    graph.node("side", op("relu", &[], 1), &[image]);
    let out = graph.node("out", op("sigmoid", &[], 1), &[image]);
    graph.set_output("out", out);
    let paths: Vec<String> =
        plan(&check(graph).unwrap()).steps().iter().map(|s| s.path.clone()).collect();
    assert_eq!(paths, ["image", "out"]);
}

#[test]
fn algorithms_apply_by_stride_and_by_channels() {
    let conv = |stride| {
        let (kernel, pad, dilation) = ([3, 3], [1, 1], [1, 1]);
        let (out, groups, bias, init, train_weight) = (64, 1, false, None, true);
        Conv { out, kernel, stride: [stride; 2], pad, dilation, groups, bias, init, train_weight }
    };
    let applies = |algorithm: ConvAlgorithm, stride| {
        ConvDirection::ALL.map(|direction| algorithm.applies(&conv(stride), 64, direction))
    };
    let (f2, f4, int16) =
        (ConvAlgorithm::WinogradF2, ConvAlgorithm::WinogradF4, ConvAlgorithm::WinogradInt16);
    for (stride, expected) in [(1, [true; 4]), (2, [true, false, true, true])] {
        let all = [ConvAlgorithm::Library, f2, f4, int16];
        let expected = expected.map(|applies| [applies; 3]);
        assert_eq!(all.map(|algorithm| applies(algorithm, stride)), expected, "{stride}");
        let forward = ConvDirection::Forward;
        let of_5000 = |algorithm: ConvAlgorithm| algorithm.applies(&conv(stride), 5000, forward);
        assert!(of_5000(f4) && !of_5000(int16));
    }
    let directions = |conv: &Conv, in_channels| {
        ConvDirection::ALL.map(|way| ConvAlgorithm::Direct.applies(conv, in_channels, way))
    };
    let direct = |conv: Conv, in_channels| directions(&conv, in_channels) == [true; 3];
    let depthwise = |conv: Conv| Conv { groups: 64, ..conv };
    let point = |stride| Conv { kernel: [1, 1], pad: [0, 0], ..conv(stride) };
    assert!(direct(depthwise(conv(1)), 64) && direct(depthwise(conv(2)), 64));
    assert!(!direct(depthwise(conv(1)), 128) && !direct(depthwise(conv(3)), 64));
    assert!(!direct(Conv { dilation: [2, 2], ..depthwise(conv(1)) }, 64));
    assert!(direct(point(1), 48) && !direct(conv(1), 64));
    let few = [true, false, true];
    assert_eq!(directions(&conv(1), 3), few);
    assert_eq!(directions(&Conv { dilation: [2, 2], pad: [0, 4], ..conv(2) }, 10), few);
    assert_eq!(directions(&point(2), 96), few);
    assert_eq!(directions(&conv(1), 11), [false; 3], "99 numbers a patch");
    assert_eq!(directions(&Conv { groups: 3, ..conv(1) }, 6), [false; 3]);
    let load = Workload { images: 128, precision: Precision::Bf16, threads: 2 };
    let assumed = |choice: ConvChoice| choice.assumed(&conv(2), [64, 32, 32], load).weights;
    assert_eq!(assumed(ConvChoice::F2), ConvAlgorithm::Library);
    assert_eq!([ConvChoice::Int16, ConvChoice::Auto].map(assumed), [int16; 2]);
}

/// Timings on a machine that is busy for `long` runs from a run on: each takes 60 times as long.
fn timed(busy: std::ops::Range<usize>) -> Times {
    let candidates = [ConvAlgorithm::Library, ConvAlgorithm::WinogradF2, ConvAlgorithm::WinogradF4];
    let mut runs = 0;
    let run = |algorithm, direction| {
        let load = if busy.contains(&runs) { 60.0 } else { 1.0 };
        runs += 1;
        Ok::<_, Infallible>(Some(load * seconds(algorithm, direction)))
    };
    let Ok(times) = Times::in_turns(8, &candidates, &ConvDirection::ALL, run);
    times
}

fn seconds(algorithm: ConvAlgorithm, direction: ConvDirection) -> f64 {
    match (algorithm, direction) {
        (ConvAlgorithm::Library, ConvDirection::Weights) => 0.020,
        (ConvAlgorithm::Library | ConvAlgorithm::Direct, _) => 0.040,
        (ConvAlgorithm::WinogradF2, _) => 0.030,
        (ConvAlgorithm::WinogradF4, ConvDirection::Forward) => 0.025,
        (ConvAlgorithm::WinogradF4 | ConvAlgorithm::WinogradInt16, _) => 0.035,
    }
}

#[test]
fn a_burst_of_load_is_in_no_timing() {
    // Three rounds are of 27 runs; a burst that lasts for all of them slows all candidates alike.
    let first = Times::ROUNDS * 9;
    for start in 0..2 * first {
        for length in 0..first {
            let times = timed(start..start + length);
            for timed in &times.candidates {
                let expected = ConvDirection::ALL.map(|way| Some(seconds(timed.algorithm, way)));
                assert_eq!(timed.seconds, expected, "{length} runs from {start}: {times:?}");
            }
        }
    }
}

#[test]
fn the_fastest_candidate_of_each_direction_is_chosen() {
    let times = timed(0..0);
    assert_eq!(times.rounds, Times::ROUNDS);
    let algorithms = times.algorithms();
    assert_eq!(algorithms.forward, ConvAlgorithm::WinogradF4);
    assert_eq!(algorithms.input, ConvAlgorithm::WinogradF2);
    assert_eq!(algorithms.weights, ConvAlgorithm::Library);
    let forward =
        Times::in_turns(8, &[ConvAlgorithm::WinogradF2], &[ConvDirection::Forward], |_, _| {
            Ok::<_, Infallible>(Some(1.0))
        });
    let Ok(forward) = forward;
    assert_eq!(forward.algorithms().forward, ConvAlgorithm::WinogradF2);
    assert_eq!(forward.algorithms().input, ConvAlgorithm::Library, "it was not timed");
}
