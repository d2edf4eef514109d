//! How fast `netc lsp` answers: a keystroke in one net, requests about a file of many stages, and a
//! keystroke among many open files.
//!
//! `cargo build --release --bin netc`, then
//! `cargo run --release --example lsp_latency -- target/release/netc nets/dawnbench.net`
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

const KEYSTROKES: usize = 500;
/// Of the large file.
const STAGES: usize = 19_900;
/// Open at once, each a net that imports the same file.
const FILES: usize = 300;

type Outcome<T> = Result<T, Box<dyn Error>>;

struct Server {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    asked: u64,
}

impl Server {
    fn start(netc: &str) -> Outcome<Server> {
        let mut child = Command::new(netc).arg("lsp").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let to = child.stdin.take().ok_or("no pipe to the server")?;
        let from = BufReader::new(child.stdout.take().ok_or("no pipe from the server")?);
        let mut server = Server { child, to, from, asked: 0 };
        server.ask("initialize", json!({ "capabilities": {} }))?;
        server.tell("initialized", json!({}))?;
        Ok(server)
    }

    fn send(&mut self, message: &Value) -> Outcome<()> {
        let body = message.to_string();
        write!(self.to, "Content-Length: {}\r\n\r\n{body}", body.len())?;
        Ok(self.to.flush()?)
    }

    fn tell(&mut self, method: &str, params: Value) -> Outcome<()> {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }))
    }

    /// The next message of the server.
    fn hear(&mut self) -> Outcome<Value> {
        let mut length = None;
        loop {
            let mut line = String::new();
            if self.from.read_line(&mut line)? == 0 {
                return Err("the server has ended".into());
            }
            match line.trim().strip_prefix("Content-Length: ") {
                Some(bytes) => length = Some(bytes.parse()?),
                None if line.trim().is_empty() => break,
                None => {}
            }
        }
        let mut body = vec![0; length.ok_or("a message without a length")?];
        self.from.read_exact(&mut body)?;
        Ok(serde_json::from_slice(&body)?)
    }

    fn ask(&mut self, method: &str, params: Value) -> Outcome<Value> {
        self.asked += 1;
        let id = json!(self.asked);
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }))?;
        loop {
            let message = self.hear()?;
            if message["id"] == id {
                return Ok(message);
            }
        }
    }

    fn open(&mut self, uri: &str, text: &str) -> Outcome<()> {
        let document = json!({ "uri": uri, "languageId": "net", "version": 0, "text": text });
        self.tell("textDocument/didOpen", json!({ "textDocument": document }))
    }

    fn change(&mut self, uri: &str, text: &str) -> Outcome<()> {
        let document = json!({ "uri": uri, "version": 1 });
        self.tell(
            "textDocument/didChange",
            json!({ "textDocument": document, "contentChanges": [{ "text": text }] }),
        )
    }

    /// Waits until the problems of a file are shown.
    fn shown(&mut self, uri: &str) -> Outcome<()> {
        while self.hear()?["params"]["uri"] != uri {}
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn main() -> Outcome<()> {
    let mut args = std::env::args().skip(1);
    let netc = args.next().ok_or("expected the path of netc")?;
    let file = std::fs::canonicalize(args.next().ok_or("expected a net")?)?;
    keystrokes(&netc, &file)?;
    large_file(&netc)?;
    many_files(&netc)
}

fn keystrokes(netc: &str, file: &std::path::Path) -> Outcome<()> {
    let mut server = Server::start(netc)?;
    let text = std::fs::read_to_string(file)?;
    let uri = format!("file://{}", file.display());
    server.open(&uri, &text)?;
    server.shown(&uri)?;
    let mut times = Vec::new();
    for version in 1..=KEYSTROKES {
        // Whole and half-written by turns.
        let cut = if version % 2 == 0 { text.clone() } else { text.replacen("maxpool(4)", "maxpool(", 1) };
        let start = Instant::now();
        server.change(&uri, &cut)?;
        server.shown(&uri)?;
        times.push(start.elapsed());
    }
    let (median, most) = spread(times);
    println!("{KEYSTROKES} keystrokes: median {median:.2?}, at most {most:.2?}");
    Ok(())
}

fn spread(mut times: Vec<Duration>) -> (Duration, Duration) {
    times.sort();
    (times[times.len() / 2], times[times.len() - 1])
}

/// A net of many labelled stages.
fn large(stages: usize) -> String {
    let stage = |i: usize| format!("  s{i}: relu\n");
    let body: String = (0..stages).map(stage).collect();
    format!("net large {{\n  input image: [N, 3, 8, 8]\n{body}  output out: [N, 3, 8, 8]\n}}\n")
}

fn large_file(netc: &str) -> Outcome<()> {
    let mut server = Server::start(netc)?;
    let (uri, text) = ("file:///nowhere/large.net", large(STAGES));
    let start = Instant::now();
    server.open(uri, &text)?;
    server.shown(uri)?;
    println!("{STAGES} stages: open {:.2?}", start.elapsed());
    let document = json!({ "uri": uri });
    let position = json!({ "line": STAGES / 2, "character": 3 });
    let range = json!({ "start": { "line": 0, "character": 0 }, "end": { "line": STAGES, "character": 0 } });
    for method in [
        "documentSymbol",
        "hover",
        "definition",
        "references",
        "completion",
        "rename",
        "inlayHint",
        "codeAction",
        "formatting",
    ] {
        let params = json!({
            "textDocument": document, "position": position, "range": range, "newName": "other",
            "context": { "includeDeclaration": true, "diagnostics": [] },
            "options": { "tabSize": 2, "insertSpaces": true },
        });
        let start = Instant::now();
        let answer = server.ask(&format!("textDocument/{method}"), params)?;
        let failed = if answer["error"].is_null() { "" } else { ", refused" };
        println!("{STAGES} stages: {method} {:.2?}{failed}", start.elapsed());
    }
    Ok(())
}

fn many_files(netc: &str) -> Outcome<()> {
    let mut server = Server::start(netc)?;
    let (lib, blocks) = ("file:///nowhere/lib.net", include_str!("../nets/lib.net"));
    let net = include_str!("../nets/dawnbench.net");
    let uris: Vec<String> = (0..FILES).map(|i| format!("file:///nowhere/n{i}.net")).collect();
    let start = Instant::now();
    server.open(lib, blocks)?;
    uris.iter().try_for_each(|uri| server.open(uri, net))?;
    // Each is shown once it was checked, in whichever order.
    let mut left: std::collections::BTreeSet<&str> = uris.iter().map(String::as_str).collect();
    while !left.is_empty() {
        let message = server.hear()?;
        left.remove(message["params"]["uri"].as_str().unwrap_or_default());
    }
    println!("{FILES} files: all open {:.2?}", start.elapsed());
    for (what, uri, text) in [("a net", uris[FILES / 2].as_str(), net), ("what all import", lib, blocks)] {
        let mut times = Vec::new();
        for _ in 0..20 {
            let start = Instant::now();
            server.change(uri, text)?;
            server.shown(uri)?;
            times.push(start.elapsed());
            // All others that depend on it.
            server.ask("textDocument/documentSymbol", json!({ "textDocument": { "uri": uri } }))?;
        }
        let (median, most) = spread(times);
        println!("{FILES} files: a keystroke in {what}: median {median:.2?}, at most {most:.2?}");
    }
    Ok(())
}
