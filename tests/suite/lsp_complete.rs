//! What is offered at the cursor.

use serde_json::json;

use crate::lsp_editor::{Editor, edited, labels};

#[test]
fn completion_works_on_half_written_lines() {
    let mut editor = Editor::start();
    let text = editor.text("dawnbench.net");
    let half = text.replace("linear(10)", "linear(10, ");
    editor.open("dawnbench.net", &half);
    let at = |editor: &mut Editor, text: &str, mark: &str| {
        editor.ask_at("textDocument/completion", "dawnbench.net", text, mark, json!({}))
    };
    let answer = at(&mut editor, &half, "linear(10, ");
    let found = labels(&answer);
    assert!(found.contains(&"bias") && found.contains(&"width"), "{found:?}");
    let half = text.replace("concat(avg)", "con");
    editor.change("dawnbench.net", &half);
    let answer = at(&mut editor, &half, "-> con");
    let found = labels(&answer);
    for name in ["concat", "preact", "repeat"] {
        assert!(found.contains(&name), "{name} is not in {found:?}");
    }
    // A chain can start from a value, and not pass through one.
    assert!(!found.contains(&"layer4"), "{found:?}");
    let edit = "net x extends \"base.net\" {\n  after lay\n}\n";
    editor.change("dawnbench.net", edit);
    let answer = at(&mut editor, edit, "after lay");
    assert!(labels(&answer).contains(&"layer1.maxpool"), "{:?}", labels(&answer));
    let import = "import \"lib.net\": conv_bn, \n";
    editor.change("dawnbench.net", import);
    let answer = at(&mut editor, import, "conv_bn, ");
    assert!(labels(&answer).contains(&"residual"));
}

/// What is offered at the end of `mark` in a text.
fn offered(editor: &mut Editor, text: &str, mark: &str) -> Vec<String> {
    editor.open("typed.net", text);
    let answer = editor.ask_at("textDocument/completion", "typed.net", text, mark, json!({}));
    labels(&answer).into_iter().map(str::to_owned).collect()
}

#[test]
fn each_place_has_its_own_names() {
    let mut editor = Editor::start();
    let head = "import \"lib.net\": preact, conv_bn\n\nnet x(width = 64) {\n  input image: [N, 3, 32, 32]\n";
    let cases: &[(&str, &[&str], &[&str])] = &[
        ("  recipe { ep", &["epochs", "cutout", "accuracy"], &["conv", "width"]),
        ("  recipe {\n    epochs = 3\n    cu", &["cutout", "momentum"], &["conv", "epochs"]),
        ("  recipe { epochs = 3, optimiser = ", &["\"sgd\"", "\"muon\""], &["sgd", "momentum"]),
        ("  recipe { optimiser = \"", &["sgd", "adamw", "muon"], &["momentum"]),
        ("  recipe { flip = ", &["true", "false"], &["conv", "width"]),
        ("  recipe { epochs = ", &["width"], &["conv", "momentum"]),
        ("  prep: con", &["conv", "conv_bn", "preact", "image", "repeat"], &["width", "same"]),
        ("  im", &["image", "conv", "expect", "recipe", "let"], &["width", "after"]),
        ("  prep: conv(64) -> ", &["bn", "preact", "for"], &["image", "width", "expect"]),
        ("  prep: (relu -> ", &["bn", "preact"], &["image", "width"]),
        ("  prep: relu if width == 3 else ", &["bn", "preact"], &["image", "width"]),
        ("  prep: relu if ", &["width", "min"], &["relu", "image"]),
        ("  prep: relu ", &["if"], &["relu", "bn"]),
        ("  side = ", &["image"], &["relu", "width"]),
        ("  side = image -> ", &["relu", "preact"], &["image", "width"]),
        ("  let half = ", &["width", "floor"], &["relu", "image"]),
        ("  expect ", &["params", "macs", "width"], &["relu"]),
        ("  repeat ", &["width"], &["relu"]),
        ("  for i in ", &["width"], &["relu"]),
        ("  default ", &["bn", "conv"], &["preact", "width"]),
        ("  prep: conv(64, ", &["stride", "groups", "width"], &["repeat", "gamma", "relu"]),
        ("  prep: conv(64, stride = 2, ", &["k", "pad"], &["stride"]),
        ("  prep: conv(64, bias = ", &["true", "false"], &["stride"]),
        ("  prep: conv(64,\n    stride = 2,\n    ", &["k", "pad"], &["stride"]),
        ("  prep: preact(", &["c", "stride"], &["gamma", "bias"]),
        ("  prep: preact(4) -> add(", &["image"], &["relu", "stride"]),
        ("  prep: conv # con", &[], &["conv"]),
        ("  prep: conv(64) :: ", &[], &["conv", "width"]),
        ("  input other: [N, ", &[], &["conv", "width"]),
        ("  prep: conv(", &["k"], &["expect"]),
    ];
    for (line, offers, not) in cases {
        for ending in ["\n", "\n  output out: [N, 10]\n}\n"] {
            let text = format!("{head}{line}{ending}");
            let found = offered(&mut editor, &text, line);
            for name in *offers {
                assert!(
                    found.contains(&(*name).to_owned()),
                    "no {name} at `{line}{ending}`: {found:?}"
                );
            }
            for name in *not {
                assert!(!found.contains(&(*name).to_owned()), "{name} at `{line}{ending}`");
            }
        }
    }
}

