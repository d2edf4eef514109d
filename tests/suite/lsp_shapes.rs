//! Shapes of what is wrong, or is no net yet.

use serde_json::{Value, json};

use crate::lsp_editor::{Editor, at};

/// The text with the shapes that stand at the ends of its lines.
fn annotated(editor: &mut Editor, text: &str) -> Vec<String> {
    editor.open("typed.net", text);
    let range = json!({ "start": at(0, 0), "end": at(9999, 0) });
    let params = json!({ "textDocument": { "uri": editor.uri("typed.net") }, "range": range });
    let answer = editor.ask("textDocument/inlayHint", params);
    let hints = answer["result"].as_array().unwrap().iter();
    let lines: Vec<&str> = text.lines().collect();
    hints
        .map(|hint| {
            let line = lines[hint["position"]["line"].as_u64().unwrap() as usize].trim();
            format!("{line} {}", hint["label"].as_str().unwrap())
        })
        .collect()
}

fn hover(editor: &mut Editor, text: &str, mark: &str) -> String {
    editor.open("typed.net", text);
    let answer = editor.ask_at("textDocument/hover", "typed.net", text, mark, json!({}));
    answer["result"]["contents"]["value"].as_str().unwrap_or_default().to_owned()
}

const NET: &str = "net x {\n  input image: [N, 3, 8, 8]\n  a: conv(4)\n  side = a -> conv(2)\n  \
                   b: maxpool(2) -> relu\n  c: conv(16)\n  output out: [N, 16, 4, 4]\n}\n";

#[test]
fn all_shapes_stay_where_a_claim_alone_is_wrong() {
    let mut editor = Editor::start();
    let whole = annotated(&mut editor, NET);
    assert_eq!(whole.len(), 4);
    for (from, to) in [
        ("output out: [N, 16,", "output out: [N, 17,"),
        ("\n}", "\n  expect params == 1\n}"),
        ("\n}", "\n  expect params ==\n}"),
        ("\n}", "\n  recipe { epochs = 0 }\n}"),
        ("\n}", "\n  recipe { epochs = }\n}"),
    ] {
        let text = NET.replace(from, to);
        assert_eq!(annotated(&mut editor, &text), whole, "{text}");
        assert!(hover(&mut editor, &text, "c: con").contains("`c` :: `[N, 16, 4, 4]`"), "{text}");
    }
}

#[test]
fn shapes_are_shown_up_to_a_fault_and_for_what_does_not_depend_on_it() {
    let mut editor = Editor::start();
    let a = "a: conv(4) :: [N, 4, 8, 8]";
    let side = "side = a -> conv(2) :: [N, 2, 8, 8]";
    for fault in ["maxpol(2)", "maxpool(", "maxpool(k = )", "maxpool(99)", "(2)", "maxpool("] {
        let text = NET.replace("maxpool(2) -> relu", fault);
        assert_eq!(annotated(&mut editor, &text), [a, side], "{fault}");
        assert!(hover(&mut editor, &text, "a: con").contains("`a` :: `[N, 4, 8, 8]`"), "{fault}");
    }
    // An arrow too many leaves the rest as it is.
    assert_eq!(annotated(&mut editor, &NET.replace("(2) -> relu", "(2) ->")).len(), 4);
    // A branch that is wrong is on nobody else's way.
    let text = NET.replace("conv(2)", "conv(");
    let rest = [a, "b: maxpool(2) -> relu :: [N, 4, 4, 4]", "c: conv(16) :: [N, 16, 4, 4]"];
    assert_eq!(annotated(&mut editor, &text), rest);
    // What comes later starts from a value that is known.
    let text =
        NET.replace("maxpool(2) -> relu", "maxpool(").replace("c: conv(16)", "c: a -> conv(16)");
    assert_eq!(annotated(&mut editor, &text), [a, side, "c: a -> conv(16) :: [N, 16, 8, 8]"]);
    // A `}` is not there yet, of the block above or at the end.
    let text = format!("block half {{\n  maxpool(2)\n\n{NET}");
    assert_eq!(annotated(&mut editor, &text).len(), 5);
    let text = format!("block half {{\n  maxpool(2) # what\n\n\n{NET}");
    assert_eq!(annotated(&mut editor, &text).len(), 5);
    let text = NET.trim_end().trim_end_matches('}').replace("output", "# output");
    assert_eq!(annotated(&mut editor, &text).len(), 4);
}

