//! What is fuzzed: each takes any bytes and may refuse them, but not panic, hang or contradict
//! itself. The fuzzer calls these, and so does the test that replays the corpus.

use std::path::Path;

use netc::diag::{FileId, Problems, Sources, Style, render};
use netc::lower::tensor_file;
use netc::recipe::{self, Recipe};
use netc::run::data::cifar;
use netc::syntax::{Overlay, parse, print};
use netc::{Compilation, compile_over};
use serde_json::{Value, json};

/// A target by name.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const ALL: &[Target] = &[
    ("parse", read),
    ("fmt", fmt),
    ("check", check),
    ("recipe", settings),
    ("lsp", lsp),
    ("checkpoint", checkpoint),
    ("record", record),
    ("onnx", onnx),
];

/// A file that is nowhere, so that nothing beside it is read.
const NAME: &str = "/nowhere/fuzzed.net";

fn source(text: &str) -> (Sources, FileId) {
    let mut sources = Sources::default();
    let id = sources.add(NAME, text);
    (sources, id)
}

fn shown(problems: &Problems, sources: &Sources) {
    let text = render(problems, sources, Style::PLAIN);
    assert_eq!(text.is_empty(), problems.is_empty());
}

/// Text to tree, and what is wrong on the screen.
pub fn read(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (sources, id) = source(text);
    if let Err(problems) = parse(&sources, id) {
        assert!(problems.has_errors());
        shown(&problems, &sources);
    }
}

/// How many comments a text has.
fn comments(text: &str) -> usize {
    // Of the parts between quotes, every other one is a string.
    let comments = |line: &&str| line.split('"').step_by(2).any(|code| code.contains('#'));
    text.lines().filter(comments).count()
}

/// The canonical text means what the text means, has its comments, and stays as it is.
pub fn fmt(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (sources, id) = source(text);
    let Ok(tree) = parse(&sources, id) else { return };
    let printed = print(&tree);
    assert_eq!(comments(text), comments(&printed), "{text}\n---\n{printed}");
    let (sources, id) = source(&printed);
    match parse(&sources, id) {
        Ok(again) => {
            assert!(again == tree, "{text}\n---\n{printed}");
            assert_eq!(print(&again), printed, "{text}");
        }
        Err(problems) => {
            panic!("{text}\n---\n{printed}\n{}", render(&problems, &sources, Style::PLAIN))
        }
    }
}

fn compiled(text: &str) -> Compilation {
    let lib = include_str!("../nets/lib.net");
    let texts = [(NAME, text), ("/nowhere/lib.net", lib)];
    let overlay: Overlay = texts.map(|(name, text)| (name.to_owned(), text.to_owned())).into();
    compile_over(Path::new(NAME), &[], &overlay)
}

/// What checks clean is the net of its flat text.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let compilation = compiled(text);
    shown(&compilation.problems, &compilation.sources);
    let Some(net) = &compilation.net else { return };
    if net.order().len() > 200 {
        return;
    }
    let flat = net.flat_text(None);
    let again = compiled(&flat);
    let hash = again.net.as_ref().map(|net| net.graph().hash());
    let problems = render(&again.problems, &again.sources, Style::PLAIN);
    assert_eq!(hash, Some(net.graph().hash()), "{text}\n---\n{flat}\n{problems}");
}

/// A recipe that is accepted is accepted again as it is printed.
pub fn settings(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (sources, id) = source(text);
    if let Err(problems) = recipe::settings(id, text) {
        shown(&problems, &sources);
    }
    let (recipe, problems) = Recipe::resolve(&[], &[(id, text)]);
    shown(&problems, &sources);
    if problems.is_empty() {
        let printed = recipe.to_yaml();
        let (again, problems) = Recipe::resolve(&[], &[(id, &printed)]);
        assert!(problems.is_empty() && again.to_yaml() == printed, "{text}\n---\n{printed}");
    }
}

/// A session in which an editor opens a text, changes it and asks about places. What follows the
/// text after a NUL are four bytes a step: what to do, line, column, and what with.
///
/// After a byte 255 come the bytes of a session as they are, malformed or not.
pub fn lsp(data: &[u8]) {
    if let Some(raw) = data.strip_prefix(&[255]) {
        return survived(raw);
    }
    let (text, steps) = match data.iter().position(|byte| *byte == 0) {
        Some(at) => (&data[..at], &data[at + 1..]),
        None => (data, &[][..]),
    };
    let text = String::from_utf8_lossy(text).into_owned();
    let mut messages = vec![note(
        "textDocument/didOpen",
        json!({"textDocument": {"uri": uri(), "languageId": "net", "version": 0, "text": text}}),
    )];
    messages.extend(
        steps.chunks_exact(4).take(16).enumerate().map(|(i, step)| message(i as i32, step)),
    );
    let end = [ask(-2, "shutdown", Value::Null), note("exit", Value::Null)];
    let bytes: Vec<u8> = [start(), messages, end.into()].concat().iter().flat_map(frame).collect();
    let (ended, answers) = session(bytes);
    assert!(ended, "{text}");
    for answer in answers {
        assert_ne!(answer["error"]["code"], INTERNAL_ERROR, "{text}");
    }
}

