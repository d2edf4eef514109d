//! What goes out to PyTorch and libtorch: source, TorchScript, weights. `scripts/test-export.sh`
//! runs what is written.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use netc::check::Checked;
use netc::lower::pytorch;

fn net(file: &str, set: &[(&str, &str)]) -> Checked {
    let set: Vec<(String, String)> =
        set.iter().map(|(n, v)| (n.to_string(), v.to_string())).collect();
    netc::compile(&Path::new(env!("CARGO_MANIFEST_DIR")).join(file), &set).net.unwrap()
}

fn netc(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_netc"))
        .args(args)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap()
}

fn all_nets() -> Vec<PathBuf> {
    let folders =
        ["nets", "tests/cases/check_ok"].map(|f| Path::new(env!("CARGO_MANIFEST_DIR")).join(f));
    let entries = folders.iter().flat_map(|folder| std::fs::read_dir(folder).unwrap());
    entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "net"))
        .collect()
}

#[test]
fn resnet9_is_written_as_a_person_would_write_it() {
    insta::assert_snapshot!(pytorch(&net("nets/resnet9.net", &[])));
}

#[test]
fn dawnbench_has_branches_and_first_weights_of_its_own() {
    insta::assert_snapshot!(pytorch(&net("nets/dawnbench.net", &[])));
}

#[test]
fn rounds_are_sequences_counted_from_0_and_every_op_has_a_module() {
    let densenet = pytorch(&net("nets/zoo/densenet121.net", &[]));
    assert!(
        densenet.contains("re.sub(r\"(\\.\\d+)\\.(?:dense)(?=\\.)\", r\"\\1\", name)\n"),
        "{densenet}"
    );
    assert!(densenet.contains("            Dense(128),\n            Dense(160),\n"), "{densenet}");
    insta::assert_snapshot!(pytorch(&net("tests/cases/check_ok/every_op.net", &[])));
}

#[test]
fn no_line_is_longer_than_black_makes_it_and_no_class_is_defined_twice() {
    let mut seen = 0;
    for path in all_nets() {
        let Some(net) = netc::compile(&path, &[]).net else { continue };
        seen += 1;
        let text = pytorch(&net);
        let mut classes: Vec<&str> =
            text.lines().filter(|line| line.starts_with("class ")).collect();
        let count = classes.len();
        classes.sort_unstable();
        classes.dedup();
        assert_eq!(classes.len(), count, "{}", path.display());
        let long = text.lines().find(|line| line.chars().count() > 88);
        assert_eq!(long, None, "{}", path.display());
    }
    assert!(seen > 30, "only {seen} nets found");
}

/// A run keeps its net expanded, without the blocks that its stages came from.
#[test]
fn stages_that_differ_in_their_number_alone_share_a_class() {
    let folder = tempfile::tempdir().unwrap();
    let classes = |file: &str, expected: &[&str]| {
        let expanded = folder.path().join("expanded.net");
        std::fs::write(&expanded, net(file, &[]).flat_text(None)).unwrap();
        let text = pytorch(&net(expanded.to_str().unwrap(), &[]));
        let classes = text.lines().filter_map(|line| line.strip_prefix("class "));
        let names: Vec<&str> = classes.map(|line| line.split('(').next().unwrap()).collect();
        assert_eq!(names, expected, "{text}");
    };
    classes("nets/zoo/resnet50.net", &["Round", "RoundWithoutShort", "Resnet50"]);
    classes("nets/base.net", &["Scale", "Base"]);
    classes("nets/resnet9.net", &["Scale", "Residual", "Resnet9"]);
}

#[test]
fn weights_go_out_and_come_back_to_the_byte() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).display().to_string();
    let (first, second) = (file("first.safetensors"), file("second.safetensors"));
    let base = ["export", "nets/backbone.net", "--set", "width=8", "--format", "safetensors"];
    let out = netc(&[&base[..], &["--seed", "3", "-o", &first]].concat());
    assert!(out.status.success(), "{out:?}");
    assert!(netc(&[&base[..], &["--weights", &first, "-o", &second]].concat()).status.success());
    let bytes = std::fs::read(&first).unwrap();
    assert!(bytes == std::fs::read(&second).unwrap());
    let sealed = netc::lower::tensor_file::open(&bytes).unwrap();
    let facts = sealed.facts.as_ref().unwrap();
    let source = net("nets/backbone.net", &[("width", "8")]);
    assert_eq!(facts["graph"], source.graph().hash());
    assert_eq!(facts["net"], source.flat_text(None));
    let names = sealed.names();
    assert!(names.contains(&"layer1.preact_shortcut_1.bn.running_var"), "{names:?}");

    let folded = file("folded.safetensors");
    assert!(netc(&[&base[..], &["--form", "folded", "-o", &folded]].concat()).status.success());
    assert!(std::fs::read(&folded).unwrap().len() < bytes.len());
    let refused = netc(&["export", "nets/backbone.net", "--format", "pytorch", "--form", "folded"]);
    assert_eq!(refused.status.code(), Some(1));
}

