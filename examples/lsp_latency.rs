//! How fast `netc lsp` answers a keystroke: the time from a change to the problems shown.
//!
//! `cargo build --release --no-default-features --bin netc`, then
//! `cargo run --release --no-default-features --example lsp_latency -- target/release/netc nets/dawnbench.net`
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::io::BufReader;
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

use lsp_server::{Message, Notification, Request};
use serde_json::{Value, json};

const KEYSTROKES: usize = 500;

type Outcome<T> = Result<T, Box<dyn Error>>;

struct Server {
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Server {
    fn tell(&mut self, method: &str, params: Value) -> Outcome<()> {
        Ok(Message::from(Notification::new(method.into(), params)).write(&mut self.to)?)
    }

    /// The next message of the server.
    fn hear(&mut self) -> Outcome<Message> {
        Ok(Message::read(&mut self.from)?.ok_or("the server has ended")?)
    }
}

fn main() -> Outcome<()> {
    let mut args = std::env::args().skip(1);
    let netc = args.next().ok_or("expected the path of netc")?;
    let file = std::fs::canonicalize(args.next().ok_or("expected a net")?)?;
    let text = std::fs::read_to_string(&file)?;
    let uri = format!("file://{}", file.display());
    let mut child = Command::new(netc).arg("lsp").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let to = child.stdin.take().ok_or("no pipe to the server")?;
    let from = child.stdout.take().ok_or("no pipe from the server")?;
    let mut server = Server { to, from: BufReader::new(from) };
    let request = Request::new(1.into(), "initialize".into(), json!({ "capabilities": {} }));
    Message::from(request).write(&mut server.to)?;
    server.hear()?;
    server.tell("initialized", json!({}))?;
    let document = json!({ "uri": uri, "languageId": "net", "version": 0, "text": text });
    server.tell("textDocument/didOpen", json!({ "textDocument": document }))?;
    server.hear()?;
    let mut times = Vec::new();
    for version in 1..=KEYSTROKES {
        // Whole and half-written by turns.
        let cut = if version % 2 == 0 { text.clone() } else { text.replacen("maxpool(4)", "maxpool(", 1) };
        let document = json!({ "uri": uri, "version": version });
        let start = Instant::now();
        let change = json!({ "textDocument": document, "contentChanges": [{ "text": cut }] });
        server.tell("textDocument/didChange", change)?;
        server.hear()?;
        times.push(start.elapsed());
    }
    times.sort();
    let (median, most) = (times[times.len() / 2], times[times.len() - 1]);
    println!("{KEYSTROKES} keystrokes: median {median:.2?}, at most {most:.2?}");
    child.kill()?;
    child.wait()?;
    Ok(())
}
