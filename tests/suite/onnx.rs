//! ONNX: what is written comes back, what strangers write is understood or refused.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use netc::check::Checked;
use netc::lower::{Numbers, Weights};
use netc::onnx::{
    ExportForm, ImportError, Imported, export, import, import_beside, import_sized, ops,
};
use netc::passes::{Choice, Purpose, optimise};
use netc::tools::derive::reread;

use super::check::{net, nets, snapshots};

fn netc(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_netc")).args(args).output().unwrap()
}

/// The project's nets and the cases of `check_ok` that are not large.
fn every_net() -> Vec<PathBuf> {
    let cases = std::fs::read_dir("tests/cases/check_ok").unwrap().map(|e| e.unwrap().path());
    let cases = cases.filter(|path| path.extension().is_some_and(|e| e == "net"));
    let all = nets().into_iter().filter(|f| f.file_stem().unwrap() != "lib").chain(cases);
    all.filter(|file| net(file).params() < 8_000_000).collect()
}

fn case(name: &str) -> Vec<u8> {
    std::fs::read(Path::new("tests/cases/onnx").join(name).with_extension("onnx")).unwrap()
}

fn written(net: &Checked, form: ExportForm) -> Vec<u8> {
    export(net, &Weights::initial(net, 1).unwrap(), form).unwrap()
}

fn sorted(weights: &Weights) -> BTreeMap<&str, &Numbers> {
    weights.tensors().iter().map(|tensor| (tensor.name.as_str(), tensor)).collect()
}

