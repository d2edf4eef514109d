//! The graph passes: what they do to a net, and that they change nothing of what it computes.

use std::process::Command;

use netc::check::Checked;
use netc::passes::{Choice, Purpose, optimise, traffic};

/// Something for every pass.
const NET: &str = "net all {
  input image: [N, 3, 16, 16]
  stem: conv(8) -> bn(gamma = uniform(-1, 1)) -> relu(max = 6) -> maxpool(2)
  plain: identity -> dropout(0.0) -> mul(1.0)
  left = plain -> sigmoid
  right = plain -> sigmoid
  sum: add(left) -> add(right)
  wide: concat(left) -> concat(plain)
  far: conv(8, bias = true) -> bn -> relu -> maxpool(2) -> maxpool(2)
  head: globalmaxpool -> flatten -> linear(12) -> linear(10, bias = false) -> mul(0.5) -> mul(0.25)
  output logits: [N, 10]
}
";

fn compiled(text: &str) -> Checked {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("net.net");
    std::fs::write(&path, text).unwrap();
    let compilation = netc::compile(&path, &[]);
    assert!(!compilation.problems.has_errors(), "{:?}", compilation.problems);
    compilation.net.unwrap()
}

/// The nets of the article.
fn nets() -> Vec<Checked> {
    with(&[])
}

/// The same with few channels.
fn narrow() -> Vec<Checked> {
    with(&[("width".into(), "8".into())])
}

fn with(values: &[(String, String)]) -> Vec<Checked> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("nets");
    let mut paths: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let nets: Vec<Checked> =
        paths.iter().filter_map(|path| netc::compile(path, values).net).collect();
    assert!(nets.len() > 20);
    nets
}

#[test]
fn the_command_says_what_each_pass_does_and_saves() {
    let mut netc = Command::new(env!("CARGO_BIN_EXE_netc"));
    let output = netc
        .args(["passes", "nets/resnet9.net"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let bound = crate::check::snapshots();
    let _guard = bound.bind_to_scope();
    insta::assert_snapshot!("passes_resnet9", text);
    let mut netc = Command::new(env!("CARGO_BIN_EXE_netc"));
    let output = netc.args(["passes", "x.net", "--passes", "fold"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("there is no pass `fold`"));
}

#[test]
fn no_pass_makes_a_net_of_the_article_dearer() {
    for net in nets() {
        for purpose in [Purpose::Training, Purpose::Evaluation] {
            let optimised = optimise(&net, purpose, &Choice::All).unwrap();
            let mut before = (net.macs(), traffic(&net));
            for stage in &optimised.stages {
                let after = (stage.net.macs(), traffic(&stage.net));
                assert!(
                    after.0 <= before.0 && after.1 <= before.1,
                    "{} of {}",
                    stage.pass,
                    net.graph().name
                );
                before = after;
            }
            let moved = before.1 < traffic(&net);
            assert!(moved || purpose == Purpose::Training, "{} is left as it is", net.graph().name);
            let again = optimise(optimised.net(), purpose, &Choice::All).unwrap();
            assert!(again.stages.is_empty(), "{}: {:?}", net.graph().name, again.stages[0].changes);
        }
    }
}

#[test]
fn a_training_keeps_every_weight() {
    for net in nets() {
        let optimised = optimise(&net, Purpose::Training, &Choice::All).unwrap();
        assert_eq!(optimised.net().params(), net.params());
        assert!(optimised.folds().is_empty());
    }
}

#[test]
fn each_pass_has_its_case() {
    let net = compiled(NET);
    let optimised = optimise(&net, Purpose::Evaluation, &Choice::All).unwrap();
    let bound = crate::check::snapshots();
    let _guard = bound.bind_to_scope();
    let changes: Vec<String> = optimised
        .stages
        .iter()
        .flat_map(|stage| {
            stage.changes.iter().map(move |change| format!("{}: {change}", stage.pass))
        })
        .collect();
    insta::assert_snapshot!("passes_all", changes.join("\n"));
}

mod computed {
    use netc::lower::Precision;
    use netc::passes::PASSES;
    use netc_torch::lower::{Mode, TorchNet, verify};
    use tch::{Device, Kind, Tensor};

    use super::*;

    #[test]
    fn each_pass_keeps_value_gradients_and_statistics_of_every_net() {
        for net in narrow().into_iter().chain([compiled(NET)]) {
            for purpose in [Purpose::Training, Purpose::Evaluation] {
                for verified in verify(&net, purpose, &Choice::All).unwrap() {
                    let exact = ["pool-first", "identity"].contains(&verified.pass);
                    let most = if exact { 0.0 } else { 1e-11 };
                    assert!(verified.difference <= most, "{}: {verified:?}", net.graph().name);
                }
            }
        }
    }

    /// The gradient of a bias before batch norm is nothing but rounding.
    #[test]
    fn rounding_is_no_difference() {
        let net = compiled(
            "net v {\n  input image: [N, 3, 16, 16]\n  a: conv(8, bias = true) -> bn\n  g = a -> relu\n  h = a -> relu\n  x: add(g, h) -> globalavgpool -> flatten -> linear(4)\n  output logits: [N, 4]\n}\n",
        );
        let verified = verify(&net, Purpose::Training, &Choice::All).unwrap();
        assert!(!verified.is_empty());
        verified.iter().for_each(|pass| assert!(pass.difference < 1e-8, "{pass:?}"));
    }

    #[test]
    fn each_pass_alone_is_as_exact() {
        let net = compiled(NET);
        for pass in PASSES {
            let alone = Choice::Only(vec![pass.name.into()]);
            for verified in verify(&net, Purpose::Evaluation, &alone).unwrap() {
                assert!(verified.difference <= 1e-11, "{verified:?}");
            }
        }
    }

    #[test]
    fn folded_weights_follow_the_net() {
        let net = compiled(NET);
        let source = TorchNet::new(&net, 3, Device::Cpu, Precision::Fp32).unwrap();
        let optimised = optimise(&net, Purpose::Evaluation, &Choice::All).unwrap();
        let images = Tensor::randn([4, 3, 16, 16], (Kind::Float, Device::Cpu));
        for round in 0..3 {
            let _moves_the_statistics =
                tch::no_grad(|| source.forward(&images, Mode::Train { seed: round })).unwrap();
            let (a, b) = tch::no_grad(|| {
                let folded = source.rewritten(&optimised).unwrap();
                (
                    source.forward(&images, Mode::Eval).unwrap(),
                    folded.forward(&images, Mode::Eval).unwrap(),
                )
            });
            let far = (a - b).abs().max().double_value(&[]);
            assert!(far < 1e-5, "{far}");
        }
    }
}