#[test]
fn a_fault_in_a_block_stops_the_net_that_calls_it() {
    let mut editor = Editor::start();
    let text = "block two(c) {\n  conv(c) -> relu\n  conv(\n}\n\nnet x {\n  input image: [N, 3, 8, 8]\n  \
                a: conv(4)\n  b: two(5)\n  c: conv(6)\n  output out: [N, 6, 8, 8]\n}\n";
    let found = ["conv(c) -> relu :: [N, 5, 8, 8]", "a: conv(4) :: [N, 4, 8, 8]"];
    assert_eq!(annotated(&mut editor, text), found);
}

#[test]
fn blocks_alone_show_symbols() {
    let mut editor = Editor::start();
    let cases: &[(&str, &[&str])] = &[
        ("block a(c) {\n  conv(c) -> bn\n  maxpool(2)\n}", &["[N, c, H, W]", "[N, c, H/2, W/2]"]),
        (
            "block b(c = same, k = 3, stride = 1) {\n  conv(c, k = k, stride = stride)\n}",
            &["[N, c, H/stride, W/stride]"],
        ),
        ("block c {\n  conv -> relu\n  add(in)\n}", &["[N, C, H, W]", "[N, C, H, W]"]),
        // The sum needs as many channels as come in.
        ("block d(c = same) {\n  conv(c)\n  add(in)\n}", &["[N, C, H, W]", "[N, C, H, W]"]),
        (
            "block e(c) {\n  side = in -> conv(c)\n  concat(side)\n}",
            &["[N, c, H, W]", "[N, C + c, H, W]"],
        ),
        (
            "block f(c) {\n  conv(c // 4, k = 1)\n  conv(2*c, k = 3, pad = 0)\n}",
            &["[N, c/4, H, W]", "[N, 2*c, H - 2, W - 2]"],
        ),
        (
            "block g(classes) {\n  globalavgpool\n  flatten\n  linear(classes)\n}",
            &["[N, C, 1, 1]", "[N, C]", "[N, classes]"],
        ),
        ("block h {\n  flatten\n}", &["[N, C*H*W]"]),
        ("block i(f) {\n  linear(f)\n  relu\n}", &["[N, f]", "[N, f]"]),
        (
            "block j(c, stride = 1) :: [N, C, H, H] -> [N, c, H/stride, H/stride] {\n  \
             conv(c, stride = stride)\n}",
            &["[N, c, H/stride, H/stride]"],
        ),
        ("block k(act) {\n  conv(7)\n  act\n}", &["[N, 7, H, W]", "[N, 7, H, W]"]),
        // Of rounds whose number is not known only what holds for any.
        (
            "block l(c, stride = 1, n) {\n  conv(c, stride = stride)\n  repeat n - 1 {\n    relu\n  }\n  bn\n}",
            &[
                "[N, c, H/stride, W/stride]",
                "[N, c, H/stride, W/stride]",
                "[N, c, H/stride, W/stride]",
                "[N, c, H/stride, W/stride]",
            ],
        ),
        ("block m(g, n) {\n  conv(g)\n  repeat n {\n    concat(in)\n  }\n}", &["[N, g, H, W]"]),
        // Each block in terms of its own parameters, whichever stands first.
        (
            "block n(c) {\n  o(2*c)\n}\n\nblock o(c) {\n  conv(c)\n  maxpool(2)\n}",
            &["[N, 2*c, H/2, W/2]", "[N, c, H, W]", "[N, c, H/2, W/2]"],
        ),
        (
            "block p(c = same) {\n  conv(c) -> relu\n}\n\nblock q {\n  p -> p\n  add(in)\n}",
            &["[N, c, H, W]", "[N, C, H, W]", "[N, C, H, W]"],
        ),
        (
            "block r(a, b) {\n  s(a // 8)\n  s(b // 8)\n}\n\nblock s(c) {\n  conv(c)\n}",
            &["[N, a/8, H, W]", "[N, b/8, H, W]", "[N, c, H, W]"],
        ),
        ("block m(size: one_of(2, 4)) {\n  maxpool(size)\n}", &["[N, C, H/2, W/2]"]),
    ];
    for (text, shapes) in cases {
        let found = annotated(&mut editor, &format!("{text}\n"));
        let found: Vec<&str> = found.iter().map(|f| f.split_once(" :: ").unwrap().1).collect();
        assert_eq!(found, *shapes, "{text}");
    }
}

