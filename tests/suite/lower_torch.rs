//! Every op on libtorch.

use std::sync::atomic::{AtomicBool, Ordering};

use netc::check::{Checked, check};
use netc::graph::{Graph, Init, Op, Shape, Value};
use netc::lower::Precision;
use netc_torch::lower::{Mode, TorchNet};
use tch::{Device, Kind, Tensor};

use crate::lower::{op, small};

const TRAIN: Mode = Mode::Train { seed: 1 };

/// A net of one chain of ops over an image.
fn chain(image: [u64; 3], ops: &[(&str, Op)]) -> Checked {
    let mut graph = Graph::new("chain");
    let mut last = graph.input("image", Shape::new(image).unwrap());
    for (path, op) in ops {
        last = graph.node(*path, op.clone(), &[last]);
    }
    graph.set_output("out", last);
    check(graph).unwrap()
}

fn net(checked: &Checked) -> TorchNet {
    TorchNet::new(checked, 7, Device::Cpu, Precision::Fp32).unwrap()
}

fn ramp(dims: &[i64]) -> Tensor {
    let count: i64 = dims.iter().product();
    (Tensor::arange(count, (Kind::Float, Device::Cpu)) / count as f64 * 4.0 - 2.0).reshape(dims)
}

fn floats(tensor: &Tensor) -> Vec<f32> {
    Vec::try_from(tensor.contiguous().flatten(0, -1)).unwrap()
}

/// The result of one op on an image.
fn apply(op: Op, x: &Tensor, mode: Mode) -> Tensor {
    let image = [1, 2, 3].map(|i| x.size()[i] as u64);
    tch::no_grad(|| net(&chain(image, &[("op", op)])).forward(x, mode)).unwrap()
}

fn assert_close(got: &Tensor, expected: &Tensor, tolerance: f64) {
    assert_eq!(got.size(), expected.size());
    let far = (got - expected).abs().max().double_value(&[]);
    assert!(far <= tolerance, "{far} apart");
}

