//! What helps to read a file and to find one's way: the help on signatures, the kinds of words,
//! what folds, what is selected, which names are the same, where things are.

use serde_json::{Value, json};

use crate::lsp_editor::{Editor, at};

fn help(editor: &mut Editor, text: &str, mark: &str) -> Option<(String, String)> {
    editor.open("typed.net", text);
    let answer = editor.ask_at("textDocument/signatureHelp", "typed.net", text, mark, json!({}));
    let result = &answer["result"];
    let label = result["signatures"][0]["label"].as_str()?.to_owned();
    let active = result["activeParameter"].as_u64().map(|active| {
        let place = &result["signatures"][0]["parameters"][active as usize]["label"];
        let ends = [0, 1].map(|i| place[i].as_u64().unwrap() as usize);
        label[ends[0]..ends[1]].to_owned()
    });
    Some((label, active.unwrap_or_default()))
}

#[test]
fn the_help_on_a_signature_follows_the_arguments() {
    let mut editor = Editor::start();
    let head = "import \"lib.net\": preact\nimport std: residual\n\nblock own(a, b: int(1..4) = 2) {\n  relu\n}\n\n\
                net x(width = 64) {\n  input image: [N, 3, 32, 32]\n";
    let mut at = |line: &str| {
        let (label, active) = help(&mut editor, &format!("{head}{line}\n}}\n"), line)?;
        Some(format!("{} {active}", label.split('(').next().unwrap()))
    };
    for (line, expected) in [
        ("  conv(", Some("conv c = same")),
        ("  conv(64, ", Some("conv k = 3")),
        ("  a: relu -> conv(64, stride = ", Some("conv stride = 1")),
        ("  conv(max(2, 3), ", Some("conv k = 3")),
        ("  preact(64, ", Some("preact stride = 1")),
        ("  own(1, ", Some("own b = 2")),
        ("  own(1, 2, ", Some("own ")),
        ("  add(", Some("add value, ...")),
        ("  conv(64,\n    stride = 2,\n    ", Some("conv k = 3")),
        ("  conv(64)", None),
        ("  (relu -> ", None),
        ("  conv(64 # (", None),
        ("  nothing(", None),
    ] {
        // An argument that was given by name does not count as the next.
        let expected = expected.map(str::to_owned);
        if line.contains('\n') {
            assert!(at(line).unwrap().starts_with("conv"), "{line}");
        } else {
            assert_eq!(at(line), expected, "{line}");
        }
    }
    let parent = "net x extends \"base.net\" (width = 3, ";
    assert!(help(&mut editor, parent, parent).unwrap().0.starts_with("base(width"), "{parent}");
    let declared = "block f(";
    assert_eq!(help(&mut editor, declared, declared), None);
}

/// Each word of a line with its kind.
fn kinds(editor: &mut Editor, text: &str) -> Vec<String> {
    editor.open("typed.net", text);
    let document = json!({ "textDocument": { "uri": editor.uri("typed.net") } });
    let answer = editor.ask("textDocument/semanticTokens/full", document);
    let names = [
        "keyword",
        "function",
        "parameter",
        "variable",
        "property",
        "type",
        "string",
        "number",
        "comment",
    ];
    let numbers: Vec<u64> =
        answer["result"]["data"].as_array().unwrap().iter().map(|n| n.as_u64().unwrap()).collect();
    let lines: Vec<Vec<u16>> = text.lines().map(|line| line.encode_utf16().collect()).collect();
    let (mut line, mut column) = (0, 0);
    let mut found = Vec::new();
    for token in numbers.chunks(5) {
        column = if token[0] == 0 { column + token[1] } else { token[1] };
        line += token[0];
        let word = &lines[line as usize][column as usize..(column + token[2]) as usize];
        let word = String::from_utf16(word).unwrap();
        found.push(format!("{word} {}{}", names[token[3] as usize], "!".repeat(token[4] as usize)));
    }
    found
}

#[test]
fn words_have_their_kinds_by_what_they_mean() {
    let mut editor = Editor::start();
    let text = "import \"lib.net\": preact  # \u{1F600} a\n\nnet x(width: int(1..9) = 8) {\n  \
                input image: [N, 3, 8, 8]\n  relu: preact(width, stride = 2) -> conv(5e-1, k = 3)\n  \
                relu -> relu if width has 2\n  recipe { optimiser = \"sgd\" }\n";
    let found = kinds(&mut editor, text);
    for expected in [
        "import keyword",
        "\"lib.net\" string",
        "preact function",
        "# \u{1F600} a comment",
        "width parameter!",
        "int type",
        "9 number",
        "image variable!",
        "relu variable!",
        "stride parameter",
        "conv function!!",
        "5e-1 number",
        "k property",
        "has keyword",
        "optimiser property",
    ] {
        assert!(found.contains(&expected.to_owned()), "{expected} is not in {found:#?}");
    }
    // The label, the value that a stage starts from, and the op.
    let relu: Vec<&String> = found.iter().filter(|word| word.starts_with("relu ")).collect();
    assert_eq!(relu.len(), 3, "{found:?}");
}

