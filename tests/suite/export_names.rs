//! Names and texts of a net in exported Python and TorchScript, whatever they are. Python runs what
//! is written, with the few parts of PyTorch that it needs (`tests/cases/python`).

use std::path::{Path, PathBuf};
use std::process::Command;

use netc::check::Checked;
use netc::graph::Value;
use netc::lower::{plan, pytorch};

use crate::zoo::zoo;

/// Words that Python, PyTorch, TorchScript or the exported text use themselves.
pub const WORDS: &[&str] = &[
    "class",
    "self",
    "forward",
    "load",
    "torch",
    "nn",
    "re",
    "None",
    "True",
    "lambda",
    "print",
    "match",
    "case",
    "type",
    "await",
    "nan",
    "inf",
    "Tensor",
    "Path",
    "OrderedDict",
    "MOVED",
    "ValueError",
    "Scale",
    "Offset",
    "state_name",
    "super",
    "net",
    "_modules",
    "_parameters",
    "_buffers",
    "__init__",
    "__class__",
    "__dict__",
    "_",
    "__",
    "training",
    "to",
    "train",
    "eval",
    "parameters",
    "modules",
    "state_dict",
    "add_module",
    "code",
    "graph",
    "save",
    "original_name",
    "define",
    "forward_",
    "class_",
    "n_modules",
    "weight",
    "bias",
    "running_mean",
    "x",
    "x0",
    "y",
];

fn word(word: &str) -> bool {
    // `net` is a word of the language.
    word != "net"
}

fn written(text: &str) -> Checked {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("written.net");
    std::fs::write(&file, text).unwrap();
    let compilation = netc::compile(&file, &[]);
    compilation.net.unwrap_or_else(|| panic!("{text}"))
}

/// A net with every word as a label, most of which hold others.
pub fn labels() -> Checked {
    let mut text = "net labels {\n  input image: [N, 2, 4, 4]\n".to_string();
    for (i, label) in WORDS.iter().filter(|w| word(w)).enumerate() {
        let chain = ["conv", "conv -> bn", "repeat 2 { conv }", "repeat 1 { bn -> relu }"][i % 4];
        text += &format!("  {label}: {chain}\n");
    }
    text += "  class.weight: bn\n  running_mean.bias: bn\n";
    written(&(text + "  output out: [N, 2, 4, 4]\n}\n"))
}

/// The names in the module of what files hold, by Python.
fn loaded(folder: &Path, net: &Checked, weights: &[PathBuf]) -> Vec<String> {
    let module = folder.join("exported.py");
    std::fs::write(&module, pytorch(net)).unwrap();
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/python");
    let output = Command::new("python3")
        .args(["-B", "-W", "error"])
        .arg(python.join("load.py"))
        .arg(&module)
        .args(weights)
        .env("PYTHONPATH", &python)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}\n{}",
        String::from_utf8_lossy(&output.stderr),
        pytorch(net)
    );
    String::from_utf8(output.stdout).unwrap().lines().map(String::from).collect()
}

/// The names of a net's weights.
fn own_names(net: &Checked) -> Vec<String> {
    let mut names = Vec::new();
    for step in plan(net).steps() {
        let shapes: Vec<_> = step.operand_shapes.iter().collect();
        names.extend(step.op.tensors(&shapes).iter().map(|t| format!("{}.{}", step.path, t.name)));
    }
    names
}

/// A file of these weights, without their numbers, which nothing here reads.
fn named_weights(folder: &Path, net: &Checked) -> PathBuf {
    let path = folder.join("named.safetensors");
    let entry = |name: String| (name, serde_json::json!({ "dtype": "F32", "shape": [0] }));
    let header =
        serde_json::Value::Object(own_names(net).into_iter().map(entry).collect()).to_string();
    std::fs::write(&path, [&(header.len() as u64).to_le_bytes(), header.as_bytes()].concat())
        .unwrap();
    path
}