fn unsupported(bytes: Vec<u8>) -> BTreeMap<String, usize> {
    match import(bytes, "it") {
        Err(ImportError::Unsupported(what)) => what,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_net_comes_back_as_the_same_graph_with_the_same_names_and_weights() {
    for file in every_net() {
        let before = net(&file);
        let Imported { net: after, weights, producer } =
            import(written(&before, ExportForm::Training), "it").unwrap();
        assert_eq!(after.graph().canonical(), before.graph().canonical(), "{}", file.display());
        assert_eq!(
            (after.graph().name.as_str(), producer.as_str()),
            (before.graph().name.as_str(), "netc")
        );
        let initial = Weights::initial(&before, 1).unwrap();
        assert_eq!(sorted(&weights), sorted(&initial), "{}", file.display());
        let (_, again) = reread(&after).unwrap();
        let renamed = weights.renamed(&after, &again).unwrap();
        assert_eq!(renamed.tensors().len(), initial.tensors().len());
    }
}

#[test]
fn the_folded_form_is_the_net_after_the_passes_of_evaluation() {
    for file in every_net() {
        let before = net(&file);
        let folded = optimise(&before, Purpose::Evaluation, &Choice::All).unwrap();
        let after = import(written(&before, ExportForm::Folded), "it").unwrap().net;
        let text = after.graph().canonical();
        assert!(!text.contains("dropout"), "{}:\n{text}", file.display());
        if !folded.net().graph().canonical().contains("dropout") {
            assert_eq!(text, folded.net().graph().canonical(), "{}", file.display());
        }
    }
}

#[test]
fn every_op_of_the_language_is_exported_by_some_case() {
    let all: String = every_net().iter().map(|file| net(file).graph().canonical() + "\n").collect();
    for signature in netc::graph::op::signatures() {
        let found = all.lines().any(|line| line.split(' ').next() == Some(signature.name));
        assert!(found, "no net has {}", signature.name);
    }
}

#[test]
fn a_folded_norm_is_a_bias_by_its_own_formula() {
    let text = "net it {\n  input image: [N, 1, 1, 1]\n  conv(1, k = 1) -> bn -> flatten\n  output y: [N, 1]\n}\n";
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("it.net");
    std::fs::write(&file, text).unwrap();
    let net = netc::compile(&file, &[]).net.unwrap();
    let values = BTreeMap::from([
        ("conv.weight", 3.0),
        ("bn.weight", 0.5),
        ("bn.bias", 0.25),
        ("bn.running_mean", 2.0),
        ("bn.running_var", 4.0 - 1e-5),
    ]);
    let folded = |values: &BTreeMap<&str, f64>| {
        let weights = Weights::of(&net, |name| values.get(name).map(|&x| vec![x as f32])).unwrap();
        weights.folded(&optimise(&net, Purpose::Evaluation, &Choice::All).unwrap())
    };
    let negative: BTreeMap<_, _> = values.iter().map(|(name, x)| (*name, -x)).collect();
    let message = folded(&negative).unwrap_err().to_string();
    assert_eq!(message, "`bn.running_var` has a variance below 0");
    let folded = folded(&values).unwrap();
    // y = (3 x - 2) / sqrt(4) * 0.5 + 0.25
    let near = |name: &str, expected: f32| {
        let [found] = folded.get(name).unwrap().values[..] else { panic!("{name}") };
        assert!((found - expected).abs() < 1e-6, "{name} is {found}");
    };
    near("conv.weight", 0.75);
    near("conv.bias", -0.25);
}

#[test]
fn what_other_programs_write_reads_well() {
    for name in [
        "linear_layers",
        "shape_arithmetic",
        "constants",
        "residual_blocks",
        "dense_block",
        "old_opset",
    ] {
        let imported = import(case(name), name).unwrap();
        let (text, _) = reread(&imported.net).unwrap();
        snapshots().bind(|| insta::assert_snapshot!(format!("onnx_{name}"), text));
    }
}

/// A model in a file, as the command reads it.
fn beside(path: &Path) -> Result<Imported, ImportError> {
    let name = path.file_stem().unwrap().to_str().unwrap();
    import_beside(std::fs::read(path).unwrap(), path.parent().unwrap(), name, None)
}

#[test]
fn sound_models_are_read() {
    snapshots().bind(|| {
        insta::glob!("../cases/onnx_ok", "*.onnx", |path| {
            let imported = beside(path).unwrap();
            insta::assert_snapshot!("onnx_ok", reread(&imported.net).unwrap().0);
        });
    });
}

#[test]
fn models_that_are_refused_are_told_why() {
    snapshots().bind(|| {
        insta::glob!("../cases/onnx_err", "*.onnx", |path| {
            insta::assert_snapshot!("onnx_err", beside(path).unwrap_err().to_string());
        });
    });
}

#[test]
fn weights_in_a_file_beside_the_model_are_those_within_it() {
    let [beside, within] = ["weights_beside", "weights_within"]
        .map(|name| beside(&Path::new("tests/cases/onnx_ok").join(name).with_extension("onnx")));
    let (beside, within) = (beside.unwrap(), within.unwrap());
    assert_eq!(beside.net.graph().canonical(), within.net.graph().canonical());
    assert_eq!(sorted(&beside.weights), sorted(&within.weights));
}

/// What `netc import` says of a copy of `weights_beside` in a folder where `place` put its file.
fn with_file_placed(place: impl Fn(&Path)) -> String {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("weights_beside.onnx");
    std::fs::copy("tests/cases/onnx_ok/weights_beside.onnx", &model).unwrap();
    place(&folder.path().join("weights_beside.onnx.data"));
    let run = netc(&["import", model.to_str().unwrap()]);
    assert_eq!((run.status.code(), run.stdout.len()), (Some(1), 0));
    let said = String::from_utf8(run.stderr).unwrap();
    assert!(said.contains("its tensor `w` is in the file `weights_beside.onnx.data`"), "{said}");
    said
}

#[test]
fn a_file_of_weights_must_be_a_plain_one() {
    let sound = Path::new("tests/cases/onnx_ok/weights_beside.onnx.data").canonicalize().unwrap();
    let said = with_file_placed(|_| {});
    assert!(said.contains("beside it: no such file") && said.contains("external_data"), "{said}");
    let said = with_file_placed(|path| std::fs::create_dir(path).unwrap());
    assert!(said.contains("a folder"), "{said}");
    let said = with_file_placed(|path| std::fs::write(path, [0; 40]).unwrap());
    assert!(said.contains("432 bytes at 0, where the file ends at 40"), "{said}");
    let huge = |path: &Path| std::fs::File::create(path).unwrap().set_len(1 << 32).unwrap();
    let said = with_file_placed(huge);
    assert!(said.contains("more than 2147483647 bytes"), "{said}");
    let said = with_file_placed(|path| std::os::unix::fs::symlink(&sound, path).unwrap());
    assert!(said.contains("a symbolic link"), "{said}");
    let said = with_file_placed(|path| {
        assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
    });
    assert!(said.contains("a pipe"), "{said}");
}

#[test]
fn all_that_netc_lacks_is_listed_with_its_count() {
    let run = netc(&["import", "tests/cases/onnx/unsupported.onnx"]);
    assert_eq!((run.status.code(), run.stdout.len()), (Some(1), 0));
    let said = String::from_utf8(run.stderr).unwrap();
    snapshots().bind(|| insta::assert_snapshot!("onnx_unsupported", said));
}

#[test]
fn the_commands_write_files_that_fit_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_string();
    let (model, text, weights) = (path("a.onnx"), path("a.net"), path("a.safetensors"));
    let net = "nets/backbone.net";
    let run = netc(&[
        "export", net, "--format", "onnx", "--form", "training", "--seed", "3", "-o", &model,
    ]);
    assert_eq!(run.status.code(), Some(0), "{run:?}");
    let run = netc(&["import", &model, "-o", &text, "-o", &weights]);
    assert_eq!(run.status.code(), Some(0), "{run:?}");
    assert_eq!(netc(&["diff", net, &text]).status.code(), Some(0));
    assert_eq!(netc(&["fmt", "--check", &text]).status.code(), Some(0));
    let again = path("b.onnx");
    let run = netc(&["export", &text, "--weights", &weights, "--format", "onnx", "-o", &again]);
    assert_eq!(run.status.code(), Some(0), "{run:?}");
    let run = netc(&["export", net, "--weights", &model, "--format", "onnx", "-o", &again]);
    assert_eq!(run.status.code(), Some(1));
    assert!(String::from_utf8(run.stderr).unwrap().contains("do not fit the net"));
    assert_eq!(netc(&["import", &text]).status.code(), Some(1));
    assert_eq!(netc(&["import", &path("none.onnx")]).status.code(), Some(1));
    assert_eq!(netc(&["export", net]).status.code(), Some(2));
}

#[test]
fn a_file_that_is_cut_short_or_damaged_is_refused_or_read() {
    let whole = case("residual_blocks");
    for length in 0..whole.len() {
        let _ = import(whole[..length].to_vec(), "it");
    }
    let mut state = 1u64;
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize
    };
    for name in ["residual_blocks", "constants", "shape_arithmetic", "old_opset", "dense_block"] {
        let whole = case(name);
        for _ in 0..400 {
            let mut bytes = whole.clone();
            for _ in 0..=next() % 3 {
                let at = next() % bytes.len();
                bytes[at] = next() as u8;
            }
            let _ = import(bytes, "it");
        }
    }
}