mod script {
    use netc::check::Checked;
    use netc::lower::{Precision, Weights};
    use netc::passes::{Choice, Purpose, optimise};
    use netc_torch::lower::{Mode, TorchNet, script};
    use tch::{CModule, Device, Kind, Tensor};

    use super::net;

    /// Weights that no symmetry hides, running statistics included.
    fn shaken(net: &Checked) -> Weights {
        let first = Weights::initial(net, 5).unwrap();
        let mut t = 0;
        Weights::of(net, |name| {
            t += 1;
            let shift = |i: usize| 0.3 * ((i * 37 + t * 11) % 17) as f32 / 17.0;
            Some(
                first
                    .get(name)?
                    .values
                    .iter()
                    .enumerate()
                    .map(|(i, value)| value + shift(i))
                    .collect(),
            )
        })
        .unwrap()
    }

    fn images(net: &Checked, count: i64) -> Tensor {
        let dims: Vec<i64> = std::iter::once(count)
            .chain(net.shape(net.input()).dims().iter().map(|&d| d as i64))
            .collect();
        let all: i64 = dims.iter().product();
        (Tensor::arange(all, (Kind::Float, Device::Cpu)) * 0.37).sin().reshape(dims)
    }

    /// How far apart libtorch's own reading of the archive and netc are, relative to the largest
    /// result.
    fn apart(net: &Checked, form: &Checked, weights: &Weights, given: &Weights) -> f64 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("net.pt");
        std::fs::write(&path, script(form, given).unwrap()).unwrap();
        let script = CModule::load(&path).unwrap();
        let own = TorchNet::new(net, 0, Device::Cpu, Precision::Fp32).unwrap();
        for (weight, numbers) in own.weights().iter().zip(weights.tensors()) {
            assert_eq!(weight.name, numbers.name);
            weight.set_values(&numbers.values).unwrap();
        }
        let mut most: f64 = 0.0;
        for count in [1, 3] {
            let images = images(net, count);
            let expected = tch::no_grad(|| own.forward(&images, Mode::Eval)).unwrap();
            let got = script.forward_ts(&[images]).unwrap();
            assert_eq!(got.size(), expected.size());
            let largest = expected.abs().max().double_value(&[]);
            assert!(largest > 0.0);
            most = most.max((got - expected).abs().max().double_value(&[]) / largest);
        }
        most
    }

    #[test]
    fn torchscript_gives_the_same_logits_for_any_batch() {
        let small = [("width", "8")];
        for (file, set) in [
            ("nets/dawnbench.net", &small[..]),
            ("nets/resnet9.net", &small[..]),
            ("tests/cases/check_ok/every_op.net", &[]),
            ("tests/cases/check_ok/squeeze_excite.net", &[]),
        ] {
            let net = net(file, set);
            let weights = shaken(&net);
            let far = apart(&net, &net, &weights, &weights);
            assert!(far < 1e-5, "{file} as written: {far}");
            let optimised = optimise(&net, Purpose::Evaluation, &Choice::All).unwrap();
            let folded = weights.folded(&optimised).unwrap();
            let far = apart(&net, optimised.net(), &weights, &folded);
            assert!(far < 1e-4, "{file} folded: {far}");
        }
    }

    #[test]
    fn a_script_has_the_weights_by_path_and_labels_may_be_keywords() {
        let folder = tempfile::tempdir().unwrap();
        let text = "net odd {\n  input x: [N, 2, 4, 4]\n  forward: conv(3) -> bn\n  class: repeat 2 { conv }\n  output y: [N, 3, 4, 4]\n}\n";
        std::fs::write(folder.path().join("odd.net"), text).unwrap();
        let net = netc::compile(&folder.path().join("odd.net"), &[]).net.unwrap();
        let path = folder.path().join("odd.pt");
        std::fs::write(&path, script(&net, &shaken(&net)).unwrap()).unwrap();
        let names: Vec<String> = CModule::load(&path)
            .unwrap()
            .named_parameters()
            .unwrap()
            .into_iter()
            .map(|(n, _)| n)
            .collect();
        assert!(names.contains(&"forward_.conv.weight".to_string()), "{names:?}");
        assert!(names.contains(&"class_.n1.conv.weight".to_string()), "{names:?}");
    }
}