#[test]
fn brackets_comments_and_imports_fold() {
    let mut editor = Editor::start();
    let text = "# one\n# two\nimport \"a.net\": a\nimport \"b.net\": b\n\nblock x(c) {\n  # alone\n  conv(\n    c,\n  )\n  \
                repeat 2 {\n    relu\n  }\n  relu { # never closed\n";
    editor.open("typed.net", text);
    let document = json!({ "textDocument": { "uri": editor.uri("typed.net") } });
    let answer = editor.ask("textDocument/foldingRange", document);
    let fold = |f: &Value| {
        (
            f["startLine"].as_u64().unwrap(),
            f["endLine"].as_u64().unwrap(),
            f["kind"].as_str().map(str::to_owned),
        )
    };
    let found: Vec<_> = answer["result"].as_array().unwrap().iter().map(fold).collect();
    let kind = |kind: &str| Some(kind.to_owned());
    assert_eq!(
        found,
        [(0, 1, kind("comment")), (2, 3, kind("imports")), (7, 8, None), (10, 11, None)]
    );
}

#[test]
fn a_selection_grows_from_word_to_file() {
    let mut editor = Editor::start();
    let text = "net x {\n  input image: [N, 3, 8, 8]\n  a: relu -> conv(max(2, 4), k = 3)\n  output out: [N, 4, 8, 8]\n}\n";
    editor.open("typed.net", text);
    let params = json!({
        "textDocument": { "uri": editor.uri("typed.net") }, "positions": [at(2, 23), at(99, 0)],
    });
    let answer = editor.ask("textDocument/selectionRange", params);
    let results = answer["result"].as_array().unwrap();
    assert_eq!(results.len(), 2);
    let lines: Vec<&str> = text.lines().collect();
    let (mut selected, mut range) = (Vec::new(), &results[0]);
    while !range.is_null() {
        let (start, end) = (&range["range"]["start"], &range["range"]["end"]);
        let column = |p: &Value| p["character"].as_u64().unwrap() as usize;
        if start["line"] == end["line"] {
            selected
                .push(&lines[start["line"].as_u64().unwrap() as usize][column(start)..column(end)]);
        }
        range = &range["parent"];
    }
    let expected = [
        "2",
        "2, 4",
        "(2, 4)",
        "max(2, 4)",
        "max(2, 4), k = 3",
        "(max(2, 4), k = 3)",
        "conv(max(2, 4), k = 3)",
        "a: relu -> conv(max(2, 4), k = 3)",
    ];
    assert_eq!(selected, expected);
}

#[test]
fn the_mentions_of_a_name_are_marked() {
    let mut editor = Editor::start();
    let text = "net x {\n  input image: [N, 3, 8, 8]\n  a: relu\n  b: relu -> add(a)\n  output out: [N, 3, 8, 8]\n}\n";
    editor.open("typed.net", text);
    let mut marked = |mark: &str| {
        let answer =
            editor.ask_at("textDocument/documentHighlight", "typed.net", text, mark, json!({}));
        let marks = answer["result"].as_array().cloned().unwrap_or_default();
        marks.iter().map(|m| (m["range"]["start"].clone(), m["kind"].clone())).collect::<Vec<_>>()
    };
    assert_eq!(marked("\n  a"), [(at(2, 2), json!(3)), (at(3, 17), json!(2))]);
    assert_eq!(marked("b: rel"), [(at(2, 5), json!(2)), (at(3, 5), json!(2))]);
    assert_eq!(marked("outp"), []);
}

#[test]
fn blocks_and_nets_of_the_whole_project_are_found() {
    let mut editor = Editor::start_on_files();
    std::fs::create_dir_all(editor.path(".git")).unwrap();
    std::fs::create_dir_all(editor.path("deep/er")).unwrap();
    editor.write("deep/er/own.net", "block stem_block(c) {\n  conv(c)\n}\n");
    let text = editor.text("base.net");
    editor.open("base.net", &text);
    let mut found = |query: &str| {
        let answer = editor.ask("workspace/symbol", json!({ "query": query }));
        let symbols = answer["result"].as_array().unwrap().iter();
        symbols.map(|s| s["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(found("STEM"), ["stem_block"]);
    assert_eq!(found("cnvbn"), ["conv_bn"]);
    assert_eq!(found("no such thing"), [""; 0]);
    for name in ["base", "dawnbench", "residual", "stem_block"] {
        assert!(found("").contains(&name.to_owned()), "{name}");
    }
}

#[test]
fn a_code_leads_to_its_page() {
    let mut editor = Editor::start();
    let found = editor.open("x.net", "net x {\n  relu\n}\n");
    let page =
        found[0]["codeDescription"]["href"].as_str().unwrap().strip_prefix("file://").unwrap();
    let text = std::fs::read_to_string(page).unwrap();
    let code = found[0]["code"].as_str().unwrap();
    assert!(page.ends_with(&format!("/{code}.md")), "{page}");
    let code = netc::diag::Code::ALL.iter().find(|c| c.as_str() == code).unwrap();
    assert_eq!(text, code.page());
}
