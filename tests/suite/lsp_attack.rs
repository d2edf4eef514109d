//! Attacks on the language server: a recorded session that was damaged, and random edits.
//!
//! `NETC_CASES=20` does twenty times as many; `NETC_SEED=7` does others. `--nocapture` shows how
//! many.

use std::cell::Cell;
use std::io::Cursor;

use serde_json::{Value, json};

use crate::chance::Choices;
use crate::generated::{cases, with_choices};
use crate::lsp_editor::at;
use crate::lsp_server::{framed, messages};

const NET: &str = "block pair(c) {\n  conv(c) -> bn -> relu # \u{1F600}\n}\n\nnet x(width = 8) {\n  \
                   input image: [N, 3, 8, 8]\n  stem: pair(width)\n  side = stem.pair.conv -> conv(k = 1)\n  \
                   add(side)\n  head: globalavgpool -> flatten -> linear(10)\n  output logits: [N, 10]\n}\n";

/// A file that is nowhere, so that nothing beside it is read.
pub fn uri(name: &str) -> String {
    format!("file:///nowhere/{name}.net")
}

fn note(method: &str, params: Value) -> Value {
    json!({ "jsonrpc": "2.0", "method": method, "params": params })
}

pub fn ask(id: &str, method: &str, params: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
}

pub fn open(name: &str, text: &str) -> Value {
    let document = json!({ "uri": uri(name), "languageId": "net", "version": 1, "text": text });
    note("textDocument/didOpen", json!({ "textDocument": document }))
}

pub fn change(name: &str, changes: Value) -> Value {
    let document = json!({ "uri": uri(name), "version": 2 });
    note("textDocument/didChange", json!({ "textDocument": document, "contentChanges": changes }))
}

pub fn bytes(messages: &[Value]) -> Vec<u8> {
    messages.iter().flat_map(|message| framed(message.to_string().as_bytes())).collect()
}

/// What the server says to these bytes.
pub fn said(bytes: Vec<u8>) -> Vec<Value> {
    let mut output = Vec::new();
    netc::lsp::serve(Cursor::new(bytes), &mut output, None).unwrap();
    messages(Cursor::new(output)).collect()
}

/// All that an editor says while someone opens a net, types and looks around.
fn session() -> Vec<Value> {
    let mut session = vec![
        ask("start", "initialize", json!({ "capabilities": {}, "rootUri": "file:///nowhere" })),
        note("initialized", json!({})),
        open("x", NET),
    ];
    let document = json!({ "uri": uri("x") });
    for (i, method) in [
        "hover",
        "definition",
        "references",
        "prepareRename",
        "rename",
        "completion",
        "documentSymbol",
        "inlayHint",
        "codeAction",
        "formatting",
        "signatureHelp",
        "documentHighlight",
        "foldingRange",
        "selectionRange",
        "semanticTokens/full",
    ]
    .iter()
    .enumerate()
    {
        let range = json!({ "start": at(6, 8), "end": at(6, 9 + i as u32) });
        let word = if i % 2 == 0 { "p" } else { "pair" };
        session.push(change("x", json!([{ "range": range, "text": word }])));
        let params = json!({
            "textDocument": document, "position": at(6, 9), "positions": [at(6, 9)], "newName": "twin", "range": range,
            "context": { "includeDeclaration": true, "diagnostics": [] },
            "options": { "tabSize": 2, "insertSpaces": true },
        });
        session.push(ask(method, &format!("textDocument/{method}"), params));
    }
    session.push(note("$/cancelRequest", json!({ "id": "hover" })));
    session.push(note("textDocument/didClose", json!({ "textDocument": document })));
    session
}

/// Turns bits, cuts out, repeats and exchanges parts.
fn damage(bytes: &mut Vec<u8>, choices: &mut Choices) {
    for _ in 0..=choices.below(4) {
        let from = choices.below(bytes.len() as u64) as usize;
        let to = (from + choices.below(200) as usize).min(bytes.len());
        match choices.below(6) {
            0 => bytes.truncate(from.max(1)),
            1 => drop(bytes.drain(from..to)),
            2 => {
                let part = bytes[from..to].to_vec();
                bytes.splice(from..from, part);
            }
            3 => bytes[from] = choices.of(b"0{[\"\r\n: \x00\xff"),
            _ => bytes[from] ^= 1 << choices.below(8),
        }
        if bytes.is_empty() {
            return;
        }
    }
}

#[test]
fn a_session_that_was_damaged_anywhere_ends_no_server() {
    let whole = bytes(&session());
    let tried = Cell::new(0_u32);
    with_choices(cases(40), |mut choices| {
        let mut damaged = whole.clone();
        damage(&mut damaged, &mut choices);
        // A header whose name was damaged to another's may take one message along.
        damaged.extend(bytes(&[
            ask("last", "netc/any", json!({})),
            ask("last", "netc/any", json!({})),
        ]));
        tried.set(tried.get() + 1);
        let answers = said(damaged.clone());
        let shown = String::from_utf8_lossy(&damaged);
        if !answers.iter().any(|answer| answer["id"] == "last") {
            return Err(format!("no answer after {shown}"));
        }
        match answers.iter().find(|answer| answer["error"]["code"] == -32603) {
            Some(broken) => Err(format!("{broken} in {shown}")),
            None => Ok(()),
        }
    });
    println!("{} damaged sessions", tried.get());
}