#[test]
fn libtorch_gives_the_shapes_that_the_check_computed() {
    let (int, yes) = (Value::Int, Value::Bool(true));
    let pair = |a, b| Value::List(vec![int(a), int(b)]);
    let word = |w: &str| Value::Str(w.into());
    let table: Vec<(&str, Vec<(&'static str, Value)>)> = vec![
        ("conv", vec![("c", int(6))]),
        ("conv", vec![("c", int(6)), ("k", int(1)), ("stride", int(2))]),
        (
            "conv",
            vec![("c", int(6)), ("k", pair(2, 4)), ("pad", pair(1, 0)), ("bias", yes.clone())],
        ),
        ("conv", vec![("c", int(8)), ("k", int(3)), ("dilation", int(2)), ("groups", int(4))]),
        ("conv", vec![("c", int(4)), ("k", int(5)), ("stride", pair(3, 2)), ("groups", int(4))]),
        ("bn", vec![]),
        ("relu", vec![("max", int(6))]),
        ("gelu", vec![]),
        ("celu", vec![("alpha", Value::Float(0.3))]),
        ("silu", vec![]),
        ("sigmoid", vec![]),
        ("tanh", vec![]),
        ("leakyrelu", vec![("slope", Value::Float(0.2))]),
        ("elu", vec![("alpha", Value::Float(0.3))]),
        ("hardswish", vec![]),
        ("hardsigmoid", vec![]),
        ("mish", vec![]),
        ("softmax", vec![]),
        ("dropout", vec![]),
        ("identity", vec![]),
        ("maxpool", vec![("k", int(2))]),
        ("maxpool", vec![("k", int(3)), ("stride", int(2)), ("pad", int(1))]),
        ("maxpool", vec![("k", int(2)), ("ceil", yes.clone())]),
        (
            "maxpool",
            vec![("k", int(3)), ("stride", int(4)), ("pad", int(1)), ("ceil", yes.clone())],
        ),
        ("avgpool", vec![("k", pair(3, 2)), ("stride", int(2)), ("ceil", yes)]),
        ("avgpool", vec![("k", int(4)), ("stride", int(1)), ("pad", int(2))]),
        ("globalmaxpool", vec![]),
        ("globalavgpool", vec![]),
        ("flatten", vec![]),
        ("mul", vec![("by", Value::Float(0.125))]),
        ("add", vec![("by", Value::Float(-0.5))]),
        ("pad", vec![("p", pair(1, 2))]),
        ("pad", vec![("p", pair(3, 2)), ("mode", word("reflect"))]),
        ("upsample", vec![("factor", pair(2, 3))]),
        ("upsample", vec![("factor", int(2)), ("mode", word("bilinear"))]),
    ];
    for precision in [Precision::Fp32, Precision::Bf16] {
        for (name, args) in &table {
            let checked = chain([4, 9, 7], &[("op", op(name, args, 1))]);
            let net = TorchNet::new(&checked, 0, Device::Cpu, precision).unwrap();
            for mode in [TRAIN, Mode::Eval] {
                let y = net.forward(&ramp(&[2, 4, 9, 7]), mode).unwrap();
                let got: Vec<u64> = y.size()[1..].iter().map(|&d| d as u64).collect();
                assert_eq!(
                    got,
                    checked.shape(checked.output()).dims(),
                    "{name} {args:?} {precision}"
                );
            }
        }
    }
}

#[test]
fn joins_take_their_operands_in_order() {
    let mut graph = Graph::new("joins");
    let x = graph.input("x", Shape::new([2, 1, 1]).unwrap());
    let half = graph.node("half", op("mul", &[("by", Value::Float(0.5))], 1), &[x]);
    let sum = graph.node("sum", op("add", &[], 3), &[x, half, half]);
    let product = graph.node("product", op("mul", &[], 2), &[sum, half]);
    let less = graph.node("less", op("sub", &[], 2), &[half, x]);
    let more = graph.node("more", op("add", &[("by", Value::Float(0.5))], 1), &[less]);
    let all = graph.node("all", op("concat", &[], 4), &[half, product, more, x]);
    graph.set_output("out", all);
    let x = Tensor::from_slice(&[4.0f32, 6.0]).reshape([1, 2, 1, 1]);
    let y = net(&check(graph).unwrap()).forward(&x, Mode::Eval).unwrap();
    assert_eq!(floats(&y), [2.0, 3.0, 16.0, 36.0, -1.5, -2.5, 4.0, 6.0]);
}

#[test]
fn a_gate_of_one_pixel_scales_whole_channels() {
    let mut graph = Graph::new("gate");
    let x = graph.input("x", Shape::new([2, 2, 2]).unwrap());
    let gate = graph.node("gate", op("globalavgpool", &[], 1), &[x]);
    let out = graph.node("out", op("mul", &[], 2), &[x, gate]);
    graph.set_output("out", out);
    let x = ramp(&[3, 2, 2, 2]);
    let y = net(&check(graph).unwrap()).forward(&x, Mode::Eval).unwrap();
    assert_close(&y, &(&x * x.mean_dim([2i64, 3].as_slice(), true, None)), 1e-6);
}

#[test]
fn activations_are_their_formulas() {
    let x = ramp(&[2, 3, 4, 4]) * 4.0;
    let apply = |name, args: &[(&'static str, Value)]| apply(op(name, args, 1), &x, TRAIN);
    assert_close(&apply("relu", &[("max", Value::Int(6))]), &x.clamp(0.0, 6.0), 0.0);
    let below = ((&x / 0.3).exp() - 1.0) * 0.3;
    let celu = x.clamp_min(0.0) + below.clamp_max(0.0);
    assert_close(&apply("celu", &[("alpha", Value::Float(0.3))]), &celu, 1e-6);
    let normal = ((&x / 2f64.sqrt()).erf() + 1.0) / 2.0;
    assert_close(&apply("gelu", &[]), &(&x * normal), 1e-5);
    let logistic = ((-&x).exp() + 1.0).reciprocal();
    assert_close(&apply("sigmoid", &[]), &logistic, 1e-6);
    assert_close(&apply("silu", &[]), &(&x * &logistic), 1e-5);
    let hyperbolic = ((&x * -2.0).exp() + 1.0).reciprocal() * 2.0 - 1.0;
    assert_close(&apply("tanh", &[]), &hyperbolic, 1e-6);
    let (above, below) = (x.clamp_min(0.0), x.clamp_max(0.0));
    let slope = |slope| [("slope", Value::Float(slope))];
    assert_close(&apply("leakyrelu", &[]), &(&above + &below * 0.01), 1e-6);
    assert_close(&apply("leakyrelu", &slope(-0.5)), &(&above + &below * -0.5), 1e-6);
    for alpha in [1.0, 0.3, -2.0] {
        let elu = &above + (below.exp() - 1.0) * alpha;
        assert_close(&apply("elu", &[("alpha", Value::Float(alpha))]), &elu, 1e-6);
    }
    let hard = (&x + 3.0).clamp(0.0, 6.0) / 6.0;
    assert_close(&apply("hardsigmoid", &[]), &hard, 1e-6);
    assert_close(&apply("hardswish", &[]), &(&x * &hard), 1e-6);
    assert_close(&apply("mish", &[]), &(&x * (x.exp() + 1.0).log().tanh()), 1e-5);
    let e = x.exp();
    assert_close(
        &apply("softmax", &[]),
        &(&e / e.sum_dim_intlist([1i64].as_slice(), true, None)),
        1e-6,
    );
}

#[test]
fn pools_take_windows() {
    let x = Tensor::arange_start(1, 17, (Kind::Float, Device::Cpu)).reshape([1, 1, 4, 4]);
    let pool =
        |name, args: &[(&'static str, Value)]| floats(&apply(op(name, args, 1), &x, Mode::Eval));
    let (int, k2) = (Value::Int, ("k", Value::Int(2)));
    assert_eq!(pool("maxpool", std::slice::from_ref(&k2)), [6.0, 8.0, 14.0, 16.0]);
    assert_eq!(pool("avgpool", &[k2]), [3.5, 5.5, 11.5, 13.5]);
    // Padding counts: the first window holds three zeros and the 1.
    assert_eq!(pool("avgpool", &[("k", int(2)), ("stride", int(4)), ("pad", int(1))])[0], 0.25);
    assert_eq!(pool("globalmaxpool", &[]), [16.0]);
    assert_eq!(pool("globalavgpool", &[]), [8.5]);
}

#[test]
fn convolution_is_a_sum_over_its_window() {
    let checked = chain(
        [2, 3, 3],
        &[("conv", op("conv", &[("c", Value::Int(1)), ("bias", Value::Bool(true))], 1))],
    );
    let net = net(&checked);
    let x = ramp(&[1, 2, 3, 3]);
    let y = net.forward(&x, Mode::Eval).unwrap();
    let (weight, bias) = (&net.weights()[0].tensor, &net.weights()[1].tensor);
    let centre = (weight * &x).sum(Kind::Float) + bias;
    assert!((y.double_value(&[0, 0, 1, 1]) - centre.double_value(&[0])).abs() < 1e-5);
}

#[test]
fn batch_norm_normalises_a_batch_and_keeps_unbiased_statistics() {
    let checked = chain([3, 4, 4], &[("bn", op("bn", &[("momentum", Value::Float(0.25))], 1))]);
    let net = net(&checked);
    let x = ramp(&[5, 3, 4, 4]) * 3.0 + 1.0;
    let axes = [0i64, 2, 3];
    let mean = x.mean_dim(axes.as_slice(), true, None);
    let variance = |unbiased| x.var_dim(axes.as_slice(), unbiased, true);
    let y = net.forward(&x, TRAIN).unwrap();
    assert_close(&y, &((&x - &mean) / (variance(false) + 1e-5).sqrt()), 1e-5);
    let running =
        |name: &str| net.weights().iter().find(|w| w.name == name).unwrap().tensor.shallow_clone();
    assert_close(&running("bn.running_mean"), &(mean.flatten(0, -1) * 0.25), 1e-5);
    assert_close(&running("bn.running_var"), &(variance(true).flatten(0, -1) * 0.25 + 0.75), 1e-5);
    let y = net.forward(&x, Mode::Eval).unwrap();
    let channel = |name: &str| running(name).reshape([1, 3, 1, 1]);
    let expected = (&x - channel("bn.running_mean")) / (channel("bn.running_var") + 1e-5).sqrt();
    assert_close(&y, &expected, 1e-5);
}

#[test]
fn dropout_depends_on_its_seed_and_scales_up() {
    let x = Tensor::ones([2, 4, 16, 16], (Kind::Float, Device::Cpu));
    let drop = |mode| apply(op("dropout", &[("p", Value::Float(0.25))], 1), &x, mode);
    assert_eq!(drop(Mode::Eval), x);
    assert_eq!(drop(Mode::Train { seed: 5 }), drop(Mode::Train { seed: 5 }));
    assert_ne!(drop(Mode::Train { seed: 5 }), drop(Mode::Train { seed: 6 }));
    let kept = drop(Mode::Train { seed: 5 });
    let part = kept.gt(0.0).to_kind(Kind::Float).mean(Kind::Float).double_value(&[]);
    assert!((part - 0.75).abs() < 0.05, "{part}");
    assert!((kept.max().double_value(&[]) - 1.0 / 0.75).abs() < 1e-6);
}

#[test]
fn dropout_is_the_same_whatever_else_draws_random_numbers() {
    let x = Tensor::ones([2, 4, 64, 64], (Kind::Float, Device::Cpu));
    let drop = || apply(op("dropout", &[("p", Value::Float(0.25))], 1), &x, TRAIN);
    let expected = drop();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                let _ = Tensor::rand([64], (Kind::Float, Device::Cpu));
            }
        });
        let apart = (0..200).filter(|_| drop() != expected).count();
        done.store(true, Ordering::Relaxed);
        assert_eq!(apart, 0);
    });
}