/// Loads a net's weights into its exported module; the names that they have there.
fn names(net: &Checked) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let weights = named_weights(folder.path(), net);
    let lines = loaded(folder.path(), net, &[weights]);
    lines[0]
        .split(' ')
        .filter(|name| !name.ends_with("num_batches_tracked"))
        .map(String::from)
        .collect()
}

#[test]
fn python_loads_the_weights_of_every_net_by_the_names_that_it_gives_them() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let small = ["nets/dawnbench.net", "nets/resnet9.net", "tests/cases/check_ok/names.net"];
    // This one changes its filters after they are made, which takes more of PyTorch.
    let zoo = zoo().into_iter().filter(|file| !file.ends_with("airbench94.net"));
    for file in small.iter().map(|file| repository.join(file)).chain(zoo) {
        let net = netc::compile(&file, &[]).net.unwrap();
        assert_eq!(names(&net).len(), own_names(&net).len(), "{}", file.display());
    }
}

#[test]
fn labels_may_be_any_words() {
    let mut found = names(&labels());
    let count = own_names(&labels()).len();
    assert_eq!(found.len(), count, "{found:?}");
    let begins = |start: &str| found.iter().any(|name| name.starts_with(start));
    for start in [
        "class_.",
        "class__.",
        "forward_.",
        "forward__.",
        "n_modules.",
        "n_modules_.",
        "n__init__.",
    ] {
        assert!(begins(start), "{start}: {found:?}");
    }
    found.sort();
    found.dedup();
    assert_eq!(found.len(), count);
}

#[test]
fn nets_blocks_and_inputs_may_be_called_anything() {
    for name in WORDS.iter().filter(|w| word(w)) {
        let block = format!("b_{name}");
        let text = format!(
            "block {name} {{\n  conv -> bn\n}}\n\nnet {name} {{\n  input {name}_: [N, 2, 4, 4]\n  a: {name} -> mul(0.5)\n  \
             {block} = a -> conv(2) -> {name}\n  b: conv -> bn\n  add({block})\n  output {name}__: [N, 2, 4, 4]\n}}\n"
        );
        let blockless = format!(
            "net {name} {{\n  input {name}: [N, 2, 4, 4]\n  conv -> bn\n  output out: [N, 2, 4, 4]\n}}\n"
        );
        assert_eq!(names(&written(&text)).len(), 16, "{text}");
        assert_eq!(names(&written(&blockless)).len(), 5);
    }
}

#[test]
fn texts_of_parameters_end_no_docstring() {
    let net = |text: &str| {
        written(&format!(
            "net texts(a: one_of(\"{text}\", \"b\") = \"{text}\", many = [\"\", \"{text}\"]) {{\n  input image: [N, 3, 8, 8]\n  \
             c: conv(4) -> relu if a != \"b\" else gelu\n  output out: [N, 4, 8, 8]\n}}\n"
        ))
    };
    let long = "x".repeat(90);
    for text in
        ["\\Nx", "\\", "\\x", "\\u12", "\\\\", "''''", "\u{e9}\u{4e2d}", "\t", "{a}", "%s", &long]
    {
        assert_eq!(names(&net(text)), ["c.conv.weight"], "{text}");
    }
    let mut graph = net("b").graph().clone();
    let texts = ["\"\"\"", "\"\"\"\"\\", "\0", "a\nb", "\r", "\u{202e}", "\u{2028}"];
    graph.params.extend(texts.iter().map(|text| ("p".to_string(), Value::Str(text.to_string()))));
    let net = netc::check::check(graph).unwrap();
    assert_eq!(names(&net), ["c.conv.weight"]);
    assert!(!pytorch(&net).contains('\0') && !pytorch(&net).contains('\u{202e}'));
}

mod torch {
    use std::collections::BTreeSet;
    use std::sync::atomic::AtomicBool;
    use std::time::Duration;

    use netc::lower::{Precision, Weights, tensor_file};
    use netc::run::{Method, RunFolder};
    use netc_torch::lower::{Mode, TorchNet, script};
    use netc_torch::run::{Event, Job, train};
    use tch::{CModule, Device, Kind, Tensor};

    use super::*;
    use crate::lower::small;
    use crate::run::{CPU, tints, with};

