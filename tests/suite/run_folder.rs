//! Who owns the folder of a run, what a run that goes on is held to, and what of a stranger's run
//! is believed.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use netc::run::{RunAttempt, RunFolder};

use crate::attack::copy;

const NET: &str = "net small {
  input image: [N, 3, 8, 8]
  stem: conv(4) -> bn -> relu -> maxpool(4)
  head: flatten -> linear(2)
  output logits: [N, 2]
}
";
const RECIPE: &str = "batch_size: 8\npeak_lr: 0.01\ncrop_pad: 0\ncutout: 0\n";

/// A folder with a net, a recipe, and images of two classes.
pub fn place() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("small.net"), NET).unwrap();
    fs::write(folder.path().join("recipe.yaml"), RECIPE).unwrap();
    images(&folder.path().join("images"), 0);
    folder
}

/// Eight images to train on and four to test, of each class; `shade` tells sets apart.
fn images(folder: &Path, shade: u8) {
    for (split, count) in [("train", 8), ("test", 4)] {
        for (class, bright) in [("dark", 40), ("light", 200)] {
            let class = folder.join(split).join(class);
            fs::create_dir_all(&class).unwrap();
            for i in 0..count {
                let pixel =
                    |x: u32, y: u32| image::Rgb([bright + shade, (x * 8 + y) as u8, i * 10]);
                image::RgbImage::from_fn(8, 8, pixel).save(class.join(format!("{i}.png"))).unwrap();
            }
        }
    }
}

/// `netc` in a folder, the user's cache in it too.
pub fn netc(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_netc"));
    command.args(args).current_dir(folder).stdin(Stdio::null());
    command.env("OMP_NUM_THREADS", "1").env("XDG_CACHE_HOME", folder.join("cache"));
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// `netc train` of the net for so many epochs.
pub fn train(folder: &Path, epochs: &str, more: &[&str]) -> Command {
    let args =
        ["train", "small.net", "--recipe", "recipe.yaml", "--data", "images", "--device", "cpu"];
    netc(folder, &[&args[..], &["--precision", "fp32", "--epochs", epochs], more].concat())
}

pub fn text(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.clone(), output.stderr.clone()].concat()).into_owned()
}

#[track_caller]
fn good(output: &Output) -> String {
    assert!(output.status.success(), "{}", text(output));
    text(output)
}

#[track_caller]
fn refused(output: &Output, words: &[&str]) {
    assert_eq!(output.status.code(), Some(1), "{}", text(output));
    for words in words {
        assert!(text(output).contains(words), "no `{words}` in {}", text(output));
    }
}

