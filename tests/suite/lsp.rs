//! The language server, driven over its protocol as an editor does.

use serde_json::{Value, json};

use crate::lsp_editor::{Editor, at, labels};

#[test]
fn problems_follow_the_typing() {
    let mut editor = Editor::start();
    let text = editor.text("dawnbench.net");
    assert_eq!(editor.open("dawnbench.net", &text), Vec::<Value>::new());
    let wrong = text.replace("linear(10)", "linear(11)");
    let found = editor.change("dawnbench.net", &wrong);
    assert_eq!(found[0]["severity"], 1);
    assert_eq!(found[0]["code"], "signature");
    let half = text.replace("-> linear(10)", "-> linear(");
    assert_eq!(editor.change("dawnbench.net", &half)[0]["code"], "syntax");
    assert_eq!(editor.change("dawnbench.net", &text), Vec::<Value>::new());
}

#[test]
fn an_open_import_counts_as_typed() {
    let mut editor = Editor::start();
    let (net, lib) = (editor.text("dawnbench.net"), editor.text("lib.net"));
    assert!(editor.open("dawnbench.net", &net).is_empty());
    let found = {
        editor.open("lib.net", &lib.replace("block preact(", "block pract("));
        editor.change("dawnbench.net", &net)
    };
    assert_eq!(found[0]["code"], "unknown-name");
}

#[test]
fn a_file_that_changes_on_disk_counts_at_once() {
    let mut editor = Editor::start();
    let net = editor.text("dawnbench.net");
    assert!(editor.open("dawnbench.net", &net).is_empty());
    editor.write("lib.net", &editor.text("lib.net").replace("block preact(", "block pract("));
    let changed = json!({ "changes": [{ "uri": editor.uri("lib.net"), "type": 2 }] });
    editor.tell("workspace/didChangeWatchedFiles", changed);
    assert_eq!(editor.problems("dawnbench.net")[0]["code"], "unknown-name");
}

#[test]
fn columns_are_utf16() {
    let mut editor = Editor::start();
    let text = "import \"\u{1F600}.net\": a, b\n";
    let found = editor.open("new.net", text);
    let unread = found.iter().find(|problem| problem["code"] == "unreadable").unwrap();
    assert_eq!(unread["range"]["start"], json!({ "line": 0, "character": 7 }));
    assert_eq!(unread["range"]["end"], json!({ "line": 0, "character": 15 }));
}

#[test]
fn hover_says_what_a_name_is_and_costs() {
    let mut editor = Editor::start();
    let text = editor.text("dawnbench.net");
    editor.open("dawnbench.net", &text);
    let mut hover = |mark: &str| {
        let answer = editor.ask_at("textDocument/hover", "dawnbench.net", &text, mark, json!({}));
        answer["result"]["contents"]["value"].as_str().unwrap_or_default().to_owned()
    };
    let block = hover("layer2: pre");
    assert!(block.contains("block preact(c, stride = 1)"), "{block}");
    assert!(block.contains("Pre-activation: the shortcut leaves"), "{block}");
    assert!(block.contains("[N, 128, 16, 16]"), "{block}");
    let op = hover("prep:   con");
    assert!(op.contains("conv(c = same, k = 3") && op.contains("1769472 MACs"), "{op}");
    // Its reference without the example, whose place is taken by what the call costs here.
    let reference = op.contains("- `groups`: a whole number from 1; default: `1`\n");
    assert!(reference && op.contains("\nShape: `[N, C, H, W]`"), "{op}");
    assert!(!op.contains("Example"), "{op}");
    let label = hover("layer");
    assert!(label.contains("`layer1` :: `[N, 64, 32, 32]`"), "{label}");
    let param = hover("dawnbench(wid");
    assert!(param.contains("width = 64") && param.contains("here `64`"), "{param}");
}

