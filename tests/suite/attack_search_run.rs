//! Folders of searches from strangers, gone on with by a worker: see `attack_search`.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Output};

use netc::disk::Folder;
use netc::search::lease::Claimer;
use netc::search::{Plan, Run, read_runs};

use crate::data::npz::{npy, npz};

const NET: &str = "net tiny(width: one_of(2, 4) = 2) {
  input image: [N, 3, 8, 8]
  conv(width) -> bn -> relu -> globalavgpool -> flatten -> linear(2)
  output logits: [N, 2]
  recipe { epochs = 2, batch_size = 4, crop_pad = 0, flip = false, cutout = 0 }
}
";

/// A folder with a net and sixteen images of two classes.
fn project() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("tiny.net"), NET).unwrap();
    images(folder.path(), 1);
    folder
}

/// Images drawn from a seed.
fn images(folder: &Path, seed: u8) {
    let pixels = |n: usize| -> Vec<u8> {
        (0..n * 3 * 64).map(|i| (i as u8).wrapping_mul(seed).wrapping_add(seed)).collect()
    };
    let labels = |n: usize| -> Vec<u8> { (0..n).map(|i| (i % 2) as u8).collect() };
    let arrays = [
        ("x_train", npy("|u1", &[16, 3, 8, 8], &pixels(16))),
        ("y_train", npy("|u1", &[16], &labels(16))),
        ("x_test", npy("|u1", &[4, 3, 8, 8], &pixels(4))),
        ("y_test", npy("|u1", &[4], &labels(4))),
    ];
    npz(&folder.join("images.npz"), zip::CompressionMethod::Stored, &arrays);
}

fn search(folder: &Path, args: &[&str]) -> Output {
    Command::new(crate::programs::netc_torch())
        .arg("search")
        .args(args)
        .current_dir(folder)
        .env("XDG_CACHE_HOME", folder.join("cache"))
        .env("OMP_NUM_THREADS", "1")
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.clone(), output.stderr.clone()].concat()).into_owned()
}

/// A finished search of two variants, two runs each.
fn finished() -> tempfile::TempDir {
    let folder = project();
    let args =
        ["tiny.net", "--over", "width", "--runs", "2", "--data", "images.npz", "--output", "s"];
    let done = search(folder.path(), &[&args[..], &["--precision", "fp32"]].concat());
    assert!(done.status.success(), "{}", said(&done));
    folder
}

/// What the runs came to, without times and attempts.
fn results(folder: &Path) -> BTreeMap<String, Vec<(u64, u64)>> {
    let bits = |run: &Run| {
        run.epochs
            .iter()
            .map(|e| (e.train.loss().to_bits(), e.test.unwrap().loss().to_bits()))
            .collect()
    };
    read_runs(&folder.join("s"))
        .unwrap()
        .iter()
        .map(|run| (run.id.to_string(), bits(run)))
        .collect()
}

/// The names in a folder, in order.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_search_goes_on_with_the_images_that_it_began_with() {
    let folder = finished();
    images(folder.path(), 3);
    let again = search(folder.path(), &["s"]);
    assert_eq!(again.status.code(), Some(1));
    assert!(
        said(&again).contains("does not hold the images that this search began with"),
        "{}",
        said(&again)
    );
    let args = [
        "tiny.net",
        "--over",
        "width",
        "--runs",
        "3",
        "--data",
        "images.npz",
        "--precision",
        "fp32",
    ];
    let planned = search(folder.path(), &[&args[..], &["--output", "s"]].concat());
    assert_eq!(planned.status.code(), Some(1));
    assert!(said(&planned).contains("holds a search on other images"), "{}", said(&planned));
    images(folder.path(), 1);
    assert!(search(folder.path(), &["s"]).status.success());
}

#[test]
fn a_damaged_run_is_done_again_and_the_others_are_not() {
    let folder = finished();
    let (place, before) = (folder.path().join("s"), results(folder.path()));
    let plan = Plan::read(&place).unwrap();
    let own = |run: usize| Plan::run_folder(&place, &plan.runs[run].id);
    let outside = folder.path().join("outside.jsonl");
    fs::write(&outside, "mine\n").unwrap();
    // Four bytes of a crash; a link; a training cut short whose checkpoint is noise; a folder that
    // is no file.
    let file = own(0).join("run.jsonl");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text + "\0\0\0\0").unwrap();
    fs::remove_file(own(1).join("run.jsonl")).unwrap();
    symlink(&outside, own(1).join("run.jsonl")).unwrap();
    let file = own(2).join("run.jsonl");
    let text = fs::read_to_string(&file).unwrap();
    let whole: Vec<&str> = text.lines().take(3).collect();
    fs::write(&file, whole.join("\n") + "\n").unwrap();
    fs::write(own(2).join("checkpoint.safetensors"), "noise").unwrap();
    fs::write(own(2).join("lease.4000000000"), "").unwrap();
    fs::remove_file(own(3).join("run.jsonl")).unwrap();
    fs::create_dir(own(3).join("run.jsonl")).unwrap();
    let report =
        Command::new(env!("CARGO_BIN_EXE_netc")).arg("report").arg(&place).output().unwrap();
    assert!(
        report.status.success() && said(&report).contains("3 runs are damaged"),
        "{}",
        said(&report)
    );
    let again = search(folder.path(), &["s"]);
    let text = said(&again);
    assert_eq!(again.status.code(), Some(1), "{text}");
    assert!(text.contains("1 run could not be done") && text.contains("is done again"), "{text}");
    let mut expected = before;
    expected.remove(plan.runs[3].id.as_str());
    assert_eq!(results(folder.path()), expected);
    assert_eq!(fs::read_to_string(&outside).unwrap(), "mine\n");
    fs::remove_dir(own(3).join("run.jsonl")).unwrap();
    let rest = search(folder.path(), &["s"]);
    assert!(rest.status.success(), "{}", said(&rest));
}