/// A field of a message: its number, and bytes.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    [&[(number << 3) | 2], varint(bytes.len() as u64).as_slice(), bytes].concat()
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
    out
}

fn refused(bytes: Vec<u8>) -> String {
    import(bytes, "it").unwrap_err().to_string()
}

#[test]
fn a_file_cannot_make_netc_take_memory_that_it_does_not_explain() {
    // Empty nodes take two bytes each in the file, and hundreds in memory.
    let nodes = [0x0a, 0].repeat(1 << 20);
    assert!(refused(field(7, &nodes)).contains("far more memory"));
    // Graphs in attributes of nodes of graphs.
    let mut graph = Vec::new();
    for _ in 0..200 {
        graph = field(1, &field(5, &field(6, &graph)));
    }
    assert!(refused(field(7, &graph)).contains("deep"));
    assert!(refused(vec![0x3a, 0xff, 0xff, 0xff, 0xff, 0x0f]).contains("are left"));
    assert!(refused(vec![0xff; 11]).contains("ten bytes"));
    assert!(refused(Vec::new()).contains("no graph"));
}

/// The bytes with the first `from` replaced by `to`, which is as long.
fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let at = bytes.windows(from.len()).position(|part| part == from).unwrap();
    [&bytes[..at], to, &bytes[at + from.len()..]].concat()
}