#[test]
fn the_top_of_a_file_and_heads_have_their_words() {
    let mut editor = Editor::start();
    for (text, offers, not) in [
        ("im", &["import", "block", "net"][..], &["conv"][..]),
        ("import ", &["std", "\"lib.net\""], &["conv"]),
        ("import std: ", &["residual"], &["conv"]),
        ("import \"lib.net\": preact, ", &["residual"], &["preact", "conv"]),
        ("net x ", &["extends"], &["conv"]),
        ("block x(a: ", &["int", "one_of"], &["conv"]),
        ("block x(a, b: list(", &["int"], &["conv"]),
        ("block x(", &[], &["conv", "c"]),
        ("block x(c) {\n  add(", &["in"], &["c"]),
        ("block x(c) :: [N, C, H, W] -> [N, c, H, W] {\n  conv(", &["c", "C", "k"], &["in"]),
        ("block x {\n  relu\n}\n\n", &["block", "net"], &["relu"]),
        ("net x extends \"base.net\" {\n  ", &["after", "replace"], &[]),
        ("net x extends \"base.net\" {\n  after layer1: conv(", &["width", "k"], &[]),
    ] {
        let found = offered(&mut editor, text, text);
        for name in offers {
            assert!(found.contains(&(*name).to_owned()), "no {name} at `{text}`: {found:?}");
        }
        for name in not {
            assert!(!found.contains(&(*name).to_owned()), "{name} at `{text}`");
        }
    }
}

#[test]
fn a_block_is_imported_along_with_its_name() {
    let mut editor = Editor::start();
    editor.write("mine.net", "# Mine.\nblock own_part(c) {\n  conv(c)\n}\n");
    let head = "import \"lib.net\": preact\n\n";
    let net = "net x {\n  input image: [N, 3, 8, 8]\n  a: ";
    let end = "\n  output out: [N, 3, 8, 8]\n}\n";
    for (head, name, import) in [
        (head, "residual", "import \"lib.net\": preact, residual\n"),
        (head, "own_part", "import \"lib.net\": preact\nimport \"mine.net\": own_part\n\n"),
        (head, "separable", "import \"lib.net\": preact\nimport std: separable\n\n"),
        ("", "own_part", "import \"mine.net\": own_part\n\n"),
    ] {
        let text = format!("{head}{net}{end}");
        editor.open("typed.net", &text);
        let answer =
            editor.ask_at("textDocument/completion", "typed.net", &text, "  a: ", json!({}));
        let mut items = answer["result"].as_array().unwrap().iter();
        let item = items.find(|item| item["label"] == name).unwrap();
        let edits = item["additionalTextEdits"].as_array().unwrap();
        let call = if name == "residual" { name.to_owned() } else { format!("{name}(3)") };
        let new = edited(&text, edits).replace("  a: ", &format!("  a: {call}"));
        assert!(new.starts_with(import), "{new}");
        assert_eq!(
            editor.change("typed.net", &new).iter().filter(|p| p["severity"] == 1).count(),
            0,
            "{new}"
        );
    }
    // What is imported already comes without.
    let text = format!("{head}{net}{end}");
    editor.open("typed.net", &text);
    let answer = editor.ask_at("textDocument/completion", "typed.net", &text, "  a: ", json!({}));
    let found = answer["result"].as_array().unwrap();
    let known: Vec<_> = found.iter().filter(|item| item["label"] == "preact").collect();
    assert_eq!(known.len(), 1);
    assert!(known[0]["additionalTextEdits"].is_null());
}

