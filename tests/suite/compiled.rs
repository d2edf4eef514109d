//! The compiled step against libtorch's tape: value, gradients, running statistics, and a training
//! of 100 steps.

use std::path::Path;

use netc::check::Checked;
use netc::lower::{ConvAlgorithm, ConvChoice, Precision, Reason, plan};
use netc::passes::{Choice, Purpose, optimise};
use netc_torch::lower::{Mode, Objective, Session, TorchNet, Tuning};
use tch::{Device, Kind, Reduction, Tensor};

const IMAGES: i64 = 4;

fn tuning(choice: ConvChoice) -> Tuning {
    Tuning { choice, ..Tuning::default() }
}

/// The nets of a folder with few channels, if they take a width.
fn nets(folder: &str) -> Vec<Checked> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut paths: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let narrow = [("width".to_string(), "8".to_string())];
    let compile = |path: &std::path::PathBuf| {
        let net = netc::compile(path, &narrow).net;
        net.or_else(|| netc::compile(path, &[]).net)
    };
    paths.iter().filter(|path| path.is_file()).filter_map(compile).collect()
}

fn images(net: &Checked, count: i64) -> Tensor {
    let mut sizes = vec![count];
    sizes.extend(net.shape(net.input()).dims().iter().map(|&d| d as i64));
    tch::manual_seed(5);
    // Numbers that fp32 holds, so that all precisions see the same.
    Tensor::randn(sizes, (Kind::Float, Device::Cpu)).to_kind(Kind::Double)
}

fn labels(net: &Checked, count: i64) -> Tensor {
    let classes = net.shape(net.output()).dims()[0] as i64;
    tch::manual_seed(6);
    Tensor::randint(classes, [count], (Kind::Int64, Device::Cpu))
}

/// Loss and gradients by the tape.
fn taped(net: &TorchNet, images: &Tensor, labels: &Tensor, seed: u64) -> (Tensor, Vec<Tensor>) {
    let logits = net.forward(images, Mode::Train { seed }).unwrap();
    let loss = logits.cross_entropy_loss(labels, None::<&Tensor>, Reduction::Sum, -100, 0.0);
    let trained: Vec<&Tensor> = net.trained().map(|weight| &weight.tensor).collect();
    let gradients = Tensor::run_backward(&[&loss], &trained, false, false);
    (loss.detach(), gradients)
}

fn largest(tensor: &Tensor) -> f64 {
    tensor.to_kind(Kind::Double).abs().max().double_value(&[])
}

/// The largest difference, relative to the largest number.
/// The loss of the steps.
const LOSS: Objective = Objective::CrossEntropy { label_smoothing: 0.0 };

fn difference(found: &Tensor, expected: &Tensor) -> f64 {
    largest(&(found - expected)) / largest(expected).max(1e-30)
}

/// How far one compiled step is from the tape's: the largest difference of all tensors, with its
/// name.
pub(crate) fn apart(net: &Checked, precision: Precision, choice: ConvChoice) -> (f64, String) {
    apart_frozen(net, precision, choice, &[])
}

/// The same where the nodes of these patterns are frozen.
fn apart_frozen(
    net: &Checked,
    precision: Precision,
    choice: ConvChoice,
    freeze: &[String],
) -> (f64, String) {
    let new = || {
        let mut net = TorchNet::new(net, 3, Device::Cpu, precision).unwrap();
        net.freeze(freeze).unwrap();
        net
    };
    let (tape, own) = (new(), new());
    let (images, labels) = (images(net, IMAGES), labels(net, IMAGES));
    let (loss, gradients) = taped(&tape, &images, &labels, 7);
    let mut compiled =
        Session::new(&own, Purpose::Training, IMAGES as usize, &tuning(choice)).unwrap();
    let stepped = compiled.step(&images, &labels, LOSS, 7).unwrap();
    let mut all = vec![(difference(&stepped.loss, &loss), "the loss".to_string())];
    // A gradient that is 0 but for rounding, as that of a scale ahead of a normalisation, has no
    // digits to compare.
    let least = gradients.iter().map(largest).fold(1e-30, f64::max) * 1e-3;
    let trained = own.trained().zip(compiled.gradients().unwrap()).zip(&gradients);
    all.extend(trained.map(|((weight, found), expected)| {
        let difference = largest(&(found - expected)) / largest(expected).max(least);
        (difference, weight.name.clone())
    }));
    let pairs = own.weights().iter().zip(tape.weights()).filter(|(weight, _)| !weight.trained);
    all.extend(
        pairs.map(|(found, tape)| (difference(&found.tensor, &tape.tensor), tape.name.clone())),
    );
    assert_eq!(compiled.gradients().unwrap().len(), gradients.len());
    all.into_iter().max_by(|a, b| a.0.total_cmp(&b.0)).unwrap()
}

