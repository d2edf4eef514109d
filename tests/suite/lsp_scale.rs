//! Large files and many open ones. `scripts/bench-check.sh` measures; here is what must not grow.

use std::time::{Duration, Instant};

use netc::diag::{Sources, Span};
use serde_json::{Value, json};

use crate::lsp_attack::{ask, bytes, change, open, said, uri};
use crate::lsp_editor::at;

/// Far above what any of this takes, and below what it takes by the square of a file's length.
const LONG: Duration = Duration::from_secs(15);

fn shown(answers: &[Value], name: &str) -> usize {
    answers.iter().filter(|answer| answer["params"]["uri"] == uri(name)).count()
}

#[test]
fn a_keystroke_checks_the_file_and_what_reads_it() {
    let block = "block twice(c) {\n  conv(c) -> relu -> conv(c)\n}\n";
    let net = "import \"blocks.net\": twice\n\nnet x {\n  input image: [N, 3, 8, 8]\n  twice(4)\n  \
               output out: [N, 4, 8, 8]\n}\n";
    let alone = net.replace("twice", "conv").replace("import \"blocks.net\": conv\n\n", "");
    let names: Vec<String> = (0..40).map(|i| format!("n{i}")).collect();
    let mut messages = vec![ask("start", "initialize", json!({})), open("blocks", block)];
    messages.extend(names.iter().map(|name| open(name, net)));
    messages.push(open("alone", &alone));
    let typed = json!([{ "range": { "start": at(0, 0), "end": at(0, 0) }, "text": "# typed\n" }]);
    messages.extend((0..5).map(|_| change("n7", typed.clone())));
    messages.push(ask("end", "shutdown", Value::Null));
    let answers = said(bytes(&messages));
    // Once when it was opened and at most once for each change of what it reads: no other file
    // counts.
    for name in &names {
        let times = shown(&answers, name);
        assert!(
            (1..=1 + 5 * usize::from(name == "n7")).contains(&times),
            "{name} was checked {times} times"
        );
    }
    messages.insert(
        messages.len() - 1,
        change("blocks", json!([{ "text": block.replace("twice", "thrice") }])),
    );
    let answers = said(bytes(&messages));
    let last =
        |name: &str| answers.iter().rfind(|answer| answer["params"]["uri"] == uri(name)).unwrap();
    for name in &names {
        assert_eq!(last(name)["params"]["diagnostics"][0]["code"], "unknown-name", "{name}");
    }
    assert_eq!(shown(&answers, "alone"), 1);
}

#[test]
fn a_file_that_was_missing_is_found_once_it_is_open() {
    let net = "import \"later.net\": twice\n\nnet x {\n  input image: [N, 3, 8, 8]\n  twice(4)\n  \
               output out: [N, 4, 8, 8]\n}\n";
    let block = "block twice(c) {\n  conv(c) -> relu -> conv(c)\n}\n";
    let start = ask("start", "initialize", json!({}));
    let end = ask("end", "shutdown", Value::Null);
    let last = |messages: &[Value]| {
        let answers = said(bytes(messages));
        let last =
            answers.iter().rfind(|answer| answer["params"]["uri"] == uri("x")).unwrap().clone();
        last["params"]["diagnostics"].as_array().unwrap().len()
    };
    let close = json!({
        "jsonrpc": "2.0", "method": "textDocument/didClose", "params": { "textDocument": { "uri": uri("later") } },
    });
    assert_eq!(last(&[start.clone(), open("x", net), end.clone()]), 1);
    let opened = [start, open("x", net), open("later", block), end.clone()];
    assert_eq!(last(&opened), 0);
    let [start, x, later, _] = opened;
    assert_eq!(last(&[start, x, later, close, end]), 1);
}

/// Finding a place takes no walk from the start of its file: before, this took minutes.
#[test]
fn the_places_of_a_long_file_are_found_at_once() {
    let mut sources = Sources::default();
    let line = "# \u{1F600} a stage of many: conv(8) -> bn\n";
    let file = sources.add("long.net", line.repeat(20_000));
    let started = Instant::now();
    for i in 0..20_000 {
        let start = i * line.len() + "# \u{1F600}".len();
        let place = sources.position(Span { file, start, end: start });
        assert_eq!((place.line, place.column), (i + 1, 4));
    }
    assert!(started.elapsed() < LONG, "{:?}", started.elapsed());
}

#[test]
fn an_outline_and_references_have_every_stage() {
    let body: String =
        (0..500).map(|i| format!("  s{i}: relu -> conv\n  t{i} = s{i}.conv -> relu\n")).collect();
    let text = format!(
        "net large {{\n  input image: [N, 3, 8, 8]\n{body}  output out: [N, 3, 8, 8]\n}}\n"
    );
    let params = json!({
        "textDocument": { "uri": uri("large") }, "position": at(802, 3), "context": { "includeDeclaration": true },
    });
    let answers = said(bytes(&[
        ask("start", "initialize", json!({})),
        open("large", &text),
        ask("symbols", "textDocument/documentSymbol", params.clone()),
        ask("references", "textDocument/references", params),
    ]));
    let result =
        |id: &str| answers.iter().find(|answer| answer["id"] == id).unwrap()["result"].clone();
    let symbols = result("symbols");
    let children = symbols[0]["children"].as_array().unwrap();
    assert_eq!(children.len(), 1002);
    assert_eq!(children[801]["selectionRange"], json!({ "start": at(802, 2), "end": at(802, 6) }));
    let found = result("references");
    let lines: Vec<&Value> =
        found.as_array().unwrap().iter().map(|r| &r["range"]["start"]["line"]).collect();
    assert_eq!(lines, [802, 803]);
}
