//! What is offered at the cursor.

use serde_json::json;

use crate::lsp_editor::{Editor, labels};

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
    for name in ["concat", "preact", "avg", "layer4", "repeat"] {
        assert!(found.contains(&name), "{name} is not in {found:?}");
    }
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
        ("  recipe {\n    epochs = 3\n    cu", &["cutout", "epochs"], &["conv"]),
        ("  prep: con", &["conv", "conv_bn", "preact", "image", "width", "repeat"], &["residual"]),
        ("  prep: conv(64, ", &["stride", "groups", "width"], &["repeat", "gamma"]),
        ("  prep: conv(64, stride = 2, ", &["k", "pad"], &["stride"]),
        ("  prep: preact(", &["c", "stride"], &["gamma", "bias"]),
        ("  prep: conv # con", &[], &["conv"]),
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