#[test]
fn of_a_run_that_is_over_what_is_kept_stays_alone() {
    let folder = finished();
    let place = folder.path().join("s");
    let plan = Plan::read(&place).unwrap();
    let own = Plan::run_folder(&place, &plan.runs[0].id);
    assert_eq!(names(&own), ["lease.1", "run.jsonl"]);
    let outside = folder.path().join("outside.safetensors");
    fs::write(&outside, "mine").unwrap();
    for name in ["checkpoint.before.safetensors", ".checkpoint.safetensors.9-0.tmp", "notes.txt"] {
        fs::write(own.join(name), "left").unwrap();
    }
    symlink(&outside, own.join("checkpoint.safetensors")).unwrap();
    assert!(search(folder.path(), &["s"]).status.success());
    assert_eq!(names(&own), ["lease.1", "notes.txt", "run.jsonl"]);
    assert_eq!(fs::read_to_string(&outside).unwrap(), "mine");
}

#[test]
fn nothing_outside_is_written_by_a_worker() {
    let folder = finished();
    let place = folder.path().join("s");
    let outside = folder.path().join("outside");
    fs::create_dir(&outside).unwrap();
    for name in ["a.tmp", "checkpoint.safetensors", "worker-0.log"] {
        fs::write(outside.join(name), "mine").unwrap();
    }
    fs::create_dir_all(place.join("logs")).unwrap();
    symlink(outside.join("worker-0.log"), place.join("logs/worker-0.log")).unwrap();
    assert!(search(folder.path(), &["s", "--workers", "2"]).status.success());
    fs::remove_dir_all(place.join("logs")).unwrap();
    symlink(&outside, place.join("logs")).unwrap();
    let refused = search(folder.path(), &["s", "--workers", "2"]);
    assert_eq!(refused.status.code(), Some(1), "{}", said(&refused));
    let plan = fs::read_to_string(place.join("plan.json")).unwrap();
    let id = Plan::read(&place).unwrap().runs[0].id.to_string();
    for path in ["../../outside".to_string(), outside.display().to_string()] {
        fs::write(place.join("plan.json"), plan.replacen(&id, &path, 1)).unwrap();
        let refused = search(folder.path(), &["s"]);
        assert_eq!(refused.status.code(), Some(1), "{}", said(&refused));
        assert!(said(&refused).contains("runs[0].id"), "{}", said(&refused));
    }
    assert_eq!(names(&outside), ["a.tmp", "checkpoint.safetensors", "worker-0.log"]);
    assert!(
        names(&outside)
            .iter()
            .all(|name| fs::read_to_string(outside.join(name)).unwrap() == "mine")
    );
}

#[test]
fn the_images_of_a_strangers_plan_are_opened_where_the_user_names_them() {
    let folder = finished();
    // The key that tells this user's folders from others.
    fs::remove_dir_all(folder.path().join("cache")).unwrap();
    let refused = search(folder.path(), &["s"]);
    assert_eq!(refused.status.code(), Some(1), "{}", said(&refused));
    assert!(said(&refused).contains("netc search s --data"), "{}", said(&refused));
    let named = search(folder.path(), &["s", "--data", "images.npz"]);
    // Workers on other machines start in other folders.
    let script = search(folder.path(), &["s", "--data", "images.npz", "--emit", "slurm"]);
    let whole = folder.path().join("images.npz").display().to_string();
    assert!(said(&script).contains(&whole), "{}", said(&script));
    assert!(named.status.success(), "{}", said(&named));
    let workers = search(folder.path(), &["s", "--data", "images.npz", "--workers", "2"]);
    assert!(workers.status.success(), "{}", said(&workers));
}

#[test]
fn a_limit_that_leaves_no_image_out_is_none() {
    let folder = project();
    let args =
        ["tiny.net", "--runs", "1", "--data", "images.npz", "--output", "s", "--precision", "fp32"];
    let done = search(
        folder.path(),
        &[&args[..], &["--limit-train", "1000", "--limit-test", "2"]].concat(),
    );
    assert!(done.status.success(), "{}", said(&done));
    let spec = Plan::read(&folder.path().join("s")).unwrap().spec;
    assert_eq!((spec.limit_train, spec.limit_test), (None, Some(2)));
    assert!(said(&done).contains("1 variant, 2 epochs, 1 run of each: 1 run\n"), "{}", said(&done));
}

#[test]
fn a_search_in_which_every_run_fails_fails() {
    let folder = project();
    fs::write(folder.path().join("small.net"), NET).unwrap();
    let rate = ["--recipe", "lr_epochs=[0, 9]", "--recipe", "lr_values=[1000000, 1000000]"];
    let nets = ["small.net", "--runs", "2", "--data", "images.npz", "--output", "s"];
    let done = search(folder.path(), &[&nets[..], &rate].concat());
    assert_eq!(done.status.code(), Some(1), "{}", said(&done));
    assert!(said(&done).contains("no run could be finished: 2 runs failed"), "{}", said(&done));
}

#[test]
fn a_lease_that_was_taken_over_does_not_return() {
    let folder = tempfile::tempdir().unwrap();
    let own = Folder::open(folder.path()).unwrap();
    let lease = Claimer::default().claim(&own).unwrap().unwrap();
    fs::write(folder.path().join("lease.2"), "").unwrap();
    fs::remove_file(folder.path().join("lease.1")).unwrap();
    // Longer than a heartbeat.
    std::thread::sleep(std::time::Duration::from_secs(4));
    assert!(!lease.holds());
    drop(lease);
    assert_eq!(names(folder.path()), ["lease.2"]);
}
