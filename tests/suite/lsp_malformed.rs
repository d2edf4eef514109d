//! What is no message of the protocol, or not at this time, neither ends the server nor stops it.

use serde_json::{Value, json};

use crate::lsp_editor::{Editor, at};
use crate::lsp_server::framed;

/// An editor with an open net, whose server is asked for a hover after each trial.
struct Probe {
    editor: Editor,
    text: String,
}

impl Probe {
    fn start() -> Probe {
        let mut editor = Editor::start();
        let text = editor.text("dawnbench.net");
        editor.open("dawnbench.net", &text);
        Probe { editor, text }
    }

    /// The answers to some bytes, after which a hover is answered still.
    #[track_caller]
    fn survives(&mut self, bytes: &[u8]) -> Vec<Value> {
        self.editor.write_bytes(bytes);
        let before = &self.text[..self.text.find("layer1").unwrap()];
        let position = at(before.matches('\n').count() as u32, 4);
        let document = json!({ "uri": self.editor.uri("dawnbench.net") });
        let params = json!({ "textDocument": document, "position": position });
        let (answers, hover) = self.editor.ask_after("textDocument/hover", params);
        let about = hover["result"]["contents"]["value"].as_str().unwrap_or_default();
        assert!(about.contains("layer1"), "{} then {hover}", String::from_utf8_lossy(bytes));
        answers
    }
}

fn code(answers: &[Value]) -> Vec<i64> {
    answers.iter().filter_map(|answer| answer["error"]["code"].as_i64()).collect()
}

#[test]
fn bad_headers_are_answered_and_left_behind() {
    let mut probe = Probe::start();
    let body = r#"{"jsonrpc":"2.0","id":7,"method":"netc/any","params":{}}"#;
    let n = body.len();
    for header in [
        "\r\n".to_owned(),
        "Content-Type: text\r\n\r\n".to_owned(),
        "Content-Length:\r\n\r\n".to_owned(),
        "Content-Length: -1\r\n\r\n".to_owned(),
        format!("Content-Length: +{n}\r\n\r\n"),
        "Content-Length: 99999999999999\r\n\r\n".to_owned(),
        "Content-Length: 99999999999999999999999999\r\n\r\n".to_owned(),
        "Content-Length: 16777217\r\n\r\n".to_owned(),
        "Content-Length: many\r\n\r\n".to_owned(),
        "Content-Length: 0x10\r\n\r\n".to_owned(),
        "Content-Length: 5; 6\r\n\r\n".to_owned(),
        format!("Content-Length {n}\r\n\r\n"),
        format!("Content-Length: {}\r\n\r\n", n - 20),
        format!("Content-Length: {}\r\n\r\n", n + 9),
        format!("Content-Length: {}\r\n\r\n", n + 200),
        "Content-Length: 1000000\r\n\r\n".to_owned(),
        format!("Content-Length: {n}\r\nContent-Length: {}\r\n\r\n", n - 3),
        format!("Content-Length: {n}\r\n"),
        format!("Content-Length: {n}\r\r"),
        "Content-Length: 0\r\n\r\n".to_owned(),
        format!("Content-Length: {n}\r\nX: {}\r\n\r\n", "y".repeat(100_000)),
        format!("{}\r\n", "X-Endless: header\r\n".repeat(10_000)),
        "x".repeat(3 << 20),
        "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".to_owned(),
        "\u{feff}Content-Length: 5\r\n\r\n".to_owned(),
    ] {
        let answers = probe.survives(format!("{header}{body}").as_bytes());
        let shown = &header[..header.len().min(80)];
        assert!(code(&answers).contains(&-32700), "{shown:?}: {answers:?}");
        assert!(answers.iter().all(|a| a["id"].is_null() || a["id"] == 7), "{answers:?}");
        assert!(answers.len() <= 2, "{shown:?}: {answers:?}");
    }
}

#[test]
fn good_headers_of_all_forms_are_read() {
    let mut probe = Probe::start();
    let body = r#"{"jsonrpc":"2.0","id":7,"method":"netc/any","params":{}}"#;
    let n = body.len();
    for header in [
        format!("content-length: {n}\r\n\r\n"),
        format!("CONTENT-LENGTH:{n}\r\n\r\n"),
        format!("Content-Length: {n} \n\n"),
        format!("Content-Length: 000{n}\r\n\r\n"),
        format!(
            "Content-Type: application/vscode-jsonrpc; charset=utf-8\r\nContent-Length: {n}\r\n\r\n"
        ),
        format!("X-Content-Length: 5\r\nContent-Length: {n}\r\nOther: a: b\r\n\r\n"),
        format!("Content-Length: {n}\r\nContent-Length: {n}\r\n\r\n"),
        format!("\r\n\r\nContent-Length: {n}\r\n\r\n"),
    ] {
        let answers = probe.survives(format!("{header}{body}").as_bytes());
        assert_eq!(code(&answers), [-32601], "{header:?}: {answers:?}");
        assert_eq!(answers[0]["id"], 7);
    }
}