#[test]
fn sizes_that_the_data_does_not_have_are_refused() {
    // The weight `k` of [5, 4]: its first size made 127.
    let bytes = case("residual_blocks");
    let claims = [0x08, 0x05, 0x08, 0x04, 0x10, 0x01];
    let huge = [0x08, 0x7f, 0x08, 0x04, 0x10, 0x01];
    let message = refused(replaced(&bytes, &claims, &huge));
    assert!(message.contains("20 numbers for its sizes [127, 4]"), "{message}");
}

#[test]
fn a_small_model_is_no_text_and_what_is_wrong_with_it_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let (model, text) = (folder.path().join("a.onnx"), folder.path().join("b.onnx"));
    std::fs::write(&model, one_node(b"Relu", b"n", b"z", b"")).unwrap();
    std::fs::write(&text, "{ \"no\": \"model\" }\n").unwrap();
    for (file, says) in [(model, "`z` is read before it is made"), (text, "a text, not an ONNX")] {
        let done = netc(&["import", file.to_str().unwrap()]);
        let said = String::from_utf8(done.stderr).unwrap();
        assert!(said.contains(says), "{said}");
    }
}

#[test]
fn an_op_of_another_name_is_named() {
    let bytes = replaced(&case("linear_layers"), b"Relu", b"Sinh");
    assert_eq!(unsupported(bytes), BTreeMap::from([("Sinh".to_string(), 1)]));
}

#[test]
fn a_value_that_is_not_made_yet_or_made_twice_is_refused() {
    let bytes = case("old_opset");
    // Field 1 of the node `Clip` is its operand: `a`, then nothing of that name.
    let message = refused(replaced(&bytes, b"\x0a\x01a\x12\x01c", b"\x0a\x01z\x12\x01c"));
    assert!(message.contains("`z` is read before it is made"), "{message}");
    let message = refused(replaced(&bytes, b"\x0a\x01a\x12\x01c", b"\x0a\x01a\x12\x01a"));
    assert!(message.contains("`a` is made twice"), "{message}");
}

/// The models of ops by opset, each with what onnxruntime makes of its images; without that, one
/// that is refused.
fn opsets() -> BTreeMap<String, (Vec<u8>, Option<Vec<u8>>)> {
    let file = std::fs::File::open("tests/cases/onnx/opsets.zip").unwrap();
    let mut archive = zip::ZipArchive::new(file).unwrap();
    let names: Vec<String> = archive.file_names().map(|name| name.unwrap().into_owned()).collect();
    let mut read = |name: &str| {
        let mut bytes = Vec::new();
        archive.by_name(name).unwrap().read_to_end(&mut bytes).unwrap();
        bytes
    };
    let models = names.iter().filter_map(|name| name.strip_suffix(".onnx"));
    let vectors = |stem: &str| format!("{stem}.safetensors");
    models
        .map(|stem| {
            let judged = names.contains(&vectors(stem)).then(|| read(&vectors(stem)));
            (stem.to_owned(), (read(&format!("{stem}.onnx")), judged))
        })
        .collect()
}

#[test]
fn an_op_is_read_as_the_models_opset_has_it_or_refused() {
    let models = opsets();
    assert!(models.len() > 300, "{}", models.len());
    for (name, (model, judged)) in models {
        let imported = import(model, &name);
        match (imported, judged) {
            (Ok(imported), Some(vectors)) => same_logits(&name, &imported, &vectors),
            (Err(ImportError::Unsupported(_)), None) => {}
            (other, judged) => panic!("{name}, which can be read: {}: {other:?}", judged.is_some()),
        }
    }
}

