//! Searches by the real command: nothing is lost.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use netc::search::read_runs;

use crate::search::small;

fn search(folder: &Path, out: &str) -> Command {
    let mut command = Command::new(crate::programs::netc_torch());
    command.args(["search", "small.net", "--over", "width", "--runs", "2", "--data", "synthetic"]);
    command.args([
        "--limit-train",
        "512",
        "--limit-test",
        "128",
        "--precision",
        "fp32",
        "--output",
        out,
    ]);
    command
        .current_dir(folder)
        .env("OMP_NUM_THREADS", "1")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Every epoch of every run to the bit, without the times.
fn metrics(folder: &Path) -> BTreeMap<String, Vec<(u32, u64, u64)>> {
    let runs = read_runs(folder).unwrap();
    assert!(runs.iter().all(|run| run.finished() && run.epochs.len() == 3));
    let bits = |run: &netc::search::Run| {
        run.epochs
            .iter()
            .map(|e| (e.epoch, e.train.loss().to_bits(), e.test.unwrap().loss().to_bits()))
            .collect()
    };
    runs.iter().map(|run| (run.id.to_string(), bits(run))).collect()
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.clone(), output.stderr.clone()].concat()).into_owned()
}

#[test]
fn a_search_that_is_killed_again_and_again_ends_as_one_that_is_not() {
    let (folder, _) = small();
    let whole = search(folder.path(), "whole").output().unwrap();
    assert!(whole.status.success(), "{}", text(&whole));
    for pause in [900, 1200, 1500, 1800] {
        let mut child = search(folder.path(), "killed").spawn().unwrap();
        std::thread::sleep(Duration::from_millis(pause));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    // Two workers at once finish it.
    let mut one = search(folder.path(), "killed").spawn().unwrap();
    let other = search(folder.path(), "killed").output().unwrap();
    assert!(one.wait().unwrap().success() && other.status.success(), "{}", text(&other));
    let (whole, killed) =
        (metrics(&folder.path().join("whole")), metrics(&folder.path().join("killed")));
    assert_eq!(whole.len(), 4);
    assert_eq!(whole, killed);
}

#[test]
fn several_workers_stop_together_and_go_on() {
    let (folder, _) = small();
    let whole = search(folder.path(), "whole").output().unwrap();
    assert!(whole.status.success(), "{}", text(&whole));
    let mut child = search(folder.path(), "shared").args(["--workers", "2"]).spawn().unwrap();
    let begun = || read_runs(&folder.path().join("shared")).is_ok_and(|runs| runs.len() >= 2);
    let start = std::time::Instant::now();
    while !begun() {
        assert!(start.elapsed() < Duration::from_secs(60), "no run begins");
        std::thread::sleep(Duration::from_millis(20));
    }
    let told = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(told.success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let rest = search(folder.path(), "shared").args(["--workers", "2"]).output().unwrap();
    assert!(rest.status.success(), "{}", text(&rest));
    assert!(text(&rest).contains("4 of 4 runs finished"), "{}", text(&rest));
    assert_eq!(metrics(&folder.path().join("whole")), metrics(&folder.path().join("shared")));
}