#[test]
fn a_file_is_formatted_outlined_and_annotated() {
    let mut editor = Editor::start();
    let text = editor.text("dawnbench.net");
    editor.open("dawnbench.net", &text.replace("prep:   conv", "prep:      conv"));
    let document = json!({ "uri": editor.uri("dawnbench.net") });
    let options = json!({ "tabSize": 2, "insertSpaces": true });
    let answer = editor
        .ask("textDocument/formatting", json!({ "textDocument": document, "options": options }));
    assert_eq!(answer["result"][0]["newText"], json!(text));
    let answer = editor.ask("textDocument/documentSymbol", json!({ "textDocument": document }));
    assert_eq!(answer["result"][0]["name"], "dawnbench");
    let range =
        json!({ "start": { "line": 0, "character": 0 }, "end": { "line": 99, "character": 0 } });
    let answer =
        editor.ask("textDocument/inlayHint", json!({ "textDocument": document, "range": range }));
    assert_eq!(
        labels(&answer)[..3],
        [":: [N, 64, 32, 32]", ":: [N, 64, 32, 32]", ":: [N, 128, 16, 16]"]
    );
    let params =
        json!({ "textDocument": document, "range": range, "context": { "diagnostics": [] } });
    assert!(editor.ask("textDocument/codeAction", params)["result"].is_array());
}

