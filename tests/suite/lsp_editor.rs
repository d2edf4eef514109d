//! An editor that drives `netc lsp` over its protocol.

use std::io::{BufRead, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};

/// An editor with a server of its own.
pub struct Editor {
    pub child: Child,
    to: Option<ChildStdin>,
    from: Receiver<Value>,
    next: i64,
    version: i64,
    folder: tempfile::TempDir,
}

impl Editor {
    /// A server for a folder with the nets of the repository.
    pub fn start() -> Editor {
        let mut editor = Editor::bare();
        let root = format!("file://{}", editor.folder.path().display());
        let answer = editor.ask("initialize", json!({ "capabilities": {}, "rootUri": root }));
        assert_eq!(answer["result"]["capabilities"]["hoverProvider"], json!(true));
        editor.tell("initialized", json!({}));
        editor
    }

    /// The same before `initialize`.
    pub fn bare() -> Editor {
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
        let to = child.stdin.take();
        let out = BufReader::new(child.stdout.take().unwrap());
        let (sender, from) = channel();
        std::thread::spawn(move || messages(out).try_for_each(|message| sender.send(message)));
        Editor { child, to, from, next: 0, version: 0, folder }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn uri(&self, name: &str) -> String {
        format!("file://{}", self.path(name).display())
    }

    fn send(&mut self, message: &Value) {
        self.write_bytes(&framed(message.to_string().as_bytes()));
    }

    /// Writes what need not be a message.
    pub fn write_bytes(&mut self, bytes: &[u8]) {
        let to = self.to.as_mut().unwrap();
        to.write_all(bytes).unwrap();
        to.flush().unwrap();
    }

    /// Ends the input of the server.
    pub fn hang_up(&mut self) {
        self.to = None;
    }

    /// The exit code of the server, which ends soon.
    pub fn ended(&mut self) -> Option<i32> {
        while self.from.recv_timeout(Duration::from_secs(20)).is_ok() {}
        self.child.wait().unwrap().code()
    }

    pub fn tell(&mut self, method: &str, params: Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    fn receive(&self) -> Value {
        self.from.recv_timeout(Duration::from_secs(20)).expect("an answer in time")
    }

    pub fn ask(&mut self, method: &str, params: Value) -> Value {
        self.ask_after(method, params).1
    }

    /// The answers that still come to what was sent before, and the answer to this.
    pub fn ask_after(&mut self, method: &str, params: Value) -> (Vec<Value>, Value) {
        self.next += 1;
        let id = format!("asked {}", self.next);
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        let mut before = Vec::new();
        loop {
            let message = self.receive();
            if message["id"] == json!(id) {
                return (before, message);
            }
            if message["method"].is_null() {
                before.push(message);
            }
        }
    }

    /// Asks about the place right after the first `mark` in a text.
    pub fn ask_at(&mut self, method: &str, name: &str, text: &str, mark: &str, more: Value) -> Value {
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

    pub fn open(&mut self, name: &str, text: &str) -> Vec<Value> {
        self.send_open(name, text);
        self.problems_by_now(name)
    }

    pub fn send_open(&mut self, name: &str, text: &str) {
        let document =
            json!({ "uri": self.uri(name), "languageId": "net", "version": self.newer(), "text": text });
        self.tell("textDocument/didOpen", json!({ "textDocument": document }));
    }

    pub fn change(&mut self, name: &str, text: &str) -> Vec<Value> {
        let document = json!({ "uri": self.uri(name), "version": self.newer() });
        let changes = json!([{ "text": text }]);
        self.tell("textDocument/didChange", json!({ "textDocument": document, "contentChanges": changes }));
        self.problems_by_now(name)
    }

    /// Changes parts of an open file: each a range, from line and column to line and column, and its
    /// new text.
    pub fn edit(&mut self, name: &str, edits: &[([u32; 4], &str)]) -> Vec<Value> {
        let change = |([line, column, to_line, to_column], text): &([u32; 4], &str)| {
            let (start, end) = (at(*line, *column), at(*to_line, *to_column));
            json!({ "range": { "start": start, "end": end }, "text": text })
        };
        let changes: Vec<Value> = edits.iter().map(change).collect();
        let document = json!({ "uri": self.uri(name), "version": self.newer() });
        self.tell("textDocument/didChange", json!({ "textDocument": document, "contentChanges": changes }));
        self.problems_by_now(name)
    }

    /// The repairs offered anywhere in a file.
    pub fn actions(&mut self, name: &str) -> Vec<Value> {
        let range = json!({ "start": at(0, 0), "end": at(9999, 0) });
        let document = json!({ "uri": self.uri(name) });
        let params = json!({ "textDocument": document, "range": range, "context": { "diagnostics": [] } });
        self.ask("textDocument/codeAction", params)["result"].as_array().unwrap().clone()
    }

    /// Puts a file into the folder.
    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    /// Carries out a change of the workspace on the files of the folder.
    pub fn carry_out(&self, edit: &Value) {
        for (uri, edits) in edit["changes"].as_object().unwrap() {
            let name = uri.rsplit('/').next().unwrap();
            self.write(name, &edited(&self.text(name), edits.as_array().unwrap()));
        }
    }

    /// What `netc check` says of a file of the folder: nothing if it is sound.
    pub fn check(&self, name: &str) -> String {
        let mut netc = Command::new(env!("CARGO_BIN_EXE_netc"));
        let out = netc.args(["check", name]).current_dir(self.folder.path()).output().unwrap();
        String::from_utf8(out.stderr).unwrap()
    }

    fn newer(&mut self) -> i64 {
        self.version += 1;
        self.version
    }

    /// The next problems shown for a file.
    pub fn problems(&self, name: &str) -> Vec<Value> {
        self.shown(name, |_| true)
    }

    /// The problems of the latest text of a file.
    fn problems_by_now(&self, name: &str) -> Vec<Value> {
        self.shown(name, |version| *version == json!(self.version))
    }

    fn shown(&self, name: &str, wanted: impl Fn(&Value) -> bool) -> Vec<Value> {
        loop {
            let message = self.receive();
            let params = &message["params"];
            if message["method"] == "textDocument/publishDiagnostics"
                && params["uri"] == json!(self.uri(name))
                && wanted(&params["version"])
            {
                return params["diagnostics"].as_array().unwrap().clone();
            }
        }
    }

    pub fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The messages of a server.
pub fn messages(mut out: impl BufRead) -> impl Iterator<Item = Value> {
    std::iter::from_fn(move || {
        let mut length = None;
        loop {
            let mut line = String::new();
            if out.read_line(&mut line).unwrap_or(0) == 0 {
                return None;
            }
            match line.trim().strip_prefix("Content-Length: ") {
                Some(n) => length = Some(n.parse().unwrap()),
                None if line.trim().is_empty() => break,
                None => {}
            }
        }
        let mut body = vec![0; length.unwrap()];
        out.read_exact(&mut body).ok()?;
        Some(serde_json::from_slice(&body).unwrap())
    })
}

/// A body with the header of its length.
pub fn framed(body: &[u8]) -> Vec<u8> {
    [format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes(), body].concat()
}

pub fn labels(answer: &Value) -> Vec<&str> {
    answer["result"].as_array().unwrap().iter().map(|i| i["label"].as_str().unwrap()).collect()
}

pub fn at(line: u32, column: u32) -> Value {
    json!({ "line": line, "character": column })
}

/// A text with edits carried out, whose columns count UTF-16 units.
pub fn edited(text: &str, edits: &[Value]) -> String {
    let byte = |place: &Value| {
        let (line, column) = (place["line"].as_u64().unwrap(), place["character"].as_u64().unwrap());
        let before: usize = text.split_inclusive('\n').take(line as usize).map(str::len).sum();
        let units = |i: &usize| text[before..before + i].encode_utf16().count();
        let mut ends = (0..).filter(|i| text.is_char_boundary(before + i));
        before + ends.find(|i| units(i) as u64 == column).unwrap()
    };
    let mut edits: Vec<(usize, usize, &str)> = edits
        .iter()
        .map(|e| (byte(&e["range"]["start"]), byte(&e["range"]["end"]), e["newText"].as_str().unwrap()))
        .collect();
    edits.sort_unstable();
    let mut text = text.to_owned();
    edits.iter().rev().for_each(|(start, end, new)| text.replace_range(start..end, new));
    text
}