/// Whatever comes, the next request is answered. It comes twice: what is cut short may take the
/// first.
fn survived(raw: &[u8]) {
    let mut bytes: Vec<u8> = start().iter().flat_map(frame).collect();
    bytes.extend(raw);
    bytes.extend(
        [ask(-3, "netc/first", Value::Null), ask(-3, "netc/second", Value::Null)]
            .iter()
            .flat_map(frame),
    );
    let (_, answers) = session(bytes);
    let exit = raw.windows(4).any(|word| word == b"exit");
    let answered = answers.iter().any(|answer| answer["id"] == -3);
    assert!(answered || exit, "{answers:?}\n{}", String::from_utf8_lossy(raw));
    assert!(answers.iter().all(|answer| answer["error"]["code"] != INTERNAL_ERROR), "{answers:?}");
}

/// The code of an answer that failed by a fault of the server.
const INTERNAL_ERROR: i64 = -32603;

fn uri() -> String {
    format!("file://{NAME}")
}

fn note(method: &str, params: Value) -> Value {
    json!({"jsonrpc": "2.0", "method": method, "params": params})
}

fn ask(id: i32, method: &str, params: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
}

fn frame(message: &Value) -> Vec<u8> {
    let body = message.to_string();
    format!("Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

fn message(id: i32, step: &[u8]) -> Value {
    const WORDS: &[&str] =
        &["", "\n", "relu", "(", "}", " -> ", "é", "\u{10ffff}", "net x {", "\"", "#"];
    let at = json!({"line": step[1], "character": step[2]});
    let end = json!({"line": step[1], "character": u32::from(step[2]) + u32::from(step[3] >> 4)});
    let range = json!({"start": at, "end": end});
    let document = json!({"uri": uri(), "version": id});
    let here = json!({"textDocument": document, "position": at});
    let word = WORDS[usize::from(step[3]) % WORDS.len()];
    let ask = |method: &str, params: Value| ask(id, method, params);
    match step[0] % 12 {
        0 => ask("textDocument/hover", here),
        1 => ask("textDocument/definition", here),
        2 => {
            let context = json!({"includeDeclaration": step[3] & 1 == 0});
            ask(
                "textDocument/references",
                json!({"textDocument": document, "position": at, "context": context}),
            )
        }
        3 => ask("textDocument/prepareRename", here),
        4 => ask(
            "textDocument/rename",
            json!({"textDocument": document, "position": at, "newName": word}),
        ),
        5 => ask("textDocument/completion", here),
        6 => ask("textDocument/documentSymbol", json!({"textDocument": document})),
        7 => ask(
            "textDocument/formatting",
            json!({"textDocument": document, "options": {"tabSize": 2, "insertSpaces": true}}),
        ),
        8 => ask("textDocument/inlayHint", json!({"textDocument": document, "range": range})),
        9 => ask(
            "textDocument/codeAction",
            json!({"textDocument": document, "range": range, "context": {"diagnostics": []}}),
        ),
        10 => note("textDocument/didClose", json!({"textDocument": document})),
        _ => note(
            "textDocument/didChange",
            json!({"textDocument": document, "contentChanges": [{"range": range, "text": word}]}),
        ),
    }
}

fn start() -> Vec<Value> {
    vec![ask(-1, "initialize", json!({"capabilities": {}})), note("initialized", json!({}))]
}

/// Whether a session of these bytes ends in order, and what the server says in it.
fn session(bytes: Vec<u8>) -> (bool, Vec<Value>) {
    let mut output = Vec::new();
    let ended = netc::lsp::serve(std::io::Cursor::new(bytes), &mut output, None);
    let (mut answers, mut rest) = (Vec::new(), output.as_slice());
    while !rest.is_empty() {
        let body = rest.windows(4).position(|end| end == b"\r\n\r\n").map(|at| at + 4);
        let body = body.expect("a header");
        let length = std::str::from_utf8(&rest[..body]).ok().and_then(|header| {
            header.trim().strip_prefix("Content-Length: ")?.parse::<usize>().ok()
        });
        let (message, next) = rest[body..].split_at(length.expect("the length of a message"));
        answers.push(serde_json::from_slice(message).expect("JSON"));
        rest = next;
    }
    (matches!(ended, Ok(true)), answers)
}

/// The head of a checkpoint, read without libtorch.
pub fn checkpoint(data: &[u8]) {
    let Ok(file) = tensor_file::open(data) else { return };
    for name in file.names() {
        let _ = file.floats(name, &[4, 3]);
    }
}

/// A model of another program. What comes of it checks clean.
pub fn onnx(data: &[u8]) {
    let Ok(imported) = netc::onnx::import(data.to_vec(), "fuzzed") else { return };
    if imported.net.order().len() <= 200 {
        let flat = imported.net.flat_text(None);
        let again = compiled(&flat);
        assert!(
            again.net.is_some(),
            "{flat}\n{}",
            render(&again.problems, &again.sources, Style::PLAIN)
        );
    }
}

/// An archive of records, as a download would be.
pub fn record(data: &[u8]) {
    let path = std::env::temp_dir().join(format!("netc-fuzz-{}.tar.gz", std::process::id()));
    if std::fs::write(&path, data).is_ok() {
        let _ = cifar::CIFAR10.read(&cifar::Source::Archive(path.clone()), &mut |_| {});
        let _ = std::fs::remove_file(path);
    }
}