/// That libtorch gives the logits of onnxruntime.
fn same_logits(name: &str, imported: &Imported, vectors: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    let [images, out] = ["images", "out"].map(|file| folder.path().join(file));
    std::fs::write(&images, vectors).unwrap();
    netc_torch::run::logits(&imported.net, &imported.weights, &images, &out).unwrap();
    let found = std::fs::read(&out).unwrap();
    let [found, expected] = [found.as_slice(), vectors].map(|bytes| {
        safetensors::SafeTensors::deserialize(bytes).unwrap().tensor("logits").unwrap()
    });
    assert_eq!(found.shape(), expected.shape(), "{name}");
    let numbers = |bytes: &[u8]| -> Vec<f32> {
        bytes.chunks_exact(4).map(|word| f32::from_le_bytes(word.try_into().unwrap())).collect()
    };
    let (found, expected) = (numbers(found.data()), numbers(expected.data()));
    let largest = expected.iter().fold(1.0f32, |most, x| most.max(x.abs()));
    for (x, y) in found.iter().zip(&expected) {
        assert!((x - y).abs() <= 1e-5 * largest, "{name}: {x} is not {y}");
    }
}

#[test]
fn the_page_lists_the_versions_of_the_code() {
    let numbers = |all: &[i64]| all.iter().map(i64::to_string).collect::<Vec<_>>().join(", ");
    let rows: Vec<String> = ops()
        .iter()
        .map(|v| format!("| `{}` | {} | {} |", v.op, numbers(v.read), numbers(v.refused)))
        .collect();
    let page = std::fs::read_to_string("docs/onnx.md").unwrap();
    let table = rows.join("\n");
    assert!(page.contains(&table), "docs/onnx.md should list:\n{table}");
}

#[test]
fn sizes_that_a_model_leaves_open_are_asked_for_and_taken() {
    let run = netc(&["import", "tests/cases/onnx/open_sizes.onnx"]);
    let said = String::from_utf8(run.stderr).unwrap();
    assert_eq!((run.status.code(), run.stdout.len()), (Some(1), 0));
    assert!(said.contains("[N, 3, height, width]") && said.contains("--input 3x224x224"), "{said}");
    let run = netc(&["import", "tests/cases/onnx/open_sizes.onnx", "--input", "3x20x24"]);
    assert_eq!(run.status.code(), Some(0), "{run:?}");
    assert!(String::from_utf8(run.stdout).unwrap().contains("[N, 3, 20, 24]"));
    for wrong in ["4x20x24", "3x20", "3x20x24x1"] {
        let run = netc(&["import", "tests/cases/onnx/open_sizes.onnx", "--input", wrong]);
        let said = String::from_utf8(run.stderr).unwrap();
        assert!(run.status.code() == Some(1) && said.contains(wrong), "{said}");
    }
    for wrong in ["3xx4", "0x2x2", "a", "-1x2x2", ""] {
        let run =
            netc(&["import", "tests/cases/onnx/open_sizes.onnx", &format!("--input={wrong}")]);
        assert_eq!(run.status.code(), Some(2), "{wrong}");
    }
    let sized = import_sized(case("linear_layers"), "it", Some(&[3, 9, 9]));
    assert!(matches!(sized, Err(ImportError::Sizes { .. })), "{sized:?}");
}

#[test]
fn missing_ops_are_listed_beside_sizes_left_open() {
    let run = netc(&["import", "tests/cases/onnx/open_sizes_and_missing_op.onnx"]);
    let said = String::from_utf8(run.stderr).unwrap();
    assert!(said.contains("--input") && said.contains("1  Softsign"), "{said}");
}

/// A model of one node between `x` and `y` of [N, 4], with these names of it, and a weight beside
/// it.
fn one_node(op: &[u8], name: &[u8], input: &[u8], weight: &[u8]) -> Vec<u8> {
    let node = [field(1, input), field(2, b"y"), field(3, name), field(4, op)].concat();
    model(&node, &[4], weight)
}