#[test]
fn hover_in_a_block_alone_says_what_goes_in_and_comes_out() {
    let mut editor = Editor::start();
    let lib = editor.text("lib.net");
    let conv = hover(&mut editor, &lib, "{\n  con");
    assert!(conv.contains("`[N, C, H, W] -> [N, c, H/stride, W/stride]`"), "{conv}");
    let relu = hover(&mut editor, &lib, "bn -> re");
    assert!(relu.contains("`[N, c, H/stride, W/stride] -> [N, c, H/stride, W/stride]`"), "{relu}");
    let block = hover(&mut editor, &lib, "block prea");
    assert!(block.contains("`[N, C, H, W] -> [N, c, H/stride, W/stride]`"), "{block}");
    let inner = hover(&mut editor, &lib, "residual {\n  conv_");
    assert!(
        inner.contains("block conv_bn(") && inner.contains("`[N, C, H, W] -> [N, C, H, W]`"),
        "{inner}"
    );
    let label = hover(&mut editor, &lib, "add(sho");
    assert!(label.contains("[N, c, H/stride, W/stride]"), "{label}");
}

/// A block that is called shows what it is called with.
#[test]
fn a_block_that_is_called_shows_numbers() {
    let mut editor = Editor::start();
    let text =
        format!("block two(c) {{\n  conv(c)\n}}\n\nblock three(c) {{\n  conv(c)\n}}\n\n{NET}");
    let text = text.replace("a: conv(4)", "a: two(4)");
    let found = annotated(&mut editor, &text);
    assert_eq!(found[..2], ["conv(c) :: [N, 4, 8, 8]", "conv(c) :: [N, c, H, W]"]);
}

#[test]
fn what_an_argument_and_a_key_mean_is_said() {
    let mut editor = Editor::start();
    let text = "block f(c, much = 2) {\n  conv(c)\n}\n\nnet x {\n  input image: [N, 3, 8, 8]\n  \
                f(4, much = 3) -> conv(4, stride = 1)\n  output out: [N, 4, 8, 8]\n  \
                recipe { momentum = 0.5 }\n}\n";
    let stride = hover(&mut editor, text, "conv(4, str");
    assert!(stride.contains("stride = 1") && stride.contains("a whole number from 1"), "{stride}");
    let much = hover(&mut editor, text, "f(4, mu");
    assert!(much.contains("much = 2"), "{much}");
    let momentum = hover(&mut editor, text, "momen");
    assert!(momentum.contains("SGD: momentum.") && momentum.contains("from 0 to 1"), "{momentum}");
    assert_eq!(hover(&mut editor, text, "output"), "");
}

#[test]
fn shapes_come_back_as_the_text_is_mended() {
    let mut editor = Editor::start();
    editor.open("typed.net", NET);
    let range = json!({ "start": at(0, 0), "end": at(9999, 0) });
    let params = json!({ "textDocument": { "uri": editor.uri("typed.net") }, "range": range });
    let count = |editor: &mut Editor| {
        let answer = editor.ask("textDocument/inlayHint", params.clone());
        answer["result"].as_array().map(Vec::len)
    };
    assert_eq!(count(&mut editor), Some(4));
    editor.edit("typed.net", &[([4, 12, 4, 13], "")]);
    assert_eq!(count(&mut editor), Some(2));
    editor.edit("typed.net", &[([4, 12, 4, 12], "(")]);
    assert_eq!(count(&mut editor), Some(4));
    assert_eq!(count(&mut editor).map(Value::from), Some(json!(4)));
}