/// A text as an editor holds it.
struct Text(String);

impl Text {
    /// The byte of a position, whose column is that of a character or past the end of its line.
    fn byte(&self, line: usize, column: usize) -> usize {
        let lines: Vec<&str> = self.0.split('\n').collect();
        let Some(text) = lines.get(line) else { return self.0.len() };
        let before: usize = lines[..line].iter().map(|line| line.len() + 1).sum();
        let text = text.strip_suffix('\r').filter(|_| line + 1 < lines.len()).unwrap_or(text);
        let mut units = 0;
        for (i, c) in text.char_indices() {
            if units >= column {
                return before + i;
            }
            units += c.len_utf16();
        }
        before + text.len()
    }

    /// A random position: line, column.
    fn place(&self, choices: &mut Choices) -> [usize; 2] {
        let lines: Vec<&str> = self.0.split('\n').collect();
        let line = choices.below(lines.len() as u64 + 1) as usize;
        let text = lines.get(line).copied().unwrap_or("");
        let end = choices.below(text.chars().count() as u64 + 2) as usize;
        let units: usize = text.chars().take(end).map(char::len_utf16).sum();
        [line, units + 3 * usize::from(end > text.chars().count())]
    }

    /// Replaces what lies between two places; the change as the protocol has it.
    fn edit(&mut self, choices: &mut Choices) -> Value {
        const PARTS: &[&str] = &[
            "",
            "",
            "\n",
            "\r\n",
            "# ",
            "\u{1F600}",
            "\u{e9}",
            " ",
            "  relu\n",
            "  a: conv(8) # \u{10ffff}\r\n",
            "(",
            "}",
            "width",
        ];
        let mut places = [self.place(choices), self.place(choices)];
        if choices.below(2) == 0 {
            places[1] = places[0];
        }
        places.sort_unstable();
        let [start, end] = places;
        let new = choices.of(PARTS);
        let [from, to] = places.map(|[line, column]| self.byte(line, column));
        self.0.replace_range(from..to.max(from), new);
        let [start, end] = [start, end].map(|[line, column]| at(line as u32, column as u32));
        json!({ "range": { "start": start, "end": end }, "text": new })
    }
}

/// What a server says of a file, its name aside.
fn about(answers: &[Value], name: &str) -> Vec<String> {
    let text = |value: &Value| value.to_string().replace(&uri(name), "file");
    let shown = answers.iter().rfind(|answer| answer["params"]["uri"] == uri(name));
    let mut all = vec![text(&shown.unwrap()["params"]["diagnostics"])];
    for what in ["symbols", "format", "hints"] {
        let answer = answers.iter().find(|answer| answer["id"] == format!("{what} {name}"));
        all.push(text(&answer.unwrap()["result"]));
    }
    all
}

fn questions(name: &str) -> [Value; 3] {
    let range = json!({ "start": at(0, 0), "end": at(9999, 0) });
    let params = json!({
        "textDocument": { "uri": uri(name) }, "range": range, "options": { "tabSize": 2, "insertSpaces": true },
    });
    [("symbols", "documentSymbol"), ("format", "formatting"), ("hints", "inlayHint")].map(
        |(what, method)| {
            ask(&format!("{what} {name}"), &format!("textDocument/{method}"), params.clone())
        },
    )
}

#[test]
fn random_edits_come_to_the_text_that_the_editor_has() {
    let (texts, edits, sound) = (Cell::new(0_u32), Cell::new(0_u32), Cell::new(0_u32));
    with_choices(cases(60), |mut choices| {
        let mut text = Text(NET.to_owned());
        if choices.below(2) == 0 {
            text.0 = text.0.replace('\n', "\r\n");
        }
        let mut messages = vec![ask("start", "initialize", json!({})), open("typed", &text.0)];
        for _ in 0..=choices.below(6) {
            let changes: Vec<Value> =
                (0..=choices.below(3)).map(|_| text.edit(&mut choices)).collect();
            edits.set(edits.get() + changes.len() as u32);
            messages.push(change("typed", json!(changes)));
        }
        messages.push(open("whole", &text.0));
        messages.extend(["typed", "whole"].iter().flat_map(|name| questions(name)));
        messages.push(ask("end", "shutdown", Value::Null));
        let answers = said(bytes(&messages));
        texts.set(texts.get() + 1);
        let (typed, whole) = (about(&answers, "typed"), about(&answers, "whole"));
        sound.set(sound.get() + u32::from(whole[2] != "null"));
        match typed == whole {
            true => Ok(()),
            false => Err(format!(
                "{typed:#?}\nbut of the same text in one piece\n{whole:#?}\n{}",
                text.0
            )),
        }
    });
    assert!(sound.get() > 0, "no text could be formatted, which shows all of it");
    println!(
        "{} random edits of {} texts, {} of them shown whole",
        edits.get(),
        texts.get(),
        sound.get()
    );
}
