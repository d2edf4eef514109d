//! Where names lead, and other names for them.

use serde_json::{Value, json};

use crate::lsp_editor::{Editor, at};

#[test]
fn definitions_and_references_cross_files() {
    let mut editor = Editor::start();
    let (net, lib) = (editor.text("dawnbench.net"), editor.text("lib.net"));
    editor.open("dawnbench.net", &net);
    let answer =
        editor.ask_at("textDocument/definition", "dawnbench.net", &net, "layer1: pre", json!({}));
    assert_eq!(answer["result"]["uri"], json!(editor.uri("lib.net")));
    let line = lib[..lib.find("block preact(").unwrap()].matches('\n').count();
    assert_eq!(answer["result"]["range"]["start"], json!({ "line": line, "character": 6 }));
    editor.open("lib.net", &lib);
    let with = json!({ "context": { "includeDeclaration": true } });
    let answer = editor.ask_at("textDocument/references", "lib.net", &lib, "block preact", with);
    // The definition, the import and eight calls.
    assert_eq!(answer["result"].as_array().unwrap().len(), 10);
}

#[test]
fn rename_reaches_the_importers_and_refuses_clashes() {
    let mut editor = Editor::start();
    let lib = editor.text("lib.net");
    editor.open("lib.net", &lib);
    let mut rename = |to: &str| {
        let name = json!({ "newName": to });
        editor.ask_at("textDocument/rename", "lib.net", &lib, "block preact", name)
    };
    for taken in ["net", "conv", "conv_bn", "a b"] {
        assert!(rename(taken)["error"]["message"].as_str().unwrap().contains(taken));
    }
    let answer = rename("pre_act");
    let changes = answer["result"]["changes"].as_object().unwrap();
    assert_eq!(changes.len(), 2);
    assert_eq!(changes[&editor.uri("lib.net")].as_array().unwrap().len(), 1);
    assert_eq!(changes[&editor.uri("dawnbench.net")].as_array().unwrap().len(), 9);
}

#[test]
fn definitions_of_all_kinds() {
    let mut editor = Editor::start();
    let (base, lib) = (editor.text("base.net"), editor.text("lib.net"));
    editor.open("base.net", &base);
    let mut definition = |mark: &str| {
        let answer = editor.ask_at("textDocument/definition", "base.net", &base, mark, json!({}));
        let result = &answer["result"];
        let file =
            result["uri"].as_str().unwrap_or_default().rsplit('/').next().unwrap().to_owned();
        (file, result["range"]["start"].clone())
    };
    let place = |text: &str, mark: &str| {
        let before = &text[..text.find(mark).unwrap()];
        let column = before.rsplit('\n').next().unwrap().len();
        at(before.matches('\n').count() as u32, column as u32)
    };
    assert_eq!(definition("import \"li"), ("lib.net".into(), at(0, 0)));
    let residual = ("lib.net".into(), place(&lib, "residual {"));
    assert_eq!(definition("conv_bn, resid"), residual);
    assert_eq!(definition("\n    resid"), residual);
    assert_eq!(definition("layer2: sta"), ("base.net".into(), place(&base, "stage(i, c)")));
    assert_eq!(definition("conv_bn(wid"), ("base.net".into(), place(&base, "width: int")));
    assert_eq!(definition("if res has i"), ("base.net".into(), place(&base, "i, c)")));
    // An op has no text that defines it.
    assert_eq!(definition("-> maxp"), (String::new(), Value::Null));
}

#[test]
fn a_block_that_comes_with_netc_is_explained_and_keeps_its_name() {
    let mut editor = Editor::start();
    let net = "import std: residual\n\nnet x {\n  input image: [N, 3, 8, 8]\n  residual -> residual\n  \
               output out: [N, 3, 8, 8]\n}\n";
    editor.open("own.net", net);
    let mut ask = |method: &str, mark: &str, more: Value| {
        editor.ask_at(method, "own.net", net, mark, more)["result"].clone()
    };
    let hover = ask("textDocument/hover", "  resid", json!({}));
    assert!(hover["contents"]["value"].as_str().unwrap().contains("x + f(x)"), "{hover}");
    assert_eq!(ask("textDocument/definition", "  resid", json!({})), Value::Null);
    assert_eq!(ask("textDocument/definition", "import st", json!({})), Value::Null);
    assert_eq!(ask("textDocument/prepareRename", "  resid", json!({})), Value::Null);
    assert_eq!(ask("textDocument/rename", "  resid", json!({ "newName": "y" })), Value::Null);
    let with = json!({ "context": { "includeDeclaration": true } });
    assert_eq!(ask("textDocument/references", "  resid", with).as_array().unwrap().len(), 3);
}

