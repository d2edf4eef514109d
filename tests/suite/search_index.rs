//! What watches a search: its index, its state, its page.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;

use netc::search::{Index, Watcher, read_runs};

use crate::report::search;

/// Three widths at two lengths, five runs each, of which the first 20 in the plan's order are over.
fn some() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    search(folder.path(), |variant, epochs, seed| {
        let accuracy = 50.0 + variant as f64 + seed as f64 / 10.0;
        match (epochs, seed) {
            (_, 4) => None,
            (3, 3) => None,
            (3, 2) if variant == 1 => Some((-1.0, 5.0)),
            _ => Some((accuracy, 10.0 * f64::from(epochs))),
        }
    });
    folder
}

#[test]
fn the_index_says_what_the_files_say_and_is_rebuilt_at_will() {
    let folder = some();
    let mut runs = read_runs(folder.path()).unwrap();
    for run in &mut runs {
        (run.inputs.text, run.inputs.recipe) = (String::new(), String::new());
    }
    let index = || Index::open(folder.path()).unwrap().runs().unwrap();
    // A database beside the runs is a stranger's: it is neither believed nor touched.
    let file = folder.path().join("index.sqlite");
    std::fs::write(&file, "a stranger's").unwrap();
    assert_eq!(index(), runs);
    assert_eq!(index(), runs, "from the database alone");
    assert_eq!(std::fs::read(&file).unwrap(), b"a stranger's");
    std::fs::remove_dir_all(folder.path().join("runs").join(runs[0].id.as_str())).unwrap();
    assert_eq!(index(), runs[1..], "a run that is gone");
    let path = folder.path().join("runs").join(runs[1].id.as_str()).join("run.jsonl");
    let text = std::fs::read_to_string(&path).unwrap();
    let without_end: Vec<&str> = text.lines().filter(|line| !line.contains("\"end\"")).collect();
    std::fs::write(&path, without_end.join("\n")).unwrap();
    assert!(index()[0].end.is_none(), "a file that has changed is read again");
}

#[test]
fn a_database_of_the_runs_answers_sql() {
    let folder = some();
    let file = folder.path().join("runs.sqlite");
    let output = Command::new(env!("CARGO_BIN_EXE_netc"))
        .args([
            "report",
            &folder.path().display().to_string(),
            "--output",
            &file.display().to_string(),
        ])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let db = rusqlite::Connection::open(&file).unwrap();
    let query = "SELECT count(*), max(accuracy) FROM runs WHERE state = 'finished' AND epochs = 2";
    let (count, best): (i64, f64) =
        db.query_row(query, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    assert!(count == 12 && (best - 52.3).abs() < 1e-9, "{count} {best}");
    let epochs: i64 = db.query_row("SELECT count(*) FROM epochs", [], |row| row.get(0)).unwrap();
    assert_eq!(epochs, 12 * 2 + 8 * 3 + 1);
}

/// A client that says nothing, or a byte now and then, is left; meanwhile others are answered.
#[test]
fn clients_that_do_not_ask_do_not_hold_the_page() {
    let folder = some();
    let address = netc::search::serve::serve(folder.path(), 0).unwrap();
    let mut silent: Vec<TcpStream> =
        (0..40).map(|_| TcpStream::connect(address).unwrap()).collect();
    for stream in &mut silent {
        stream.write_all(b"GET / HT").unwrap();
    }
    let page = ask(address, "GET /status.json HTTP/1.1\r\nHost: localhost");
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
    for mut stream in silent {
        stream.set_read_timeout(Some(std::time::Duration::from_secs(120))).unwrap();
        // It ends, whatever it says.
        let _ = stream.read_to_end(&mut Vec::new());
    }
    let long = format!("GET / HTTP/1.1\r\nHost: localhost\r\nX: {}", "x".repeat(100_000));
    let mut stream = TcpStream::connect(address).unwrap();
    let _ = stream.write_all(format!("{long}\r\n\r\n").as_bytes());
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    assert!(!String::from_utf8_lossy(&answer).contains("200 OK"), "a head of 100 kB is refused");
}

#[test]
fn the_state_counts_every_run_once() {
    let folder = some();
    let (status, news) = Watcher::new(folder.path()).unwrap().look().unwrap();
    assert_eq!((status.planned, status.finished, status.failed, status.waiting), (30, 20, 1, 9));
    assert!(news.is_empty() && status.running.is_empty() && status.left.is_none());
    let best: Vec<(&str, u32)> =
        status.means.iter().map(|m| (m.variant.as_str(), m.epochs)).collect();
    assert_eq!(best[0], ("width=16", 3));
    assert_eq!(best.len(), 6);
    let output = Command::new(env!("CARGO_BIN_EXE_netc"))
        .args(["search", "status"])
        .arg(folder.path())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("20 of 30 runs finished, 1 failed, 9 waiting\n"), "{text}");
}

fn ask(address: std::net::SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(format!("{request}\r\nConnection: close\r\n\r\n").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn the_page_is_for_this_machine_alone_and_changes_nothing() {
    let folder = some();
    let address = netc::search::serve::serve(folder.path(), 0).unwrap();
    assert!(address.ip().is_loopback());
    let page = ask(address, "GET / HTTP/1.1\r\nHost: localhost:1");
    assert!(page.starts_with("HTTP/1.1 200") && page.contains("20 of 30 runs finished"), "{page}");
    let status = ask(address, "GET /status.json HTTP/1.1\r\nHost: 127.0.0.1");
    assert!(status.contains("\"waiting\":9"), "{status}");
    let stranger = ask(address, "GET / HTTP/1.1\r\nHost: example.org");
    assert!(stranger.starts_with("HTTP/1.1 403"), "{stranger}");
    let write = ask(address, "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0");
    assert!(write.starts_with("HTTP/1.1 405"), "{write}");
    let taken = netc::search::serve::serve(folder.path(), address.port()).unwrap_err().to_string();
    assert!(taken.contains("--serve=PORT"), "{taken}");
}
