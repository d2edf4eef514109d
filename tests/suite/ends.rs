//! How a training ends: when it is asked to, and when nobody reads what it says.

use std::fs::{self, OpenOptions};
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::time::{Duration, Instant};

use netc::run::{Outcome, RunFolder};

use crate::run_folder::{netc, place, signal, text, train, wait_for};

/// The sixteen images are one step of an epoch.
const ONE_STEP: &str = "batch_size: 512\npeak_lr: 0.01\ncrop_pad: 0\ncutout: 0\n";

#[test]
fn an_epoch_of_one_step_is_stopped_too() {
    for name in ["-INT", "-TERM"] {
        let folder = place();
        fs::write(folder.path().join("recipe.yaml"), ONE_STEP).unwrap();
        let run = folder.path().join("run");
        let mut child = train(folder.path(), "100000", &["--output", "run"]).spawn().unwrap();
        wait_for(&run, 3);
        let start = Instant::now();
        signal(&child, name);
        assert_eq!(child.wait().unwrap().code(), Some(130));
        assert!(start.elapsed() < Duration::from_secs(60), "{name}: {:?}", start.elapsed());
        let info = RunFolder::info(&run).unwrap();
        assert_eq!(info.outcome, Outcome::Interrupted);
        let rows = RunFolder::log(&run).unwrap().rows.len();
        assert!(rows < 100_000);
        let mut rest = netc(folder.path(), &["train", "--resume", "run"]).spawn().unwrap();
        wait_for(&run, rows + 1);
        signal(&rest, name);
        assert_eq!(rest.wait().unwrap().code(), Some(130));
    }
}

#[test]
fn a_reader_that_goes_away_does_not_end_a_training() {
    let folder = place();
    let mut child = train(folder.path(), "6", &["--output", "run"]).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("small: "), "{line}");
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    assert_eq!(
        text(&output).matches("the work goes on without it").count(),
        1,
        "{}",
        text(&output)
    );
    let run = folder.path().join("run");
    assert_eq!(RunFolder::info(&run).unwrap().outcome, Outcome::Finished);
    assert_eq!(RunFolder::log(&run).unwrap().rows.len(), 6);
}

#[test]
fn a_full_disk_behind_standard_output_fails_a_training_that_is_done() {
    let folder = place();
    let full = || OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = train(folder.path(), "3", &["--output", "run"]).stdout(full()).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    assert!(text(&output).contains("No space left"), "{}", text(&output));
    assert_eq!(RunFolder::info(&folder.path().join("run")).unwrap().outcome, Outcome::Finished);
    for args in [
        &["eval", "run"][..],
        &["predict", "run", "images/test/dark/0.png"],
        &["plot", "run"],
        &["export", "run", "--format", "safetensors", "-o", "out"],
    ] {
        let output = netc(folder.path(), args).stdout(full()).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{args:?}: {}", text(&output));
        assert!(
            text(&output).contains("standard output: No space left"),
            "{args:?}: {}",
            text(&output)
        );
    }
}

#[test]
fn a_training_needs_no_standard_error() {
    let folder = place();
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = train(folder.path(), "2", &["--output", "run"])
        .stdout(Stdio::null())
        .stderr(full)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
}
