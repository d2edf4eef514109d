//! The repairs that an editor offers: each, carried out, makes its problem go away.

use serde_json::{Value, json};

use crate::lsp_editor::{Editor, edited};

fn errors(problems: &[Value]) -> Vec<&str> {
    let errors = problems.iter().filter(|p| p["severity"] == 1);
    errors.map(|p| p["message"].as_str().unwrap()).collect()
}

/// Carries out the first repair that is preferred, as long as one is, in an open file. Returns the
/// titles.
fn repaired(editor: &mut Editor, name: &str, text: &str) -> Vec<String> {
    let (mut text, mut titles) = (text.to_owned(), Vec::new());
    let mut problems = editor.open(name, &text);
    assert!(!problems.is_empty(), "{name} is sound already");
    while let Some(action) = editor.actions(name).iter().find(|a| a["isPreferred"] == true) {
        assert_eq!(action["kind"], "quickfix");
        assert!(problems.contains(&action["diagnostics"][0]), "{name}: {action}");
        titles.push(action["title"].as_str().unwrap().to_owned());
        text = edited(&text, action["edit"]["changes"][editor.uri(name)].as_array().unwrap());
        problems = editor.change(name, &text);
        assert!(titles.len() < 60, "{name} never ends: {titles:?}");
    }
    assert_eq!(errors(&problems), [""; 0], "{name} after {titles:?}:\n{text}");
    editor.write(name, &text);
    assert!(!editor.check(name).contains('×'), "{text}");
    titles
}

#[test]
fn the_repairs_make_each_case_sound() {
    let mut editor = Editor::start();
    let cases = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/fix");
    let mut seen = 0;
    for case in std::fs::read_dir(cases).unwrap() {
        let path = case.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let titles = repaired(&mut editor, path.file_name().unwrap().to_str().unwrap(), &text);
        assert!(!titles.is_empty());
        seen += 1;
    }
    assert!(seen >= 4);
}

#[test]
fn slips_of_the_syntax_and_misspelt_files_are_repaired() {
    let mut editor = Editor::start();
    let text = "import \"libb.net\": conv_bn\n\nnet x {\n  inptu image: [N, 3, 8, 8] # \u{1F600}\n  \
                conv_bn(4, k: 3) bn\n  output out: [N, 4, 8, 8]\n}\n";
    let mut titles = repaired(&mut editor, "slips.net", text);
    titles.sort();
    let expected = [
        "insert `->` before `bn`",
        "replace `:` by `=`",
        "replace `inptu` by `input`",
        "write `\"lib.net\"`",
    ];
    assert_eq!(titles, expected);
    assert!(editor.text("slips.net").contains("conv_bn(4, k = 3) -> bn\n"));
}

#[test]
fn a_brace_moves_up_to_what_it_opens() {
    let mut editor = Editor::start();
    let text = "block a(c) # note\n\n{\n  conv(c)\n}\n\nblock b\n{ relu }\n";
    let titles = repaired(&mut editor, "braces.net", text);
    assert_eq!(titles, ["move `{` up to what it opens"; 2]);
    assert_eq!(
        editor.text("braces.net"),
        "block a(c) { # note\n\n\n  conv(c)\n}\n\nblock b {\n relu }\n"
    );
}

#[test]
fn repairs_are_those_of_the_range_asked_for() {
    let mut editor = Editor::start();
    let text = "net x(width = 4) {\n  input image: [N, 3, 8, 8]\n  a: conv(widht)\n  b: cnv(4)\n  \
                output out: [N, 4, 8, 8]\n}\n";
    assert_eq!(editor.open("two.net", text).len(), 2);
    assert_eq!(editor.actions("two.net").len(), 2);
    let place = json!({ "line": 3, "character": 6 });
    let document = json!({ "uri": editor.uri("two.net") });
    let range = json!({ "start": place, "end": place });
    let params =
        json!({ "textDocument": document, "range": range, "context": { "diagnostics": [] } });
    let answer = editor.ask("textDocument/codeAction", params);
    let titles: Vec<&str> =
        answer["result"].as_array().unwrap().iter().map(|a| a["title"].as_str().unwrap()).collect();
    assert_eq!(titles, ["write `conv`"]);
}

#[test]
fn problems_say_where_else_to_look() {
    let mut editor = Editor::start();
    let lib = "block down(c) {\n  conv(c, stride = 2)\n  add(in)\n}\n";
    editor.write("down.net", lib);
    let net = "import \"down.net\": down\n\nnet x {\n  input image: [N, 4, 8, 8]\n  body: down(4)\n  \
               output out: [N, 4, 4, 4]\n}\n";
    editor.open("x.net", net);
    let found = editor.open("down.net", lib);
    assert_eq!(found[0]["code"], "shape");
    let related = found[0]["relatedInformation"].as_array().unwrap();
    let call = related.iter().find(|r| r["message"] == "in block down(c = 4)").unwrap();
    assert_eq!(call["location"]["uri"], json!(editor.uri("x.net")));
    assert_eq!(call["location"]["range"]["start"], json!({ "line": 4, "character": 8 }));
}
