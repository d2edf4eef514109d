//! `netc lsp`, spoken to over its protocol. examples/lsp_latency.rs has this file, too.

use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};

/// The longest that an answer may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// A server of one's own.
pub struct Server {
    pub child: Child,
    to: Option<ChildStdin>,
    from: Receiver<Value>,
    asked: i64,
}

impl Server {
    /// Starts one, which waits for `initialize`.
    pub fn start(netc: impl AsRef<Path>) -> Server {
        let mut child = Command::new(netc.as_ref())
            .arg("lsp")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let to = child.stdin.take();
        let out = BufReader::new(child.stdout.take().unwrap());
        let (sender, from) = channel();
        std::thread::spawn(move || messages(out).try_for_each(|message| sender.send(message)));
        Server { child, to, from, asked: 0 }
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

    /// Ends its input.
    pub fn hang_up(&mut self) {
        self.to = None;
    }

    /// Its exit code; it ends soon.
    pub fn ended(&mut self) -> Option<i32> {
        while self.from.recv_timeout(PATIENCE).is_ok() {}
        self.child.wait().unwrap().code()
    }

    pub fn tell(&mut self, method: &str, params: Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    /// The next message.
    pub fn receive(&self) -> Value {
        self.from.recv_timeout(PATIENCE).expect("an answer in time")
    }

    pub fn ask(&mut self, method: &str, params: Value) -> Value {
        self.ask_after(method, params).1
    }

    /// The answers that still come to what was sent before, and the answer to this.
    pub fn ask_after(&mut self, method: &str, params: Value) -> (Vec<Value>, Value) {
        self.asked += 1;
        let id = format!("asked {}", self.asked);
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

    pub fn open(&mut self, uri: &str, version: i64, text: &str) {
        let document = json!({ "uri": uri, "languageId": "net", "version": version, "text": text });
        self.tell("textDocument/didOpen", json!({ "textDocument": document }));
    }

    pub fn change(&mut self, uri: &str, version: i64, changes: &Value) {
        let document = json!({ "uri": uri, "version": version });
        self.tell(
            "textDocument/didChange",
            json!({ "textDocument": document, "contentChanges": changes }),
        );
    }

    /// The next problems shown for a version of a file.
    pub fn problems(&self, uri: &str, wanted: impl Fn(&Value) -> bool) -> Vec<Value> {
        loop {
            let message = self.receive();
            let params = &message["params"];
            if message["method"] == "textDocument/publishDiagnostics"
                && params["uri"] == json!(uri)
                && wanted(&params["version"])
            {
                return params["diagnostics"].as_array().unwrap().clone();
            }
        }
    }
}

impl Drop for Server {
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