#[test]
fn what_is_offered_is_explained() {
    let mut editor = Editor::start();
    let text = "import \"lib.net\": preact\n\nnet x {\n  input image: [N, 3, 8, 8]\n  a: relu -> ";
    editor.open("typed.net", text);
    let answer = editor.ask_at("textDocument/completion", "typed.net", text, text, json!({}));
    let about = |name: &str| {
        let mut items = answer["result"].as_array().unwrap().iter();
        let item = items.find(|item| item["label"] == name).unwrap();
        (
            item["detail"].as_str().unwrap().to_owned(),
            item["documentation"]["value"].as_str().unwrap().to_owned(),
        )
    };
    let (detail, doc) = about("conv");
    assert!(detail.starts_with("conv(c = same, k = 3"), "{detail}");
    assert!(doc.contains("- `k = 3`: a whole number from 1, or [height, width]"), "{doc}");
    let (detail, doc) = about("preact");
    assert_eq!(detail, "block preact(c, stride = 1)");
    assert!(doc.contains("Pre-activation: the shortcut leaves"), "{doc}");
}

#[test]
fn edits_complete_with_the_paths_of_the_parent() {
    let mut editor = Editor::start();
    for verb in ["after", "before", "replace", "remove"] {
        let text = format!("net x extends \"base.net\" {{\n  {verb} layer1.\n  expect true\n}}\n");
        let found = offered(&mut editor, &text, " layer1.");
        for path in ["prep", "layer2.conv_bn_1.conv", "layer1.maxpool", "head.linear"] {
            assert!(found.contains(&path.to_owned()), "{path} is not in {found:?}");
        }
        assert!(!found.contains(&"image".to_owned()));
    }
}

#[test]
fn files_and_what_they_hold_complete() {
    let mut editor = Editor::start();
    std::fs::create_dir(editor.path("parts")).unwrap();
    editor.write("parts/tail.net", "block tail {\n  relu\n}\n");
    let here = ["base.net", "dawnbench.net", "extra_l1.net", "lib.net"];
    assert_eq!(offered(&mut editor, "import \"\n", "import \""), here);
    assert_eq!(offered(&mut editor, "import \"parts/t\": x\n", "parts/t"), ["tail.net"]);
    assert_eq!(offered(&mut editor, "import \"parts/tail.net\": \n", ": "), ["tail"]);
    assert_eq!(offered(&mut editor, "net x extends \"ba {\n}\n", "\"ba"), here);
    let parent = "net x extends \"base.net\" (width = 32, \n";
    assert_eq!(offered(&mut editor, parent, "32, "), ["res", "extra", "scale"]);
    assert_eq!(offered(&mut editor, "import \"gone.net\": \n", ": "), [""; 0]);
}

#[test]
fn strings_complete_with_the_choices_of_their_parameter() {
    let mut editor = Editor::start();
    editor.write(
        "acts.net",
        "block act(kind: one_of(\"relu\", \"none\", 3), k = 3) {\n  relu if kind == \"relu\"\n}\n",
    );
    let parent = "net p(kind: one_of(\"big\", \"small\") = \"big\") {\n}\n";
    editor.write("p.net", parent);
    let head = "import \"acts.net\": act\n\nnet x {\n  input image: [N, 3, 8, 8]\n";
    let mut at =
        |line: &str| offered(&mut editor, &format!("{head}{line}\n  act(\"none\")\n}}\n"), line);
    assert_eq!(at("  a: act(k = 3, kind = \""), ["relu", "none"]);
    assert_eq!(at("  a: act(k = \""), [""; 0]);
    assert_eq!(at("  a: conv(\""), [""; 0]);
    let child = "net c extends \"p.net\" (kind = \"";
    assert_eq!(offered(&mut editor, child, child), ["big", "small"]);
}