#[test]
fn an_edit_leads_to_what_it_names() {
    let mut editor = Editor::start();
    let (base, lib) = (editor.text("base.net"), editor.text("lib.net"));
    let child = "net x extends \"base.net\" (res = [1], width = 16) {\n  \
                 after layer1.residual.conv_bn_2: bn\n}\n";
    assert_eq!(editor.open("child.net", child), Vec::<Value>::new());
    let mut definition = |mark: &str| {
        let answer = editor.ask_at("textDocument/definition", "child.net", child, mark, json!({}));
        let line = answer["result"]["range"]["start"]["line"].as_u64().unwrap() as usize;
        let uri = answer["result"]["uri"].as_str().unwrap();
        let text = if uri.ends_with("base.net") { &base } else { &lib };
        text.lines().nth(line).unwrap().to_owned()
    };
    assert!(definition("after lay").starts_with("  layer1: stage"));
    assert!(definition("after layer1.res").starts_with("block residual"));
    assert!(definition("after layer1.residual.conv").starts_with("block conv_bn"));
    assert!(definition("(res = [1], wid").starts_with("  width: int"));
}

/// Renames and carries it out.
fn renamed(editor: &mut Editor, name: &str, mark: &str, to: &str) -> Result<(), String> {
    let text = editor.text(name);
    editor.open(name, &text);
    let answer = editor.ask_at("textDocument/rename", name, &text, mark, json!({ "newName": to }));
    match answer["error"]["message"].as_str() {
        Some(error) => Err(error.to_owned()),
        None => {
            editor.carry_out(&answer["result"]);
            Ok(())
        }
    }
}

const PARENT: &str = r#"import "blocks.net": pair

net parent(width = 8) {
  block inner(c) {
    first: conv(c) -> relu
    second = first -> conv(c, k = 1)
    add(second)
  }

  input image: [N, 3, 8, 8]
  stem: conv(width) -> relu
  body: repeat 2 {
    pair
    tail: inner(width)
  }
  side = stem.conv -> pair
  add(side) -> add(body.0.pair.conv_1)
  pair -> pair
  output out: [N, 8, 8, 8]
}
"#;
const CHILD: &str = r#"net child extends "parent.net" (width = 8) {
  after stem.conv: bn # 😀
  before body.1.tail.first.conv: bn
  replace body.0.pair.conv_2: conv(k = 1)
  remove pair_2.relu
}
"#;

fn family() -> Editor {
    let editor = Editor::start();
    editor.write("blocks.net", "block pair {\n  conv -> relu -> conv\n}\n");
    editor.write("parent.net", PARENT);
    editor.write("child.net", CHILD);
    assert_eq!(
        (editor.check("parent.net"), editor.check("child.net")),
        (String::new(), String::new())
    );
    editor
}

#[test]
fn rename_reaches_into_dotted_paths() {
    for (file, mark, to, parent, child) in [
        ("parent.net", "\n  ste", "trunk", "side = trunk.conv -> pair", "after trunk.conv: bn"),
        (
            "parent.net",
            "\n  bod",
            "trunk",
            "add(trunk.0.pair.conv_1)",
            "before trunk.1.tail.first.conv",
        ),
        ("parent.net", "    tai", "last", "    last: inner", "before body.1.last.first.conv"),
        ("parent.net", "    firs", "lead", "second = lead ->", "before body.1.tail.lead.conv"),
        ("blocks.net", "block pai", "twin", "add(body.0.twin.conv_1)", "remove twin_2.relu"),
        ("child.net", "after ste", "trunk", "side = trunk.conv -> pair", "after trunk.conv: bn"),
        (
            "child.net",
            "remove pai",
            "twin",
            "import \"blocks.net\": twin",
            "replace body.0.twin.conv_2",
        ),
        ("child.net", "(wid", "channels", "stem: conv(channels)", "(channels = 8)"),
    ] {
        let mut editor = family();
        assert_eq!(renamed(&mut editor, file, mark, to), Ok(()), "{mark}");
        let (new_parent, new_child) = (editor.text("parent.net"), editor.text("child.net"));
        assert!(new_parent.contains(parent), "{mark}: {new_parent}");
        assert!(new_child.contains(child), "{mark}: {new_child}");
        assert_eq!(editor.check("parent.net"), "", "{mark}");
        assert_eq!(editor.check("child.net"), "", "{mark}");
    }
}

