//! The language server, driven over its protocol as an editor does.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};

struct Editor {
    child: Child,
    to: ChildStdin,
    from: Receiver<Value>,
    next: i64,
    folder: tempfile::TempDir,
}

impl Editor {
    /// A server for a folder with the nets of the repository.
    fn start() -> Editor {
        let folder = tempfile::tempdir().unwrap();
        for name in ["lib.net", "base.net", "dawnbench.net", "extra_l1.net"] {
            let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("nets").join(name);
            std::fs::copy(from, folder.path().join(name)).unwrap();
        }
        let mut child = Command::new(env!("CARGO_BIN_EXE_netc"))
            .arg("lsp")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let to = child.stdin.take().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let (sender, from) = channel();
        std::thread::spawn(move || {
            loop {
                let mut length = 0;
                loop {
                    let mut line = String::new();
                    if out.read_line(&mut line).unwrap_or(0) == 0 {
                        return;
                    }
                    match line.trim().strip_prefix("Content-Length: ") {
                        Some(n) => length = n.parse().unwrap(),
                        None if line.trim().is_empty() => break,
                        None => {}
                    }
                }
                let mut body = vec![0; length];
                out.read_exact(&mut body).unwrap();
                if sender.send(serde_json::from_slice(&body).unwrap()).is_err() {
                    return;
                }
            }
        });
        let mut editor = Editor { child, to, from, next: 0, folder };
        let answer = editor.ask("initialize", json!({ "capabilities": {} }));
        assert_eq!(answer["result"]["capabilities"]["hoverProvider"], json!(true));
        editor.tell("initialized", json!({}));
        editor
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn uri(&self, name: &str) -> String {
        format!("file://{}", self.path(name).display())
    }

    fn send(&mut self, message: &Value) {
        let body = message.to_string();
        write!(self.to, "Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
        self.to.flush().unwrap();
    }

    fn tell(&mut self, method: &str, params: Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    fn receive(&self) -> Value {
        self.from.recv_timeout(Duration::from_secs(20)).expect("an answer in time")
    }

    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.next += 1;
        let id = self.next;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        loop {
            let message = self.receive();
            if message["id"] == json!(id) {
                return message;
            }
        }
    }

    /// Asks about the place right after the first `mark` in a text.
    fn ask_at(&mut self, method: &str, name: &str, text: &str, mark: &str, more: Value) -> Value {
        let before = &text[..text.find(mark).unwrap() + mark.len()];
        let line = before.matches('\n').count();
        let character = before.rsplit('\n').next().unwrap().encode_utf16().count();
        let mut params = json!({
            "textDocument": { "uri": self.uri(name) },
            "position": { "line": line, "character": character },
        });
        for (key, value) in more.as_object().unwrap() {
            params[key] = value.clone();
        }
        self.ask(method, params)
    }

    fn open(&mut self, name: &str, text: &str) -> Vec<Value> {
        let document = json!({ "uri": self.uri(name), "languageId": "net", "version": 1, "text": text });
        self.tell("textDocument/didOpen", json!({ "textDocument": document }));
        self.problems(name)
    }

    fn change(&mut self, name: &str, text: &str) -> Vec<Value> {
        let document = json!({ "uri": self.uri(name), "version": 2 });
        let changes = json!([{ "text": text }]);
        self.tell("textDocument/didChange", json!({ "textDocument": document, "contentChanges": changes }));
        self.problems(name)
    }

    /// The next problems shown for a file.
    fn problems(&self, name: &str) -> Vec<Value> {
        loop {
            let message = self.receive();
            if message["method"] == "textDocument/publishDiagnostics"
                && message["params"]["uri"] == json!(self.uri(name))
            {
                return message["params"]["diagnostics"].as_array().unwrap().clone();
            }
        }
    }

    fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn labels(answer: &Value) -> Vec<&str> {
    answer["result"].as_array().unwrap().iter().map(|i| i["label"].as_str().unwrap()).collect()
}

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
fn columns_are_utf16() {
    let mut editor = Editor::start();
    let text = "import \"\u{1F600}.net\": a, b\n";
    let found = editor.open("new.net", text);
    assert_eq!(found[0]["range"]["start"], json!({ "line": 0, "character": 7 }));
    assert_eq!(found[0]["range"]["end"], json!({ "line": 0, "character": 15 }));
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
    let label = hover("layer");
    assert!(label.contains("`layer1` :: `[N, 64, 32, 32]`"), "{label}");
    let param = hover("dawnbench(wid");
    assert!(param.contains("width = 64") && param.contains("here `64`"), "{param}");
}

#[test]
fn definitions_and_references_cross_files() {
    let mut editor = Editor::start();
    let (net, lib) = (editor.text("dawnbench.net"), editor.text("lib.net"));
    editor.open("dawnbench.net", &net);
    let answer = editor.ask_at("textDocument/definition", "dawnbench.net", &net, "layer1: pre", json!({}));
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
fn a_file_is_formatted_outlined_and_annotated() {
    let mut editor = Editor::start();
    let text = editor.text("dawnbench.net");
    editor.open("dawnbench.net", &text.replace("prep:   conv", "prep:      conv"));
    let document = json!({ "uri": editor.uri("dawnbench.net") });
    let options = json!({ "tabSize": 2, "insertSpaces": true });
    let answer =
        editor.ask("textDocument/formatting", json!({ "textDocument": document, "options": options }));
    assert_eq!(answer["result"][0]["newText"], json!(text));
    let answer = editor.ask("textDocument/documentSymbol", json!({ "textDocument": document }));
    assert_eq!(answer["result"][0]["name"], "dawnbench");
    let range = json!({ "start": { "line": 0, "character": 0 }, "end": { "line": 99, "character": 0 } });
    let answer = editor.ask("textDocument/inlayHint", json!({ "textDocument": document, "range": range }));
    assert_eq!(labels(&answer)[..3], [":: [N, 64, 32, 32]", ":: [N, 64, 32, 32]", ":: [N, 128, 16, 16]"]);
    let params = json!({ "textDocument": document, "range": range, "context": { "diagnostics": [] } });
    assert!(editor.ask("textDocument/codeAction", params)["result"].is_array());
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