    #[test]
    fn libtorch_loads_labels_of_any_words() {
        let (folder, net) = (tempfile::tempdir().unwrap(), labels());
        let path = folder.path().join("labels.pt");
        let weights = Weights::initial(&net, 4).unwrap();
        std::fs::write(&path, script(&net, &weights).unwrap()).unwrap();
        let script = CModule::load(&path).unwrap();
        let names: BTreeSet<String> =
            script.named_parameters().unwrap().into_iter().map(|(name, _)| name).collect();
        let own = TorchNet::new(&net, 4, Device::Cpu, Precision::Fp32).unwrap();
        assert_eq!(names.len(), own.trained().count(), "{names:?}");
        let reserved =
            |name: &str| name.split('.').any(|part| part.starts_with('_') || part == "forward");
        assert!(!names.iter().any(|name| reserved(name)), "{names:?}");
        let images = Tensor::rand([2, 2, 4, 4], (Kind::Float, Device::Cpu));
        let expected = tch::no_grad(|| own.forward(&images, Mode::Eval)).unwrap();
        let got = script.forward_ts(&[images]).unwrap();
        assert!((got - expected).abs().max().double_value(&[]) < 1e-5);
        // What changed its name is told in the archive.
        let archive = std::fs::read(&path).unwrap();
        let text = String::from_utf8_lossy(&archive);
        assert!(
            text.contains("\"forward__.weight\":\"forward.weight\"")
                || text.contains("\"n_modules_"),
            "{names:?}"
        );
    }

    #[test]
    fn nets_may_be_called_anything_in_libtorch() {
        for name in WORDS.iter().filter(|w| word(w)) {
            let net = written(&format!(
                "net {name} {{\n  input image: [N, 2, 4, 4]\n  conv -> bn\n  output out: [N, 2, 4, 4]\n}}\n"
            ));
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("net.pt");
            std::fs::write(&path, script(&net, &Weights::initial(&net, 1).unwrap()).unwrap())
                .unwrap();
            CModule::load(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }

    /// What a training with a running mean and lookahead saves on its way, and at its end.
    fn checkpoints(folder: &Path) -> [PathBuf; 2] {
        let settings =
            "batch_size: 16\ncrop_pad: 0\nflip: false\ncutout: 0\nema: 0.9\nlookahead_every: 1\n";
        let (net, recipe, data) = (small(), with(settings, 2), tints(64, 8));
        [true, false].map(|cut| {
            let (out, stop) = (folder.join(format!("cut {cut}")), AtomicBool::new(false));
            let job = Job {
                net: &net,
                recipe: &recipe,
                data: &data,
                limit_train: None,
                limit_test: None,
                seed: 1,
                machine: CPU,
                save_every: Duration::MAX,
                resume: None,
                group: None,
                method: &Method::default(),
                stop: &stop,
            };
            let mut journal = RunFolder::new(&out, net.flat_text(None), recipe.to_yaml());
            let mut watch = |event: Event| {
                if cut && matches!(event, Event::Epoch(_)) {
                    stop.store(true, std::sync::atomic::Ordering::Relaxed);
                }
            };
            train(&job, &mut journal, &mut watch).unwrap();
            out.join(RunFolder::CHECKPOINT)
        })
    }

    #[test]
    fn python_loads_a_checkpoint_of_a_training_with_all_its_state() {
        let folder = tempfile::tempdir().unwrap();
        let files = checkpoints(folder.path());
        let bytes = std::fs::read(&files[0]).unwrap();
        let sealed = tensor_file::open(&bytes).unwrap();
        for prefix in [tensor_file::OPTIMISER[0], tensor_file::EMA, tensor_file::SLOW] {
            assert!(sealed.names().iter().any(|name| name.starts_with(prefix)), "{prefix}");
        }
        let weights = named_weights(folder.path(), &small());
        let lines = loaded(folder.path(), &small(), &[weights, files[0].clone(), files[1].clone()]);
        assert_eq!(lines.len(), 3);
        assert!(lines.iter().all(|line| *line == lines[0]));
    }
}