/// What is said about the place right after the first `mark`.
fn hover(editor: &mut Editor, name: &str, text: &str, mark: &str) -> String {
    let answer = editor.ask_at("textDocument/hover", name, text, mark, json!({}));
    answer["result"]["contents"]["value"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn hover_is_about_the_position_and_not_about_names_that_read_alike() {
    let mut editor = Editor::start();
    let text = "block inner(c) {\n  pre: conv(c) -> relu\n  conv(c)\n}\n\nnet x {\n  input image: [N, 3, 8, 8]\n  \
                pre: conv(4)\n  body: inner(6) -> inner(8)\n  rounds: repeat 2 {\n    conv(8)\n  }\n  \
                output out: [N, 8, 8, 8]\n}\n";
    editor.open("x.net", text);
    let places = |about: String| -> Vec<String> {
        let lines = about.lines().filter(|line| line.contains(" :: "));
        let lines = lines.filter_map(|line| line.strip_prefix("- `"));
        lines.map(|line| line.split_once("`, ").unwrap().0.replace('`', "")).collect()
    };
    let mut at = |mark: &str| places(hover(&mut editor, "x.net", text, mark));
    assert_eq!(at("8]\n  pre"), ["pre :: [N, 4, 8, 8]"]);
    assert_eq!(
        at("{\n  pr"),
        ["body.inner_1.pre :: [N, 6, 8, 8]", "body.inner_2.pre :: [N, 8, 8, 8]"]
    );
    // The whole call, though a label inside it gives its nodes a part of their own.
    assert_eq!(at("body: inn"), ["body.inner_1 :: [N, 6, 8, 8]"]);
    assert_eq!(at("  body"), ["body :: [N, 8, 8, 8]"]);
    assert_eq!(
        at("  pre: con"),
        ["body.inner_1.pre.conv :: [N, 6, 8, 8]", "body.inner_2.pre.conv :: [N, 8, 8, 8]"]
    );
    assert_eq!(
        at("repeat 2 {\n    con"),
        ["rounds.0.conv :: [N, 8, 8, 8]", "rounds.1.conv :: [N, 8, 8, 8]"]
    );
    assert_eq!(at("  roun"), ["rounds :: [N, 8, 8, 8]"]);
    assert_eq!(at("input im"), ["image :: [N, 3, 8, 8]"]);
}

#[test]
fn shapes_stand_in_blocks_where_all_calls_agree() {
    let mut editor = Editor::start();
    let text = "block head(c) {\n  conv(8)\n  conv(c)\n  side = in -> conv(2)\n}\n\nnet x {\n  input image: [N, 3, 8, 8]\n  \
                head(4)\n  body: head(6)\n  repeat 2 {\n    relu\n    maxpool(2)\n  }\n  output out: [N, 6, 2, 2]\n}\n";
    editor.open("x.net", text);
    let range = json!({ "start": at(0, 0), "end": at(99, 0) });
    let params = json!({ "textDocument": { "uri": editor.uri("x.net") }, "range": range });
    let answer = editor.ask("textDocument/inlayHint", params);
    let hints = answer["result"].as_array().unwrap().iter();
    let found: Vec<(u64, &str)> = hints
        .map(|h| (h["position"]["line"].as_u64().unwrap(), h["label"].as_str().unwrap()))
        .collect();
    let expected = [
        (1, ":: [N, 8, 8, 8]"),
        (3, ":: [N, 2, 8, 8]"),
        (8, ":: [N, 4, 8, 8]"),
        (9, ":: [N, 6, 8, 8]"),
        (13, ":: [N, 6, 2, 2]"),
    ];
    assert_eq!(found, expected);
}

#[test]
fn edits_show_what_they_put_in_place() {
    let mut editor = Editor::start();
    let text = "net x extends \"base.net\" (res = [1]) {\n  after layer1.residual.conv_bn_1: bn -> conv(64) -> conv(128)\n  \
                replace layer2.maxpool: avgpool(2)\n  remove layer3.conv_bn_1.relu\n}\n";
    assert!(editor.open("x.net", text).is_empty());
    let inserted = hover(&mut editor, "x.net", text, "bn -> con");
    assert!(
        inserted.contains("- `layer1.residual.conv_bn_1.after.conv_1` :: `[N, 64, 16, 16]`, 73728"),
        "{inserted}"
    );
    let replaced = hover(&mut editor, "x.net", text, "maxpool: avg");
    assert!(replaced.contains("- `layer2.maxpool` :: `[N, 256, 8, 8]`"), "{replaced}");
    let named = hover(&mut editor, "x.net", text, "replace lay");
    assert!(named.contains("- `layer2` :: `[N, 256, 8, 8]`"), "{named}");
    let range = json!({ "start": at(0, 0), "end": at(99, 0) });
    let params = json!({ "textDocument": { "uri": editor.uri("x.net") }, "range": range });
    let answer = editor.ask("textDocument/inlayHint", params);
    assert_eq!(labels(&answer), [":: [N, 128, 16, 16]", ":: [N, 256, 8, 8]"]);
}

#[test]
fn parts_of_a_text_change_by_utf16_columns() {
    let mut editor = Editor::start();
    let text = "net x {\r\n  input image: [N, 3, 8, 8] # \u{1F600}\u{e9}!\r\n  conv(4)\r\n  output out: [N, 4, 8, 8]\r\n}\r\n";
    assert!(editor.open("x.net", text).is_empty());
    // The second edit counts on the first; the comment's `!` gives way to a line.
    let found = editor.edit("x.net", &[([2, 7, 2, 8], "5"), ([1, 33, 1, 34], "\n  bn\r")]);
    assert_eq!(found[0]["code"], "signature");
    let found = editor.edit("x.net", &[([4, 18, 4, 19], "5"), ([1, 30, 1, 30], "")]);
    assert_eq!(found, Vec::<Value>::new());
    let options = json!({ "tabSize": 2, "insertSpaces": true });
    let document = json!({ "uri": editor.uri("x.net") });
    let answer = editor
        .ask("textDocument/formatting", json!({ "textDocument": document, "options": options }));
    let expected = "net x {\n  input image: [N, 3, 8, 8]  # \u{1F600}\u{e9}\n  bn\n  conv(5)\n  output out: [N, 5, 8, 8]\n}\n";
    assert_eq!(answer["result"][0]["newText"], json!(expected));
    // Beyond the end of a line or of the text means that end.
    assert!(!editor.edit("x.net", &[([0, 99, 0, 99], "{"), ([99, 0, 99, 9], "}")]).is_empty());
    let found = editor.edit("x.net", &[([0, 7, 0, 8], ""), ([6, 0, 6, 9], "")]);
    assert_eq!(found, Vec::<Value>::new());
}

#[test]
fn formatting_leaves_alone_what_is_canonical_or_broken() {
    let mut editor = Editor::start();
    let text = editor.text("base.net");
    let options = json!({ "tabSize": 2, "insertSpaces": true });
    let mut format = |text: &str| {
        editor.open("base.net", text);
        let document = json!({ "uri": editor.uri("base.net") });
        editor
            .ask("textDocument/formatting", json!({ "textDocument": document, "options": options }))
            ["result"]
            .clone()
    };
    assert_eq!(format(&text), json!([]));
    assert_eq!(format(&text.replace("prep:   conv", "prep: -> conv")), Value::Null);
}

#[test]
fn places_that_are_nowhere_have_no_answer() {
    let mut editor = Editor::start();
    let text = "net x {\n  input i\u{1F600}";
    editor.open("x.net", text);
    for (line, column) in [(0, 0), (0, 500), (1, 10), (1, 11), (2, 0), (u32::MAX, u32::MAX)] {
        for uri in [editor.uri("x.net"), editor.uri("gone.net"), "untitled:x".to_owned()] {
            for method in [
                "hover",
                "definition",
                "references",
                "completion",
                "rename",
                "signatureHelp",
                "documentHighlight",
                "selectionRange",
            ] {
                let params = json!({
                    "textDocument": { "uri": uri }, "position": at(line, column),
                    "positions": [at(line, column)],
                    "newName": "y", "context": { "includeDeclaration": true },
                });
                let answer = editor.ask(&format!("textDocument/{method}"), params);
                assert_ne!(answer["error"]["code"], -32603, "{method} at {line}:{column} of {uri}");
            }
        }
    }
}

#[test]
fn the_server_ends_as_the_protocol_says() {
    let mut editor = Editor::start();
    assert_eq!(editor.ask("textDocument/moniker", json!({}))["error"]["code"], -32601);
    assert_eq!(editor.ask("textDocument/hover", json!({ "wrong": 1 }))["error"]["code"], -32602);
    assert!(editor.ask("shutdown", json!(null))["error"].is_null());
    editor.tell("exit", json!(null));
    assert!(editor.child.wait().unwrap().success());
}

#[test]
fn no_half_written_text_makes_a_request_fail() {
    let mut editor = Editor::start();
    let base = editor.text("base.net").replace("width", "w\u{e9}\u{1F600}");
    let edits = "net x extends \"base.net\" (res = [1]) {\n  after layer1.residual.conv_bn_1.bn: conv(4, k = 1)\n  \
                 replace head.maxpool.: \n  remove rep.1.\n}\n";
    editor.open("typed.net", "");
    for text in [editor.text("dawnbench.net").as_str(), &base, edits] {
        for end in (0..=text.len()).filter(|end| text.is_char_boundary(*end)).step_by(29) {
            let (before, after) = text.split_at(end);
            let cut_out = after.split_once('\n').map_or("", |(_, rest)| rest);
            for typed in [before.to_owned(), format!("{before}\n{cut_out}")] {
                editor.change("typed.net", &typed);
                let more = json!({
                    "newName": "y", "context": { "includeDeclaration": true, "diagnostics": [] },
                    "range": { "start": at(0, 0), "end": at(99, 0) },
                    "positions": [at(0, 0), at(5, 3), at(99, 99)],
                });
                for method in [
                    "hover",
                    "definition",
                    "references",
                    "completion",
                    "rename",
                    "inlayHint",
                    "codeAction",
                    "documentSymbol",
                    "signatureHelp",
                    "documentHighlight",
                    "foldingRange",
                    "selectionRange",
                    "semanticTokens/full",
                ] {
                    let method = format!("textDocument/{method}");
                    let answer = editor.ask_at(&method, "typed.net", &typed, before, more.clone());
                    assert_ne!(answer["error"]["code"], -32603, "{method} after {before}");
                }
            }
        }
    }
}