/// A model of a node between `x` and `y` of these sizes after the batch.
fn model(node: &[u8], sizes: &[u8], weight: &[u8]) -> Vec<u8> {
    let sizes = sizes.iter().flat_map(|&size| field(1, &[8, size]));
    let shape: Vec<u8> = field(1, &field(2, b"N")).into_iter().chain(sizes).collect();
    let kind = field(1, &[vec![8, 1], field(2, &shape)].concat());
    let value = |name: &[u8]| [field(1, name), field(2, &kind)].concat();
    let graph = [
        field(1, node),
        field(2, b"g"),
        weight.to_vec(),
        field(11, &value(b"x")),
        field(12, &value(b"y")),
    ];
    let opset = [field(1, b""), vec![16, 17]].concat();
    [vec![8, 8], field(7, &graph.concat()), field(8, &opset)].concat()
}

#[test]
fn names_that_are_hostile_are_shown_harmless_and_cost_nothing() {
    let long = b"/a.b".repeat(200_000);
    for name in [&b"\x1b[31m\0\n"[..], b"", "\u{202e}é".as_bytes(), &long] {
        let net = import(one_node(b"Relu", name, b"x", b""), "\u{1b}[2J").unwrap().net;
        assert!(net.graph().canonical().is_ascii());
        assert_eq!(net.graph().name, "_2J");
    }
    let message = refused(one_node(b"Re\x1b[31mlu", b"n", b"x", b""));
    assert!(!message.contains('\u{1b}'), "{message:?}");
    let message = refused(one_node(b"Relu", b"n", b"x\x1b", b""));
    assert!(
        message.contains("read before it is made") && !message.contains('\u{1b}'),
        "{message:?}"
    );
    assert!(refused(one_node(b"Relu", b"n", b"y", b"")).contains("before it is made"), "a cycle");
}

#[test]
fn sizes_that_no_value_explains_are_refused() {
    for huge in [1 << 40, 1 << 62] {
        let sizes = [vec![8, 0, 8], varint(huge)].concat();
        let empty = field(5, &[sizes, vec![16, 1], field(8, b"w")].concat());
        for op in [&b"Transpose"[..], b"Flatten", b"Exp"] {
            let message = refused(one_node(op, b"n", b"w", &empty));
            assert!(message.contains("is empty, with sizes [0, "), "{message}");
        }
    }
    let attribute = |name: &[u8], ints: [u64; 4], count: usize| {
        let ints = ints[..count].iter().flat_map(|&int| [vec![0x40], varint(int)].concat());
        field(5, &[field(1, name), ints.collect(), vec![0xa0, 0x01, 7]].concat())
    };
    let node = [
        field(1, b"x"),
        field(2, b"y"),
        field(4, b"MaxPool"),
        attribute(b"kernel_shape", [1; 4], 2),
        attribute(b"pads", [i64::MAX as u64, 0, i64::MAX as u64, 0], 4),
    ];
    let message = refused(model(&node.concat(), &[4, 8, 8], b""));
    assert!(message.contains("too large"), "{message}");
}

#[test]
fn bytes_alone_open_no_file_and_weights_of_one_name_are_refused() {
    let entry = |key: &[u8], value: &[u8]| field(13, &[field(1, key), field(2, value)].concat());
    let outside =
        [vec![8, 4, 16, 1], field(8, b"w"), entry(b"location", b"/proc/self/mem"), vec![112, 1]];
    let weight = field(5, &outside.concat());
    let message = refused(one_node(b"Relu", b"n", b"w", &weight));
    assert!(
        message.contains("/proc/self/mem") && message.contains("folder is not known"),
        "{message}"
    );
    let weight = field(5, &[vec![16, 1], field(8, b"w"), field(9, &[0; 4])].concat());
    let message = refused(one_node(b"Relu", b"n", b"x", &weight.repeat(2)));
    assert!(message.contains("`w` is made twice"), "{message}");
    let negative = [&[8u8][..], &[0xff; 9], &[1, 16, 1], &field(8, b"w")].concat();
    let message = refused(one_node(b"Relu", b"n", b"w", &field(5, &negative)));
    assert!(message.contains("size of -1"), "{message}");
    let many = [[8, 1].repeat(10_000), vec![16, 1], field(8, b"w"), field(9, &[0; 4])].concat();
    let missing = unsupported(one_node(b"Relu", b"n", b"w", &field(5, &many)));
    assert!(missing.keys().any(|what| what.contains("10000 dimensions")), "{missing:?}");
}