/// Waits until a run has so many epochs in its log.
pub fn wait_for(run: &Path, epochs: usize) {
    let start = Instant::now();
    let rows = || fs::read_to_string(run.join("log.jsonl")).map_or(0, |log| log.lines().count());
    while rows() < 1 + epochs {
        assert!(start.elapsed() < Duration::from_secs(300), "no epoch");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Waits until a run is gone on with.
fn resumed(run: &Path) {
    let start = Instant::now();
    while RunFolder::info(run).unwrap().attempts.len() < 2 {
        assert!(start.elapsed() < Duration::from_secs(300), "it does not go on");
        std::thread::sleep(Duration::from_millis(10));
    }
}

pub fn signal(child: &Child, name: &str) {
    assert!(Command::new("kill").args([name, &child.id().to_string()]).status().unwrap().success());
}

/// A run of so many epochs that was interrupted after a few.
pub fn interrupted(folder: &Path, epochs: &str, out: &str, more: &[&str]) {
    let mut child = train(folder, epochs, &[&["--output", out], more].concat()).spawn().unwrap();
    wait_for(&folder.join(out), 2);
    signal(&child, "-INT");
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

#[test]
fn trainings_that_start_together_get_folders_of_their_own() {
    let folder = place();
    let children: Vec<Child> =
        (0..3).map(|_| train(folder.path(), "2", &[]).spawn().unwrap()).collect();
    let said: Vec<String> =
        children.into_iter().map(|child| good(&child.wait_with_output().unwrap())).collect();
    for name in ["small-0", "small-0-2", "small-0-3"] {
        let written = format!("written to runs/{name}\n");
        assert_eq!(
            said.iter().filter(|text| text.contains(&written)).count(),
            1,
            "{name}: {said:?}"
        );
        assert_eq!(RunFolder::log(&folder.path().join("runs").join(name)).unwrap().rows.len(), 2);
    }
}

#[test]
fn of_trainings_that_start_together_in_one_folder_one_goes_on() {
    let folder = place();
    let start = || train(folder.path(), "40", &["--output", "run"]).spawn().unwrap();
    let outputs: Vec<Output> = [start(), start(), start()]
        .into_iter()
        .map(|child| child.wait_with_output().unwrap())
        .collect();
    let (won, lost): (Vec<_>, Vec<_>) = outputs.iter().partition(|output| output.status.success());
    assert_eq!(won.len(), 1, "{outputs:?}");
    lost.iter().for_each(|output| refused(output, &["run ", "--output"]));
    assert_eq!(RunFolder::log(&folder.path().join("run")).unwrap().rows.len(), 40);
}

#[test]
fn a_run_that_goes_on_is_held() {
    let folder = place();
    let mut first = train(folder.path(), "100000", &["--output", "run"]).spawn().unwrap();
    wait_for(&folder.path().join("run"), 1);
    refused(
        &netc(folder.path(), &["train", "--resume", "run"]).output().unwrap(),
        &["held by another training"],
    );
    refused(
        &train(folder.path(), "2", &["--output", "run"]).output().unwrap(),
        &["held by another training"],
    );
    // It may be looked at.
    good(&netc(folder.path(), &["plot", "run", "-o", "curves.svg"]).output().unwrap());
    signal(&first, "-INT");
    assert_eq!(first.wait().unwrap().code(), Some(130));
    let mut next = netc(folder.path(), &["train", "--resume", "run"]).spawn().unwrap();
    resumed(&folder.path().join("run"));
    refused(
        &netc(folder.path(), &["train", "--resume", "run"]).output().unwrap(),
        &["held by another training"],
    );
    signal(&next, "-TERM");
    assert_eq!(next.wait().unwrap().code(), Some(130));
}

#[test]
fn a_folder_with_something_in_it_is_not_written_into() {
    let folder = place();
    let at = |name: &str| folder.path().join(name);
    interrupted(folder.path(), "1000", "run", &[]);
    refused(
        &train(folder.path(), "2", &["--output", "run"]).output().unwrap(),
        &["not finished", "netc train --resume run"],
    );
    good(&train(folder.path(), "1", &["--output", "done"]).output().unwrap());
    refused(
        &train(folder.path(), "2", &["--output", "done"]).output().unwrap(),
        &["finished run", "--output"],
    );
    fs::create_dir(at("mine")).unwrap();
    fs::write(at("mine/notes.txt"), "mine").unwrap();
    refused(
        &train(folder.path(), "1", &["--output", "mine"]).output().unwrap(),
        &["notes.txt", "--output"],
    );
    assert_eq!(fs::read_dir(at("mine")).unwrap().count(), 1, "nothing is written beside it");
    refused(
        &train(folder.path(), "1", &["--output", "small.net"]).output().unwrap(),
        &["small.net"],
    );
    fs::create_dir(at("empty")).unwrap();
    good(&train(folder.path(), "1", &["--output", "empty"]).output().unwrap());
    // One that fails before it begins leaves nothing behind.
    refused(
        &train(folder.path(), "1", &["--output", "none", "--set", "x=1"]).output().unwrap(),
        &["x"],
    );
    assert!(!at("none").exists());
}

#[test]
fn a_run_without_a_checkpoint_starts_anew() {
    let folder = place();
    interrupted(folder.path(), "1000", "run", &[]);
    let run = folder.path().join("run");
    for name in [RunFolder::CHECKPOINT, RunFolder::BEFORE] {
        let _ = fs::remove_file(run.join(name));
    }
    let mut child = netc(folder.path(), &["train", "--resume", "run"]).spawn().unwrap();
    resumed(&run);
    wait_for(&run, 2);
    signal(&child, "-INT");
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let info = RunFolder::info(&run).unwrap();
    assert_eq!(info.attempts.iter().map(|attempt| attempt.after_epoch).collect::<Vec<_>>(), [0, 0]);
}

#[test]
fn other_data_are_noticed() {
    let folder = place();
    interrupted(folder.path(), "1000", "run", &[]);
    fs::rename(folder.path().join("images"), folder.path().join("moved")).unwrap();
    images(&folder.path().join("images"), 7);
    let resume = |more: &[&str]| {
        netc(folder.path(), &[&["train", "--resume", "run"], more].concat()).output().unwrap()
    };
    refused(&resume(&[]), &["other images or labels", "--data"]);
    refused(
        &netc(folder.path(), &["eval", "run"]).output().unwrap(),
        &["other images or labels", "--data"],
    );
    good(&netc(folder.path(), &["eval", "run", "--data", "images"]).output().unwrap());
    fs::remove_file(folder.path().join("images/train/dark/3.png")).unwrap();
    refused(
        &resume(&[]),
        &["a training on 16 training and 8 test images, and images has 15 and 8 now", "--data"],
    );
    // The same ones may have moved.
    let mut child =
        netc(folder.path(), &["train", "--resume", "run", "--data", "moved"]).spawn().unwrap();
    let rows = RunFolder::log(&folder.path().join("run")).unwrap().rows.len();
    wait_for(&folder.path().join("run"), rows + 1);
    signal(&child, "-INT");
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

#[test]
fn another_machine_is_noticed_and_written_down() {
    let folder = place();
    for (out, more) in [("free", &[][..]), ("fixed", &["--deterministic"])] {
        interrupted(folder.path(), "1000", out, more);
        let run = folder.path().join(out);
        let info = RunFolder::info(&run).unwrap();
        assert_eq!(info.attempts.len(), 1);
        let RunAttempt { time, host, after_epoch, hardware, .. } = &info.attempts[0];
        assert!(
            *time > 1_700_000_000 && !host.is_empty() && *after_epoch == 0 && hardware.threads == 1
        );
    }
    let resume = |out: &str| {
        let mut command = netc(folder.path(), &["train", "--resume", out]);
        command.env("OMP_NUM_THREADS", "2");
        command
    };
    refused(&resume("fixed").output().unwrap(), &["threads: 1 before, 2 now", "OMP_NUM_THREADS"]);
    let child = resume("free").spawn().unwrap();
    let run = folder.path().join("free");
    let rows = RunFolder::log(&run).unwrap().rows.len();
    wait_for(&run, rows + 1);
    signal(&child, "-INT");
    let output = child.wait_with_output().unwrap();
    assert!(text(&output).contains("threads: 1 before, 2 now"), "{}", text(&output));
    let attempts = RunFolder::info(&run).unwrap().attempts;
    assert_eq!(attempts.iter().map(|a| a.hardware.threads).collect::<Vec<_>>(), [1, 2]);
}

/// Where a run's images are is believed if this user's netc wrote it, and asked for if it may have
/// been anyone.
#[test]
fn a_path_of_a_stranger_is_not_opened() {
    let folder = place();
    good(&train(folder.path(), "1", &["--output", "run"]).output().unwrap());
    good(&netc(folder.path(), &["eval", "run"]).output().unwrap());
    let path = folder.path().join("run/run.json");
    let own = fs::read_to_string(&path).unwrap();
    // Another path in it.
    images(&folder.path().join("elsewhere"), 0);
    let images = folder.path().join("images").canonicalize().unwrap();
    let other =
        own.replace(images.to_str().unwrap(), images.with_file_name("elsewhere").to_str().unwrap());
    assert_ne!(own, other);
    fs::write(&path, &other).unwrap();
    refused(
        &netc(folder.path(), &["eval", "run"]).output().unwrap(),
        &["name them", "netc eval run --data"],
    );
    // Another user, who has another key.
    fs::write(&path, &own).unwrap();
    let stranger = |args: &[&str]| {
        let mut command = netc(folder.path(), args);
        command.env("XDG_CACHE_HOME", folder.path().join("other"));
        command.output().unwrap()
    };
    refused(&stranger(&["eval", "run"]), &["netc eval run --data"]);
    good(&stranger(&["eval", "run", "--data", "images"]));
}

#[test]
fn a_torn_log_is_said_and_the_rest_is_used() {
    let folder = place();
    interrupted(folder.path(), "1000", "whole", &[]);
    let whole = fs::read(folder.path().join("whole/log.jsonl")).unwrap();
    let rows = RunFolder::log(&folder.path().join("whole")).unwrap().rows.len();
    for (name, tail) in
        [("nuls", &[0; 512][..]), ("torn", b"{\"epoch\": 9"), ("bytes", b"\xff\xfe\n")]
    {
        let run = folder.path().join(name);
        copy(&folder.path().join("whole"), &run);
        fs::write(run.join("log.jsonl"), [&whole, tail].concat()).unwrap();
        let plot = netc(folder.path(), &["plot", name, "-o", "curves.svg"]).output().unwrap();
        assert!(good(&plot).contains("is no whole epoch"), "{}", text(&plot));
        let child = netc(folder.path(), &["train", "--resume", name]).spawn().unwrap();
        wait_for(&run, rows + 2);
        signal(&child, "-INT");
        let output = child.wait_with_output().unwrap();
        assert!(text(&output).contains("is no whole epoch"), "{}", text(&output));
        assert_eq!(output.status.code(), Some(130), "{}", text(&output));
        assert_eq!(RunFolder::log(&run).unwrap().damage, None);
    }
    // Epochs that the checkpoint builds upon are gone.
    let run = folder.path().join("short");
    copy(&folder.path().join("whole"), &run);
    let first = whole.iter().position(|&byte| byte == b'\n').unwrap();
    fs::write(run.join("log.jsonl"), &whole[..=first]).unwrap();
    let _ = fs::remove_file(run.join(RunFolder::BEFORE));
    refused(
        &netc(folder.path(), &["train", "--resume", "short"]).output().unwrap(),
        &["log.jsonl", "--output"],
    );
}

#[test]
fn a_run_goes_on_in_the_arithmetic_and_on_the_examples_that_its_checkpoint_says() {
    let folder = place();
    interrupted(folder.path(), "100000", "run", &[]);
    let file = folder.path().join("run/run.json");
    let whole = fs::read_to_string(&file).unwrap();
    for (field, was, is, words) in [
        ("precision", "\"fp32\"", "\"fp64\"", "expected precision fp64, got fp32"),
        (
            "train_examples",
            "16",
            "8",
            "expected a training on 8 training and 8 test examples, got 16",
        ),
    ] {
        let edited = whole.replace(&format!("\"{field}\": {was}"), &format!("\"{field}\": {is}"));
        assert_ne!(edited, whole, "{field}");
        fs::write(&file, edited).unwrap();
        refused(&netc(folder.path(), &["train", "--resume", "run"]).output().unwrap(), &[words]);
    }
}

#[test]
fn a_run_without_weights_is_not_evaluated() {
    let folder = place();
    interrupted(folder.path(), "100000", "run", &[]);
    fs::remove_file(folder.path().join("run/checkpoint.safetensors")).unwrap();
    refused(&netc(folder.path(), &["eval", "run"]).output().unwrap(), &["run has no checkpoint"]);
}

#[test]
fn an_argument_that_is_not_in_utf8_is_named() {
    use std::os::unix::ffi::OsStrExt as _;
    let folder = place();
    let foreign = std::ffi::OsStr::from_bytes(b"caf\xe9");
    let output =
        netc(folder.path(), &["train", "small.net", "--data"]).arg(foreign).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output).contains("not in UTF-8: caf\u{fffd}"), "{}", text(&output));
}

/// Everything of a run is written by path: whatever took the place of its folder stays untouched.
#[test]
fn a_run_whose_folder_was_moved_or_removed_ends_and_writes_nothing() {
    let folder = place();
    let run = folder.path().join("run");
    let away: [&dyn Fn(); 2] = [
        &|| fs::rename(&run, folder.path().join("moved")).unwrap(),
        // It may write while it is removed.
        &|| while run.exists() && fs::remove_dir_all(&run).is_err() {},
    ];
    for away in away {
        let more = ["--output", "run", "--save-every", "0"];
        let first = train(folder.path(), "100000", &more).spawn().unwrap();
        wait_for(&run, 1);
        away();
        good(&train(folder.path(), "2", &["--output", "run", "--seed", "7"]).output().unwrap());
        let output = first.wait_with_output().unwrap();
        refused(&output, &["run is no longer the folder that this training began in", "help: "]);
        let info = RunFolder::info(&run).unwrap();
        assert_eq!((info.seed, info.outcome), (7, netc::run::Outcome::Finished));
        assert_eq!(RunFolder::log(&run).unwrap().rows.len(), 2);
        let mut names: Vec<_> =
            fs::read_dir(&run).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        let written = [".lock", "checkpoint.safetensors", "log.jsonl", "log.tsv", "net.net"];
        assert_eq!(names, [&written[..], &["recipe.yaml", "run.json"]].concat());
        fs::remove_dir_all(&run).unwrap();
    }
}

#[test]
fn a_run_that_was_ended_while_it_began_is_started_again() {
    let folder = place();
    good(&train(folder.path(), "1", &["--output", "run"]).output().unwrap());
    let run = folder.path().join("run");
    let info = fs::read_to_string(run.join("run.json")).unwrap();
    fs::write(run.join("run.json"), info.replace("\"finished\"", "\"running\"")).unwrap();
    for name in ["log.jsonl", "checkpoint.safetensors", "log.tsv", "recipe.yaml", "net.net"] {
        fs::remove_file(run.join(name)).unwrap();
        let resumed = netc(folder.path(), &["train", "--resume", "run"]).output().unwrap();
        if name != "log.jsonl" {
            refused(&resumed, &["ended before its training began", "start it again"]);
        }
    }
    good(&train(folder.path(), "1", &["--output", "run"]).output().unwrap());
}

#[test]
fn a_run_goes_on_by_the_method_that_it_began_with() {
    let folder = place();
    interrupted(folder.path(), "1000", "run", &[]);
    let path = folder.path().join("run/run.json");
    let own = fs::read_to_string(&path).unwrap();
    let other = own.replace("\"executor\": \"compiled\"", "\"executor\": \"eager\"");
    assert_ne!(own, other);
    fs::write(&path, other).unwrap();
    refused(
        &netc(folder.path(), &["train", "--resume", "run"]).output().unwrap(),
        &["of another method", "put the method back as it was"],
    );
}

#[test]
fn first_weights_that_are_not_finite_are_refused_by_name() {
    let folder = place();
    good(&train(folder.path(), "1", &["--output", "run"]).output().unwrap());
    let bytes = fs::read(folder.path().join("run").join(RunFolder::CHECKPOINT)).unwrap();
    let file = netc::lower::tensor_file::open(&bytes).unwrap();
    for (tensor, dims, number, said) in [
        ("stem.conv.weight", &[4, 3, 3, 3][..], f32::NAN, "`stem.conv.weight` holds NaN"),
        ("head.linear.bias", &[2], f32::NEG_INFINITY, "`head.linear.bias` holds -infinity"),
        ("stem.bn.running_var", &[4], -1.0, "`stem.bn.running_var` holds a variance below 0, -1"),
    ] {
        let mut values = file.floats(tensor, dims).unwrap();
        values[1] = number;
        let shape = dims.iter().map(|&d| d as usize).collect();
        let entry = netc::lower::tensor_file::Entry::floats(shape, &values);
        let bytes = netc::lower::tensor_file::write(&[(tensor.into(), entry)], None).unwrap();
        fs::write(folder.path().join("w.safetensors"), bytes).unwrap();
        let args = ["--output", "next", "--weights", "w.safetensors"];
        let output = train(folder.path(), "1", &args).output().unwrap();
        refused(&output, &[&format!("the weights w.safetensors: {said}")]);
        assert!(!folder.path().join("next").exists());
    }
}
