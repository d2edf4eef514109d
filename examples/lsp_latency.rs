//! How fast `netc lsp` answers: a keystroke in one net, requests about a file of many stages, and a
//! keystroke among many open files.
//!
//! `cargo build --release --bin netc`, then
//! `cargo run --release --example lsp_latency -- target/release/netc nets/dawnbench.net`
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;
use std::error::Error;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;

// The tests say more to it.
#[allow(dead_code)]
#[path = "../tests/suite/lsp_server.rs"]
mod lsp_server;

use lsp_server::Server;

const KEYSTROKES: usize = 500;
/// Of the large file.
const STAGES: usize = 19_900;
/// Open at once, each a net that imports the same file.
const FILES: usize = 300;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn start(netc: &str) -> Server {
    let mut server = Server::start(netc);
    server.ask("initialize", json!({ "capabilities": {} }));
    server.tell("initialized", json!({}));
    server
}

/// Gives a file another text, and waits until its problems are shown.
fn keystroke(server: &mut Server, uri: &str, text: &str) -> Duration {
    let start = Instant::now();
    server.change(uri, 1, &json!([{ "text": text }]));
    server.problems(uri, |_| true);
    start.elapsed()
}

fn main() -> Outcome<()> {
    let mut args = std::env::args().skip(1);
    let netc = args.next().ok_or("expected the path of netc")?;
    let file = std::fs::canonicalize(args.next().ok_or("expected a net")?)?;
    keystrokes(&netc, &file)?;
    large_file(&netc);
    many_files(&netc);
    Ok(())
}

fn keystrokes(netc: &str, file: &Path) -> Outcome<()> {
    let mut server = start(netc);
    let text = std::fs::read_to_string(file)?;
    let uri = format!("file://{}", file.display());
    server.open(&uri, 0, &text);
    server.problems(&uri, |_| true);
    let mut times = Vec::new();
    for version in 1..=KEYSTROKES {
        // Whole and half-written by turns.
        let cut = if version % 2 == 0 {
            text.clone()
        } else {
            text.replacen("maxpool(4)", "maxpool(", 1)
        };
        times.push(keystroke(&mut server, &uri, &cut));
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

fn large_file(netc: &str) {
    let mut server = start(netc);
    let (uri, text) = ("file:///nowhere/large.net", large(STAGES));
    let start = Instant::now();
    server.open(uri, 0, &text);
    server.problems(uri, |_| true);
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
        "signatureHelp",
        "documentHighlight",
        "foldingRange",
        "selectionRange",
        "semanticTokens/full",
    ] {
        let params = json!({
            "textDocument": document, "position": position, "positions": [position], "range": range, "newName": "other",
            "context": { "includeDeclaration": true, "diagnostics": [] },
            "options": { "tabSize": 2, "insertSpaces": true },
        });
        let start = Instant::now();
        let answer = server.ask(&format!("textDocument/{method}"), params);
        let failed = if answer["error"].is_null() { "" } else { ", refused" };
        println!("{STAGES} stages: {method} {:.2?}{failed}", start.elapsed());
    }
}

fn many_files(netc: &str) {
    let mut server = start(netc);
    let (lib, blocks) = ("file:///nowhere/lib.net", include_str!("../nets/lib.net"));
    let net = include_str!("../nets/dawnbench.net");
    let uris: Vec<String> = (0..FILES).map(|i| format!("file:///nowhere/n{i}.net")).collect();
    let start = Instant::now();
    server.open(lib, 0, blocks);
    uris.iter().for_each(|uri| server.open(uri, 0, net));
    // Each is shown once it was checked, in whichever order.
    let mut left: BTreeSet<&str> = uris.iter().map(String::as_str).collect();
    while !left.is_empty() {
        let message = server.receive();
        left.remove(message["params"]["uri"].as_str().unwrap_or_default());
    }
    println!("{FILES} files: all open {:.2?}", start.elapsed());
    for (what, uri, text) in
        [("a net", uris[FILES / 2].as_str(), net), ("what all import", lib, blocks)]
    {
        let mut times = Vec::new();
        for _ in 0..20 {
            times.push(keystroke(&mut server, uri, text));
            // All others that depend on it.
            server.ask("textDocument/documentSymbol", json!({ "textDocument": { "uri": uri } }));
        }
        let (median, most) = spread(times);
        println!("{FILES} files: a keystroke in {what}: median {median:.2?}, at most {most:.2?}");
    }
}
