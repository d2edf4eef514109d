//! Searches by the real command: nothing is lost.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::slice::from_mut;
use std::time::Duration;

use netc::run::RunFolder;
use netc::search::read_runs;

use crate::programs::wait_until;
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
fn a_search_of_which_no_run_could_be_done_is_refused() {
    let (folder, _) = small();
    for dry in [true, false] {
        let mut command = search(folder.path(), "refused");
        command.args(["--recipe", "crop_pad=40"]).args(dry.then_some("--dry-run"));
        let output = command.output().unwrap();
        let said = text(&output);
        assert!(!output.status.success() && said.contains("no search: variant `"), "{said}");
        assert!(said.contains("expected `crop_pad` below"), "{said}");
        assert!(!folder.path().join("refused").exists());
    }
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
    wait_until(from_mut(&mut child), "two runs", || begun().then_some(()));
    let told = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(told.success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let rest = search(folder.path(), "shared").args(["--workers", "2"]).output().unwrap();
    assert!(rest.status.success(), "{}", text(&rest));
    assert!(text(&rest).contains("4 of 4 runs finished"), "{}", text(&rest));
    assert_eq!(metrics(&folder.path().join("whole")), metrics(&folder.path().join("shared")));
}

/// Stops a search when a run has done an epoch and not all; that run's folder.
fn stopped(folder: &Path, out: &str) -> PathBuf {
    let mut child = search(folder, out).args(["--save-every", "0"]).spawn().unwrap();
    let begun = || {
        let runs = read_runs(&folder.join(out)).unwrap_or_default();
        runs.into_iter().find(|run| (1..3).contains(&run.epochs.len()))
    };
    let run = wait_until(from_mut(&mut child), "an epoch", begun);
    let told = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(told.success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    folder.join(out).join("runs").join(run.id.as_str())
}

#[test]
fn a_search_that_is_stopped_says_how_to_go_on_and_one_that_is_moved_where() {
    let (folder, _) = small();
    let begun = |out: &str, child: &mut Child| {
        let begun = || read_runs(&folder.path().join(out)).is_ok_and(|runs| !runs.is_empty());
        wait_until(from_mut(child), "a run", || begun().then_some(()));
    };
    let mut child = search(folder.path(), "a b").args(["--epochs", "1000"]).spawn().unwrap();
    begun("a b", &mut child);
    let told = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(told.success());
    let stopped = child.wait_with_output().unwrap();
    assert!(text(&stopped).contains("to go on: netc search 'a b'\n"), "{}", text(&stopped));
    let mut child = search(folder.path(), "here").args(["--epochs", "1000"]).spawn().unwrap();
    begun("here", &mut child);
    std::fs::rename(folder.path().join("here"), folder.path().join("there")).unwrap();
    let told = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(told.success());
    let moved = child.wait_with_output().unwrap();
    assert_eq!(moved.status.code(), Some(1), "{}", text(&moved));
    let words = "here is no longer the folder that this search began in";
    assert!(text(&moved).contains(words), "{}", text(&moved));
}

/// After how many epochs each attempt at a run began.
fn attempts(run: &Path) -> Vec<u32> {
    let runs = read_runs(run.parent().unwrap().parent().unwrap()).unwrap();
    let name = run.file_name().unwrap();
    let run = runs.iter().find(|run| name == run.id.as_str()).unwrap();
    run.attempts.iter().map(|attempt| attempt.after_epoch).collect()
}

#[test]
fn a_checkpoint_that_cannot_be_replaced_stays() {
    let (folder, _) = small();
    let run = stopped(folder.path(), "full");
    let mut limited = Command::new("bash");
    limited.args(["-c", "trap '' XFSZ; ulimit -f 2 && exec \"$@\"", "limited"]);
    let again = search(folder.path(), "full");
    limited.arg(again.get_program()).args(again.get_args()).args(["--save-every", "0"]);
    limited.current_dir(folder.path()).env("OMP_NUM_THREADS", "1");
    let full = limited.output().unwrap();
    assert!(!full.status.success() && text(&full).contains("File too large"), "{}", text(&full));
    assert!(run.join(RunFolder::CHECKPOINT).exists());
    assert!(search(folder.path(), "full").output().unwrap().status.success());
    assert!(attempts(&run)[1..].iter().all(|&after| after > 0), "{:?}", attempts(&run));
}

#[test]
fn a_run_with_only_the_previous_checkpoint_goes_on_from_it() {
    let (folder, _) = small();
    let run = stopped(folder.path(), "before");
    std::fs::rename(run.join(RunFolder::CHECKPOINT), run.join(RunFolder::BEFORE)).unwrap();
    let rest = search(folder.path(), "before").output().unwrap();
    assert!(rest.status.success(), "{}", text(&rest));
    assert!(attempts(&run)[1] > 0, "{:?}", attempts(&run));
}