#[test]
fn every_rule_is_that_of_the_tape() {
    let mut all = nets("tests/cases/check_ok");
    all.retain(|net| net.params() < 1_000_000 && net.shape(net.output()).dims().len() == 1);
    assert!(all.len() > 1 && all.iter().any(|net| net.graph().name == "every_op"));
    all.extend(nets("nets"));
    for net in &all {
        let (most, name) = apart(net, Precision::Fp64, ConvChoice::Auto);
        assert!(most < 1e-9, "{name} of {}: {most}", net.graph().name);
    }
}

#[test]
fn what_is_frozen_is_passed_as_the_tape_passes_it() {
    let mut all = nets("nets");
    all.extend(nets("tests/cases/check_ok").into_iter().filter(|n| n.graph().name == "every_op"));
    assert!(all.len() > 10);
    for net in &all {
        let plan = plan(net);
        let weighted: Vec<&str> =
            plan.steps().iter().filter(|s| s.is_trained()).map(|s| s.path.as_str()).collect();
        let first = weighted[0].split('.').next().unwrap();
        let middle = weighted[weighted.len() / 2];
        for freeze in [&["**.bn"][..], &[first], &[middle], &["*.bn", first, middle]] {
            let freeze: Vec<String> = freeze.iter().map(|text| text.to_string()).collect();
            let (most, name) = apart_frozen(net, Precision::Fp64, ConvChoice::Auto, &freeze);
            assert!(most < 1e-9, "{name} of {} without {freeze:?}: {most}", net.graph().name);
        }
    }
}

/// The root of the mean square of the differences of all gradients, relative to that of the
/// gradients.
fn error(found: &[Tensor], expected: &[Tensor]) -> f64 {
    let square = |t: &Tensor| t.square().sum(Kind::Double).double_value(&[]);
    let apart: f64 =
        found.iter().zip(expected).map(|(f, e)| square(&(f.to_kind(Kind::Double) - e))).sum();
    (apart / expected.iter().map(square).sum::<f64>()).sqrt()
}

const CHOICES: [ConvChoice; 4] =
    [ConvChoice::Library, ConvChoice::Direct, ConvChoice::F2, ConvChoice::F4];

/// Nets of convolutions that each of the choices applies to.
fn compared() -> Vec<Checked> {
    nets("nets").into_iter().chain(nets("tests/cases/compiled")).collect()
}

/// What is nearly equal goes one way or the other in a ReLU or a max pool, whoever computes it, and
/// moves a gradient by more than any rounding. That depends on the weights: a kernel that is wrong
/// is wrong for all of them.
#[test]
fn the_kernels_are_as_near_to_fp64_as_the_tape_is() {
    for net in &compared() {
        for choice in CHOICES {
            let (mut tried, mut near) = (Vec::new(), false);
            for seed in 3..6 {
                let new = |precision| TorchNet::new(net, seed, Device::Cpu, precision).unwrap();
                let (images, labels) = (images(net, IMAGES), labels(net, IMAGES));
                let exact = taped(&new(Precision::Fp64), &images, &labels, 7).1;
                let tape = error(&taped(&new(Precision::Fp32), &images, &labels, 7).1, &exact);
                let apart = error(&own(&new(Precision::Fp32), choice, &images, &labels), &exact);
                tried.push((apart, tape));
                near = apart < 3.0 * tape + 1e-5;
                if near {
                    break;
                }
            }
            println!("{} by {choice}: {tried:?}", net.graph().name);
            assert!(near, "{} by {choice}: (error, the tape's) {tried:?}", net.graph().name);
        }
    }
}

