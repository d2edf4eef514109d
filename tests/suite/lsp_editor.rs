//! An editor that drives `netc lsp` in a folder of nets.

use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::lsp_server::Server;

/// An editor with a server of its own.
pub struct Editor {
    server: Server,
    version: i64,
    folder: tempfile::TempDir,
}

impl Deref for Editor {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}

impl DerefMut for Editor {
    fn deref_mut(&mut self) -> &mut Server {
        &mut self.server
    }
}

impl Editor {
    /// A server for a folder with the nets of the repository.
    pub fn start() -> Editor {
        let mut editor = Editor::bare();
        let root = format!("file://{}", editor.folder.path().display());
        editor.initialize(json!(root));
        editor
    }

    /// The same without a folder that the editor names.
    pub fn start_on_files() -> Editor {
        let mut editor = Editor::bare();
        editor.initialize(Value::Null);
        editor
    }

    fn initialize(&mut self, root: Value) {
        let answer = self.ask("initialize", json!({ "capabilities": {}, "rootUri": root }));
        assert_eq!(answer["result"]["capabilities"]["hoverProvider"], json!(true));
        self.tell("initialized", json!({}));
    }

    /// The same before `initialize`.
    pub fn bare() -> Editor {
        let folder = tempfile::tempdir().unwrap();
        for name in ["lib.net", "base.net", "dawnbench.net", "extra_l1.net"] {
            let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("nets").join(name);
            std::fs::copy(from, folder.path().join(name)).unwrap();
        }
        Editor { server: Server::start(env!("CARGO_BIN_EXE_netc")), version: 0, folder }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn uri(&self, name: &str) -> String {
        format!("file://{}", self.path(name).display())
    }

    /// Asks about the place right after the first `mark` in a text.
    pub fn ask_at(
        &mut self,
        method: &str,
        name: &str,
        text: &str,
        mark: &str,
        more: Value,
    ) -> Value {
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
        self.problems(name)
    }

    pub fn send_open(&mut self, name: &str, text: &str) {
        let (uri, version) = (self.uri(name), self.newer());
        self.server.open(&uri, version, text);
    }

    pub fn change(&mut self, name: &str, text: &str) -> Vec<Value> {
        let (uri, version) = (self.uri(name), self.newer());
        self.server.change(&uri, version, &json!([{ "text": text }]));
        self.problems(name)
    }

    /// Changes parts of an open file: each a range, from line and column to line and column, and
    /// its new text.
    pub fn edit(&mut self, name: &str, edits: &[([u32; 4], &str)]) -> Vec<Value> {
        let change = |([line, column, to_line, to_column], text): &([u32; 4], &str)| {
            let (start, end) = (at(*line, *column), at(*to_line, *to_column));
            json!({ "range": { "start": start, "end": end }, "text": text })
        };
        let changes: Vec<Value> = edits.iter().map(change).collect();
        let (uri, version) = (self.uri(name), self.newer());
        self.server.change(&uri, version, &changes.into());
        self.problems(name)
    }

    /// The repairs offered anywhere in a file.
    pub fn actions(&mut self, name: &str) -> Vec<Value> {
        let range = json!({ "start": at(0, 0), "end": at(9999, 0) });
        let document = json!({ "uri": self.uri(name) });
        let params =
            json!({ "textDocument": document, "range": range, "context": { "diagnostics": [] } });
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

    pub fn newer(&mut self) -> i64 {
        self.version += 1;
        self.version
    }

    /// The next problems shown for the latest text of a file.
    pub fn problems(&self, name: &str) -> Vec<Value> {
        self.server.problems(&self.uri(name), |version| *version == json!(self.version))
    }

    pub fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }
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
        let (line, column) =
            (place["line"].as_u64().unwrap(), place["character"].as_u64().unwrap());
        let before: usize = text.split_inclusive('\n').take(line as usize).map(str::len).sum();
        let units = |i: &usize| text[before..before + i].encode_utf16().count();
        let mut ends = (0..).filter(|i| text.is_char_boundary(before + i));
        before + ends.find(|i| units(i) as u64 == column).unwrap()
    };
    let mut edits: Vec<(usize, usize, &str)> = edits
        .iter()
        .map(|e| {
            (byte(&e["range"]["start"]), byte(&e["range"]["end"]), e["newText"].as_str().unwrap())
        })
        .collect();
    edits.sort_unstable();
    let mut text = text.to_owned();
    edits.iter().rev().for_each(|(start, end, new)| text.replace_range(start..end, new));
    text
}