#[test]
fn what_was_cut_anywhere_is_left_behind() {
    let mut probe = Probe::start();
    let body = json!({ "jsonrpc": "2.0", "id": 7, "method": "netc/any", "params": { "a": "b" } });
    let whole = framed(body.to_string().as_bytes());
    for end in 1..whole.len() {
        probe.survives(&whole[..end]);
    }
}

/// Half of a character, which an editor may insert and take away again, counts as one UTF-16 unit.
#[test]
fn a_half_of_a_character_is_a_place_of_its_own() {
    let mut probe = Probe::start();
    let uri = probe.editor.uri("dawnbench.net");
    let edit = |version: i64, end: u32, text: &str| {
        let range = json!({ "start": at(0, 0), "end": at(0, end) });
        let body = json!({ "jsonrpc": "2.0", "method": "textDocument/didChange", "params": {
            "textDocument": { "uri": uri, "version": version },
            "contentChanges": [{ "range": range, "text": "TEXT" }],
        } });
        // What no string of Rust's can hold.
        framed(body.to_string().replace("TEXT", text).as_bytes())
    };
    for (end, text) in [(0, "\\ud83d"), (1, "")] {
        let bytes = edit(probe.editor.newer(), end, text);
        assert_eq!(code(&probe.survives(&bytes)), [] as [i64; 0]);
    }
    let unchanged = ([0, 0, 0, 0], "");
    assert_eq!(probe.editor.edit("dawnbench.net", &[unchanged]), [] as [Value; 0]);
    assert_eq!(
        code(&probe.survives(&framed(br#"{"jsonrpc":"2.0","id":7,"method":"\ud800"}"#))),
        [-32601]
    );
}

#[test]
fn bodies_that_are_no_message_are_answered_with_the_id_if_there_is_one() {
    let mut probe = Probe::start();
    let deep = |open: &str, close: &str| open.repeat(100_000) + &close.repeat(100_000);
    let parse: [Vec<u8>; 11] = [
        b"".into(),
        b"hello".into(),
        b"{".into(),
        br#"{"jsonrpc":"2.0","id":7,"method":"netc/any"}}"#.into(),
        br#"{"jsonrpc":"2.0","id":7,}"#.into(),
        b"{'id': 7}".into(),
        b"\xff\xfe{}".into(),
        b"{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"\xff\"}".into(),
        deep("[", "]").into(),
        deep("{\"a\":", "}").into(),
        vec![0; 1000],
    ];
    for body in parse {
        let answers = probe.survives(&framed(&body));
        assert_eq!(
            code(&answers),
            [-32700],
            "{}",
            String::from_utf8_lossy(&body[..body.len().min(80)])
        );
        assert_eq!(answers[0]["id"], Value::Null);
    }
    for (body, id) in [
        (json!(null), json!(null)),
        (json!(5), json!(null)),
        (json!("text"), json!(null)),
        (json!([]), json!(null)),
        (json!([{ "jsonrpc": "2.0", "id": 7, "method": "netc/any" }]), json!(null)),
        (json!({}), json!(null)),
        (json!({ "id": 7 }), json!(7)),
        (json!({ "id": "seven", "params": {} }), json!("seven")),
        (json!({ "id": 7, "method": 5 }), json!(7)),
        (json!({ "id": 7, "method": null }), json!(7)),
        (json!({ "method": ["a"] }), json!(null)),
        (json!({ "id": null, "method": "netc/any" }), json!(null)),
        (json!({ "id": {}, "method": "netc/any" }), json!(null)),
        (json!({ "id": 1.5, "method": "netc/any" }), json!(null)),
        (json!({ "id": true, "method": "netc/any" }), json!(null)),
    ] {
        let answers = probe.survives(&framed(body.to_string().as_bytes()));
        assert_eq!(code(&answers), [-32600], "{body}: {answers:?}");
        assert_eq!(answers[0]["id"], id, "{body}");
    }
}

#[test]
fn ids_come_back_as_they_were() {
    let mut probe = Probe::start();
    for id in
        [json!(0), json!(-7), json!(99_999_999_999_i64), json!(u64::MAX), json!(""), json!("a\"b")]
    {
        let request = json!({ "jsonrpc": "2.0", "id": id, "method": "netc/any" });
        let answers = probe.survives(&framed(request.to_string().as_bytes()));
        assert_eq!((code(&answers), &answers[0]["id"]), (vec![-32601], &id));
    }
}

#[test]
fn params_of_a_wrong_type_are_refused_and_notifications_passed_over() {
    let mut probe = Probe::start();
    let uri = probe.editor.uri("base.net");
    let wrong = [
        json!(null),
        json!(5),
        json!("text"),
        json!([1, 2]),
        json!({}),
        json!({ "textDocument": 5, "position": 5, "range": 5 }),
        json!({ "textDocument": { "uri": "\0 no uri %" }, "position": at(0, 0) }),
        json!({ "textDocument": { "uri": uri }, "position": { "line": -1, "character": 0 } }),
        json!({ "textDocument": { "uri": uri }, "position": { "line": 1e20, "character": 0 } }),
        json!({ "textDocument": { "uri": uri }, "position": { "line": 0.5, "character": "a" } }),
    ];
    for params in &wrong {
        for method in [
            "hover",
            "definition",
            "references",
            "rename",
            "prepareRename",
            "completion",
            "inlayHint",
        ] {
            let answer = probe.editor.ask(&format!("textDocument/{method}"), params.clone());
            assert_eq!(answer["error"]["code"], -32602, "{method} {params}: {answer}");
        }
        for method in ["didOpen", "didChange", "didClose", "didSave", "unheardOf"] {
            let note = json!({ "jsonrpc": "2.0", "method": format!("textDocument/{method}"), "params": params });
            assert_eq!(
                probe.survives(&framed(note.to_string().as_bytes())),
                Vec::<Value>::new(),
                "{note}"
            );
        }
    }
    for note in [
        json!({ "method": "$/cancelRequest", "params": { "id": 12_345 } }),
        json!({ "method": "$/cancelRequest", "params": null }),
        json!({ "method": "$/setTrace", "params": { "value": "verbose" } }),
        json!({ "method": "initialized" }),
        json!({ "method": "workspace/didChangeWorkspaceFolders", "params": { "event": { "added": 5 } } }),
        json!({ "method": "workspace/didChangeWatchedFiles", "params": 5 }),
        json!({ "id": 12_345, "result": null }),
        json!({ "id": null, "error": { "code": 1, "message": "" } }),
        json!({ "result": 5 }),
    ] {
        assert_eq!(
            probe.survives(&framed(note.to_string().as_bytes())),
            Vec::<Value>::new(),
            "{note}"
        );
    }
}

#[test]
fn documents_that_are_no_plain_files_are_no_trouble() {
    let mut probe = Probe::start();
    let pipe = probe.editor.path("pipe.net");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let pipe = probe.editor.uri("pipe.net");
    let folder = probe.editor.uri("");
    let text = "import \"pipe.net\": a\nimport \"/dev/zero\": b\nimport \".\": c\nnet x {\n";
    for uri in [
        pipe.as_str(),
        folder.as_str(),
        "file:///dev/zero",
        "file:///proc/self/mem",
        "file://",
        "file:///",
        "file:relative.net",
        "file:///%FF%FE.net",
        "file:///a%00b.net",
        "file:///%zz.net",
        "untitled:Untitled-1",
        "http://example.org/a.net",
        "",
        "no uri at all",
        "file:///tmp/\u{e9}.net",
    ] {
        for method in
            ["hover", "references", "documentSymbol", "inlayHint", "codeAction", "completion"]
        {
            let params = json!({
                "textDocument": { "uri": uri }, "position": at(0, 10), "newName": "y",
                "range": { "start": at(0, 0), "end": at(9, 0) },
                "context": { "includeDeclaration": true, "diagnostics": [] },
            });
            let answer = probe.editor.ask(&format!("textDocument/{method}"), params.clone());
            assert_ne!(answer["error"]["code"], -32603, "{method} of {uri}");
        }
        let document = json!({ "uri": uri, "languageId": "net", "version": -1, "text": text });
        probe.editor.tell("textDocument/didOpen", json!({ "textDocument": document }));
        let change = json!({ "textDocument": { "uri": uri, "version": -2 }, "contentChanges": [{ "text": "" }] });
        probe.editor.tell("textDocument/didChange", change);
        probe.editor.tell("textDocument/didClose", json!({ "textDocument": { "uri": uri } }));
        probe.survives(b"");
    }
}

#[test]
fn changes_that_make_no_sense_leave_a_text_that_can_be_replaced() {
    let mut probe = Probe::start();
    let text = "net x { # \u{1F600}\n  input image: [N, 3, 8, 8]\n";
    for name in ["never_opened.net", "x.net", "x.net"] {
        if name == "x.net" {
            probe.editor.open(name, text);
        }
        let document = json!({ "uri": probe.editor.uri(name), "version": -5 });
        for [line, column, to_line, to_column] in [
            [0, 11, 0, 11],
            [0, 11, 0, 12],
            [1, 9, 0, 3],
            [0, 0, u32::MAX, u32::MAX],
            [u32::MAX, u32::MAX, 0, 0],
            [7, 7, 7, 7],
        ] {
            let range = json!({ "start": at(line, column), "end": at(to_line, to_column) });
            let changes = json!([{ "range": range, "rangeLength": 99_999, "text": "\u{1F600}\r" }]);
            let change = json!({ "textDocument": document, "contentChanges": changes });
            probe.editor.tell("textDocument/didChange", change);
        }
        probe.survives(b"");
    }
    let whole = probe.editor.text("base.net");
    assert_eq!(probe.editor.change("x.net", &whole), Vec::<Value>::new());
}

#[test]
fn requests_come_between_initialize_and_shutdown() {
    let mut editor = Editor::bare();
    editor.tell("textDocument/didOpen", json!({ "textDocument": { "uri": "file:///x.net" } }));
    for method in ["textDocument/hover", "shutdown", "netc/any"] {
        assert_eq!(editor.ask(method, json!({}))["error"]["code"], -32002, "{method}");
    }
    let answer = editor.ask("initialize", json!(null));
    assert_eq!(answer["result"]["capabilities"]["hoverProvider"], true);
    assert_eq!(editor.ask("initialize", json!({ "capabilities": {} }))["error"]["code"], -32600);
    // An editor that never says `initialized` is answered too.
    assert_eq!(editor.ask("netc/any", json!(null))["error"]["code"], -32601);
    assert_eq!(editor.ask("shutdown", json!(null))["result"], Value::Null);
    for method in ["textDocument/hover", "shutdown", "initialize"] {
        assert_eq!(editor.ask(method, json!({}))["error"]["code"], -32600, "{method}");
    }
    editor.tell("textDocument/didOpen", json!({ "textDocument": {} }));
    editor.tell("exit", json!(null));
    assert_eq!(editor.ended(), Some(0));
}

#[test]
fn the_end_of_the_input_or_exit_ends_the_server_with_the_code_of_the_protocol() {
    for (shutdown, exit, code) in
        [(true, true, 0), (true, false, 0), (false, true, 1), (false, false, 1)]
    {
        let mut editor = Editor::start();
        if shutdown {
            editor.ask("shutdown", json!(null));
        }
        if exit {
            editor.tell("exit", json!(null));
        } else {
            editor.hang_up();
        }
        assert_eq!(editor.ended(), Some(code), "shutdown {shutdown}, exit {exit}");
    }
    let mut editor = Editor::bare();
    editor.tell("exit", json!(null));
    assert_eq!(editor.ended(), Some(1));
    let mut editor = Editor::start();
    editor.write_bytes(b"Content-Length: 500\r\n\r\n{\"jsonrpc\"");
    editor.hang_up();
    assert_eq!(editor.ended(), Some(1));
}

#[test]
fn a_request_that_was_cancelled_while_it_waited_is_answered_so() {
    let mut editor = Editor::start();
    let text = "net x {\n  input image: [N, 3, 8, 8]\n".to_owned() + &"  relu\n".repeat(15_000);
    editor.send_open("x.net", &text);
    let ask = |id: u32| json!({ "jsonrpc": "2.0", "id": id, "method": "netc/any" });
    let cancel = json!({ "jsonrpc": "2.0", "method": "$/cancelRequest", "params": { "id": 901 } });
    let hover = json!({
        "jsonrpc": "2.0", "id": 900, "method": "textDocument/hover",
        "params": { "textDocument": { "uri": editor.uri("x.net") }, "position": at(9, 3) },
    });
    let bytes =
        [hover, ask(901), ask(902), cancel].map(|m| framed(m.to_string().as_bytes())).concat();
    editor.write_bytes(&bytes);
    let (answers, _) = editor.ask_after("netc/any", json!(null));
    let code = |id: u32| answers.iter().find(|a| a["id"] == id).map(|a| a["error"]["code"].clone());
    // The server may have come to it before it read that nobody needs it.
    assert!([Some(json!(-32800)), Some(json!(-32601))].contains(&code(901)), "{answers:?}");
    assert_eq!(code(902), Some(json!(-32601)));
}