/// The gradients of a compiled step.
fn own(net: &TorchNet, choice: ConvChoice, images: &Tensor, labels: &Tensor) -> Vec<Tensor> {
    let mut compiled =
        Session::new(net, Purpose::Training, IMAGES as usize, &tuning(choice)).unwrap();
    compiled.step(images, labels, LOSS, 7).unwrap();
    compiled.gradients().unwrap()
}

/// In bf16 what is nearly equal goes one way or the other, so that single nets differ much; all
/// together do not.
#[test]
fn in_bf16_the_kernels_are_on_the_whole_as_near_as_the_tape() {
    let mut logs = [0.0; 3];
    for net in &nets("nets") {
        let new = |precision| TorchNet::new(net, 3, Device::Cpu, precision).unwrap();
        let (images, labels) = (images(net, IMAGES), labels(net, IMAGES));
        let exact = taped(&new(Precision::Fp64), &images, &labels, 7).1;
        logs[0] += error(&taped(&new(Precision::Bf16), &images, &labels, 7).1, &exact).ln();
        for (log, choice) in logs[1..].iter_mut().zip([ConvChoice::Library, ConvChoice::F2]) {
            *log += error(&own(&new(Precision::Bf16), choice, &images, &labels), &exact).ln();
        }
    }
    let [tape, library, two] = logs.map(|log| (log / nets("nets").len() as f64).exp());
    println!("relative error of the gradients: tape {tape:.3}, library {library:.3}, F2 {two:.3}");
    assert!(library < 1.5 * tape && two < 1.5 * tape);
}

#[test]
fn evaluation_is_that_of_libtorch() {
    for net in &compared() {
        let source = TorchNet::new(net, 3, Device::Cpu, Precision::Fp32).unwrap();
        let optimised = optimise(net, Purpose::Evaluation, &Choice::All).unwrap();
        let folded = source.rewritten(&optimised).unwrap();
        let images = images(net, IMAGES);
        let expected = tch::no_grad(|| source.forward(&images, Mode::Eval)).unwrap();
        for choice in CHOICES {
            let mut compiled =
                Session::new(&folded, Purpose::Evaluation, 6, &tuning(choice)).unwrap();
            let found = compiled.evaluate(&images).unwrap();
            let apart = difference(&found, &expected);
            assert!(apart < 1e-4, "{} by {choice}: {apart}", net.graph().name);
        }
    }
}

#[test]
fn a_hundred_steps_end_where_those_of_the_tape_do() {
    let all = nets("nets");
    let net = all.iter().find(|net| net.graph().name == "resnet9").unwrap();
    // Drawn once: tests beside this one draw from the same generator.
    let (images, labels) = (images(net, 4), labels(net, 4));
    let train = |compiled: bool| {
        let net_ = TorchNet::new(net, 3, Device::Cpu, Precision::Fp64).unwrap();
        let mut step = Session::new(&net_, Purpose::Training, 4, &Tuning::default()).unwrap();
        for i in 0..100 {
            // The last batch of an epoch is smaller.
            let count = if i % 10 == 9 { 2 } else { 4 };
            let images = images.narrow(0, 0, count) * (1.0 + f64::from(i) * 0.01);
            let labels = labels.narrow(0, 0, count);
            let gradients = match compiled {
                true => {
                    step.step(&images, &labels, LOSS, 1).unwrap();
                    step.gradients().unwrap()
                }
                false => taped(&net_, &images, &labels, 1).1,
            };
            tch::no_grad(|| {
                for (weight, gradient) in net_.trained().zip(&gradients) {
                    let _ = weight.tensor.shallow_clone().f_sub_(&(gradient * 1e-3)).unwrap();
                }
            });
        }
        net_
    };
    let (own, tape) = (train(true), train(false));
    for (own, tape) in own.weights().iter().zip(tape.weights()) {
        let apart = difference(&own.tensor, &tape.tensor);
        assert!(apart < 1e-7, "{}: {apart}", own.name);
    }
}