#[test]
fn a_layer_more_changes_no_other_weight() {
    let conv = || op("conv", &[("c", Value::Int(5))], 1);
    let short = net(&chain([5, 4, 4], &[("b", conv())]));
    let long = net(&chain([5, 4, 4], &[("a", conv()), ("b", conv())]));
    let weight = |net: &TorchNet, i: usize| floats(&net.weights()[i].tensor);
    assert_eq!(weight(&short, 0), weight(&long, 1));
    assert_ne!(weight(&long, 0), weight(&long, 1));
    let bound = 1.0 / (5.0f32 * 9.0).sqrt();
    let values = weight(&short, 0);
    assert!(values.iter().all(|w| w.abs() <= bound));
    assert!(values.iter().any(|w| w.abs() > 0.9 * bound));
}

#[test]
fn initial_values_follow_their_distribution() {
    let bn = |gamma| op("bn", &[("gamma", Value::Dist(gamma))], 1);
    let gamma = |init| floats(&net(&chain([4096, 1, 1], &[("bn", bn(init))])).weights()[0].tensor);
    let moments = |v: Vec<f32>| {
        let mean = v.iter().sum::<f32>() / v.len() as f32;
        (mean, (v.iter().map(|x| (x - mean).powi(2)).sum::<f32>() / v.len() as f32).sqrt())
    };
    let (mean, std) = moments(gamma(Init::Uniform(0.0, 1.0)));
    assert!((mean - 0.5).abs() < 0.02 && (std - 12f32.sqrt().recip()).abs() < 0.02, "{mean} {std}");
    let (mean, std) = moments(gamma(Init::Normal(2.0, 0.5)));
    assert!((mean - 2.0).abs() < 0.03 && (std - 0.5).abs() < 0.03, "{mean} {std}");
}

#[test]
fn bf16_stays_near_fp32_and_keeps_channels_innermost() {
    let checked = chain([3, 8, 8], &[("conv", op("conv", &[("c", Value::Int(16))], 1))]);
    let run = |precision| {
        let net = TorchNet::new(&checked, 7, Device::Cpu, precision).unwrap();
        net.forward(&ramp(&[2, 3, 8, 8]), Mode::Eval).unwrap()
    };
    let (exact, rounded) = (run(Precision::Fp32), run(Precision::Bf16));
    assert_close(&rounded, &exact, 0.02);
    assert_eq!(exact.stride()[1], 1);
    assert_eq!(rounded.stride()[1], 1);
}

#[test]
fn an_error_names_the_node_in_one_line() {
    let net = net(&small());
    let error = net.forward(&ramp(&[2, 5, 8, 8]), Mode::Eval).unwrap_err().to_string();
    insta::assert_snapshot!(error, @r#"a.conv: Given groups=1, weight of size [8, 3, 3, 3], expected input[2, 5, 8, 8] to have 3 channels, but got 5 channels instead"#);
}