#[test]
fn rename_reaches_other_folders() {
    let mut editor = family();
    let user = "import \"../../blocks.net\": pair\n\nblock user {\n  pair\n}\n";
    // One repository, so that the files below may import those above.
    for folder in [".git", "far/away", "node_modules/away", ".hidden/away"] {
        std::fs::create_dir_all(editor.path(folder)).unwrap();
        editor.write(&format!("{folder}/user.net"), user);
    }
    let text = editor.text("blocks.net");
    editor.open("blocks.net", &text);
    let name = json!({ "newName": "twin" });
    let answer = editor.ask_at("textDocument/rename", "blocks.net", &text, "block pai", name);
    let files =
        ["blocks.net", "child.net", "far/away/user.net", "parent.net"].map(|name| editor.uri(name));
    assert!(answer["result"]["changes"].as_object().unwrap().keys().eq(files.iter()), "{answer}");
}

/// As with Neovim's single files: the project is that of `netc check`.
#[test]
fn rename_reaches_the_project_without_a_folder_of_the_editor() {
    let mut editor = Editor::start_on_files();
    editor.write("blocks.net", "block pair {\n  conv -> relu\n}\n");
    for folder in [".git", "deep/er", "side"] {
        std::fs::create_dir_all(editor.path(folder)).unwrap();
    }
    let user = |path: &str| format!("import \"{path}\": pair\n\nblock user {{\n  pair\n}}\n");
    editor.write("deep/er/user.net", &user("../../blocks.net"));
    editor.write("side/user.net", &user("../blocks.net"));
    // From a file of a folder below, whose name is asked for where it is used.
    let text = editor.text("side/user.net");
    editor.open("side/user.net", &text);
    let name = json!({ "newName": "twin" });
    let answer = editor.ask_at("textDocument/rename", "side/user.net", &text, "\n  pai", name);
    let files = ["blocks.net", "deep/er/user.net", "side/user.net"].map(|name| editor.uri(name));
    assert!(answer["result"]["changes"].as_object().unwrap().keys().eq(files.iter()), "{answer}");
}

#[test]
fn rename_refuses_what_would_break_a_file() {
    let mut editor = family();
    let clash = renamed(&mut editor, "parent.net", "\n  ste", "side").unwrap_err();
    assert!(clash.contains("`side` is a name in"), "{clash}");
    let op = renamed(&mut editor, "parent.net", "stem: con", "convolution").unwrap_err();
    assert!(op.contains("no name here"), "{op}");
    // The name of another element is none of the text: it is made of a block's name and a number.
    let broken = renamed(&mut editor, "parent.net", "\n  ste", "pair_1").unwrap_err();
    assert!(broken.contains("would be wrong: there are two nodes `pair_1.relu`"), "{broken}");
}

#[test]
fn what_can_be_renamed_is_said_before() {
    let mut editor = family();
    editor.open("child.net", CHILD);
    let mut place = |mark: &str| {
        let answer =
            editor.ask_at("textDocument/prepareRename", "child.net", CHILD, mark, json!({}));
        answer["result"].clone()
    };
    assert_eq!(place("remove pai"), json!({ "start": at(4, 9), "end": at(4, 13) }));
    assert_eq!(place("after stem.co"), Value::Null);
    assert_eq!(place("extends \"par"), Value::Null);
    assert_eq!(place("  aft"), Value::Null);
}

#[test]
fn references_to_a_stage_cross_files() {
    let mut editor = family();
    editor.open("parent.net", PARENT);
    let mut references = |with_definition: bool| {
        let context = json!({ "context": { "includeDeclaration": with_definition } });
        let answer =
            editor.ask_at("textDocument/references", "parent.net", PARENT, "\n  ste", context);
        let place = |p: &Value| {
            let file = p["uri"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
            (file, p["range"]["start"]["line"].as_u64().unwrap())
        };
        answer["result"].as_array().unwrap().iter().map(place).collect::<Vec<_>>()
    };
    let uses = [("child.net".to_owned(), 1), ("parent.net".to_owned(), 15)];
    assert_eq!(references(false), uses);
    assert_eq!(references(true).len(), 3);
}

#[test]
fn the_block_of_a_file_comes_before_that_of_the_file_that_it_extends() {
    let mut editor = Editor::start();
    let block = |op: &str| format!("block pair {{\n  {op} -> conv\n}}\n");
    let net =
        "net parent {\n  input image: [N, 3, 8, 8]\n  stem: pair\n  output out: [N, 3, 8, 8]\n}\n";
    editor.write("parent.net", &(block("bn") + net));
    let child = block("tanh") + "net child extends \"parent.net\" {\n  after stem: pair\n}\n";
    assert_eq!(editor.open("child.net", &child), Vec::<Value>::new());
    let answer =
        editor.ask_at("textDocument/definition", "child.net", &child, "stem: pai", json!({}));
    assert_eq!(answer["result"]["uri"], json!(editor.uri("child.net")));
}