/// The files of the repository's nets, each with its text.
pub(crate) fn nets_of() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("nets");
    let mut paths: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let text = |path: std::path::PathBuf| {
        let text = std::fs::read_to_string(&path).unwrap();
        (path.to_str().unwrap().to_owned(), text)
    };
    paths.into_iter().filter(|path| path.is_file()).map(text).collect()
}

/// A training step whose timings are kept in a file.
fn timed(file: &Path, retune: bool) -> Vec<Reason> {
    let net = netc::compile(Path::new("nets/base.net"), &[]).net.unwrap();
    let net = TorchNet::new(&net, 3, Device::Cpu, Precision::Fp32).unwrap();
    let tuning = Tuning { cache: Some(file.to_owned()), retune, ..Tuning::default() };
    let session = Session::new(&net, Purpose::Training, 1, &tuning).unwrap();
    session.tasks().into_iter().filter_map(|task| task.reason).collect()
}

#[test]
fn timings_are_kept_until_they_are_forgotten() {
    if crate::unable::kernels("compiled::timings_are_kept", Precision::Fp32).is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("convolutions.json");
    let read = || std::fs::read_to_string(&file).unwrap();
    // What an earlier version wrote.
    std::fs::write(&file, r#"{"a key": {"candidate": "f4", "images": 1, "seconds": []}}"#).unwrap();
    let first = timed(&file, false);
    let of_time = |reason: &Reason| matches!(reason, Reason::Timed(_));
    assert!(first.iter().any(of_time) && first.contains(&Reason::Small), "{first:?}");
    assert!(!read().contains("a key"), "{}", read());
    assert_eq!(timed(&file, false), first);
    // Those of other candidates are not taken.
    std::fs::write(&file, read().replace("\"f4\"", "\"f2\"")).unwrap();
    timed(&file, false);
    assert!(!read().contains("f2"), "{}", read());
    let before = read();
    timed(&file, true);
    assert_ne!(read(), before);
}

/// Those of one kernel are not those of another between the same images.
#[test]
fn timings_are_of_the_kernel() {
    if crate::unable::kernels("compiled::timings_are_of_the_kernel", Precision::Fp32).is_none() {
        return;
    }
    let text = "net kernels {\n  input image: [N, 32, 32, 32]\n  \
        conv(32) -> conv(32, k = 1) -> conv(32, groups = 32) -> conv(32, k = 5, groups = 32)\n  \
        output y: [N, 32, 32, 32]\n}\n";
    let net = netc::compile_text(text, &[]).net.unwrap();
    let net = TorchNet::new(&net, 3, Device::Cpu, Precision::Fp32).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("convolutions.json");
    for _ in 0..2 {
        let tuning = Tuning { cache: Some(cache.clone()), ..Tuning::default() };
        let session = Session::new(&net, Purpose::Training, 32, &tuning).unwrap();
        let reasons: Vec<_> = session.tasks().into_iter().filter_map(|task| task.reason).collect();
        let times = reasons.iter().map(|reason| match reason {
            Reason::Timed(times) => times,
            other => panic!("{other:?}"),
        });
        let others: Vec<_> = times.clone().map(|times| times.candidates[1].algorithm).collect();
        let direct = ConvAlgorithm::Direct;
        assert_eq!(others, [ConvAlgorithm::WinogradF4, direct, direct, direct]);
        assert_ne!(times.clone().nth(2), times.clone().nth(3));
    }
    let kept = std::fs::read_to_string(cache).unwrap();
    assert_eq!(kept.matches("images").count(), 4, "{kept}");
}
