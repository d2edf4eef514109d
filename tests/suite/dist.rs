//! One net over several processes: the same weights as by one, and what happens when one dies.

use std::net::TcpListener;
use std::path::Path;
use std::process::{self, Child, Command, Output, Stdio};
use std::slice::from_mut;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use netc_torch::run::dist::DistEnv;

use crate::programs::wait_until;

/// `NORM` stands for batch normalisation or for nothing.
const NET: &str = "net small {
  input image: [N, 3, 32, 32]
  stem: conv(8) -> NORM -> relu -> maxpool(4)
  next: conv(16) -> NORM -> relu -> maxpool(2)
  head: flatten -> linear(10) -> mul(0.125)
  output logits: [N, 10]
}
";

/// Batches that do not come out even, and a rate at which rounding does not grow into another
/// training.
const RECIPE: &str = "batch_size: 48\npeak_lr: 0.01\n";

/// A folder with a net and a recipe.
fn folder(norm: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("small.net"), NET.replace("-> NORM ", norm)).unwrap();
    std::fs::write(folder.path().join("recipe.yaml"), RECIPE).unwrap();
    folder
}

/// Command lines that share nothing but a folder.
fn train(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(crate::programs::netc_torch());
    command.arg("train").args(args).current_dir(folder);
    command.args(["--device", "cpu"]).env("OMP_NUM_THREADS", "1");
    for name in ["RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT", "SLURM_STEP_NUM_TASKS"] {
        command.env_remove(name);
    }
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

const NEW: &[&str] = &[
    "small.net",
    "--recipe",
    "recipe.yaml",
    "--data",
    "synthetic",
    "--limit-train",
    "400",
    "--limit-test",
    "101",
    "--precision",
    "fp32",
];

/// A free port. It is below those that Linux gives out of its own accord, so that nothing else
/// takes it before the first rank does.
fn port() -> u16 {
    static GIVEN: AtomicU16 = AtomicU16::new(0);
    let first = 10_000 + (process::id() % 10_000) as u16;
    loop {
        let port = first + GIVEN.fetch_add(1, Ordering::Relaxed);
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

fn ranks(folder: &Path, count: usize, args: &[&str]) -> Vec<Child> {
    let port = port();
    let start = |rank: usize| {
        let mut command = train(folder, args);
        command.env("RANK", rank.to_string()).env("WORLD_SIZE", count.to_string());
        command.env("MASTER_ADDR", "127.0.0.1").env("MASTER_PORT", port.to_string());
        command.spawn().unwrap()
    };
    (0..count).map(start).collect()
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.clone(), output.stderr.clone()].concat()).into_owned()
}

fn finish(children: Vec<Child>) -> Vec<Output> {
    let outputs: Vec<Output> =
        children.into_iter().map(|child| child.wait_with_output().unwrap()).collect();
    assert!(
        outputs.iter().all(|output| output.status.success()),
        "{:?}",
        outputs.iter().map(text).collect::<Vec<_>>()
    );
    outputs
}

/// Every number of a checkpoint, by tensor.
fn weights(run: &Path) -> Vec<(String, Vec<f32>)> {
    let bytes = std::fs::read(run.join("checkpoint.safetensors")).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let floats = |data: &[u8]| {
        data.chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect()
    };
    let mut all: Vec<(String, Vec<f32>)> =
        file.tensors().into_iter().map(|(name, view)| (name, floats(view.data()))).collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

/// The largest difference of two checkpoints, relative to the largest number of its tensor.
fn difference(a: &Path, b: &Path) -> f32 {
    let (a, b) = (weights(a), weights(b));
    assert_eq!(
        a.iter().map(|(name, _)| name).collect::<Vec<_>>(),
        b.iter().map(|(name, _)| name).collect::<Vec<_>>()
    );
    let of = |(x, y): (&Vec<f32>, &Vec<f32>)| {
        let largest = x.iter().fold(0.0f32, |m, v| m.max(v.abs()));
        x.iter().zip(y).map(|(x, y)| (x - y).abs() / largest).fold(0.0f32, f32::max)
    };
    a.iter().zip(&b).map(|(a, b)| of((&a.1, &b.1))).fold(0.0, f32::max)
}

fn metrics(run: &Path) -> Vec<[f64; 4]> {
    let log = std::fs::read_to_string(run.join("log.jsonl")).unwrap();
    let row = |line: &str| {
        let row: netc::run::EpochRow = serde_json::from_str(line).unwrap();
        [
            row.train.loss(),
            row.train.get("acc").unwrap(),
            row.test.unwrap().loss(),
            row.test.unwrap().get("acc").unwrap(),
        ]
    };
    log.lines().skip(1).map(row).collect()
}

fn close(a: &[[f64; 4]], b: &[[f64; 4]]) {
    assert_eq!(a.len(), b.len());
    for (x, y) in a.iter().flatten().zip(b.iter().flatten()) {
        assert!((x - y).abs() < 2e-2 * x.abs().max(0.5), "{a:?} {b:?}");
    }
}

#[test]
fn two_processes_at_half_the_batch_are_one_at_the_whole() {
    for (norm, more) in [("-> bn ", &["--sync-bn"][..]), ("", &[])] {
        let folder = folder(norm);
        let args = |out: &'static str| [NEW, &["--epochs", "2", "--output", out], more].concat();
        let one = train(folder.path(), &args("one")).output().unwrap();
        assert!(one.status.success(), "{}", text(&one));
        let outputs = finish(ranks(folder.path(), 2, &args("two")));
        assert!(text(&outputs[0]).contains("2 ranks"), "{}", text(&outputs[0]));
        assert_eq!(text(&outputs[1]), "", "the other rank is silent");
        let (one, two) = (folder.path().join("one"), folder.path().join("two"));
        let difference = difference(&one, &two);
        println!("norm `{norm}`: {difference}");
        assert!(difference < 1e-4, "norm `{norm}`: {difference}");
        close(&metrics(&one), &metrics(&two));
    }
}

/// A net with more gradients than a bucket holds.
const WIDE: &str = "net small {
  input image: [N, 3, 32, 32]
  stem: conv(8) -> relu -> maxpool(4)
  wide: flatten -> linear(14000) -> relu
  head: linear(10) -> mul(0.125)
  output logits: [N, 10]
}
";

#[test]
fn several_buckets_sum_to_the_same_in_both_executors() {
    let folder = folder("");
    std::fs::write(folder.path().join("small.net"), WIDE).unwrap();
    let new: Vec<&str> = NEW.iter().map(|arg| if *arg == "400" { "96" } else { arg }).collect();
    let args = |executor: &'static str, out: &'static str| {
        [&new[..], &["--epochs", "1", "--executor", executor, "--output", out]].concat()
    };
    for (executor, outs) in [("compiled", ["one", "two"]), ("eager", ["one-eager", "two-eager"])] {
        let one = train(folder.path(), &args(executor, outs[0])).output().unwrap();
        assert!(one.status.success(), "{}", text(&one));
        finish(ranks(folder.path(), 2, &args(executor, outs[1])));
        let difference = difference(&folder.path().join(outs[0]), &folder.path().join(outs[1]));
        println!("{executor}: {difference}");
        assert!(difference < 1e-4, "{executor}: {difference}");
    }
}

#[test]
fn statistics_stay_local_unless_asked_for() {
    let folder = folder("-> bn ");
    let args = |out: &'static str| [NEW, &["--epochs", "1", "--output", out]].concat();
    finish(ranks(folder.path(), 2, &args("local")));
    finish(ranks(folder.path(), 2, &[args("sync"), vec!["--sync-bn"]].concat()));
    let difference = difference(&folder.path().join("local"), &folder.path().join("sync"));
    println!("{difference}");
    assert!(difference > 1e-3, "{difference}");
}

#[test]
fn a_rank_that_dies_ends_the_job_and_any_number_of_ranks_goes_on_with_it() {
    let folder = folder("");
    let run = folder.path().join("run");
    let long = [NEW, &["--epochs", "15", "--output", "run"]].concat();
    let mut children = ranks(folder.path(), 2, &long);
    let saved = || run.join("checkpoint.safetensors").exists().then_some(());
    wait_until(&mut children, "a checkpoint", saved);
    children[1].kill().unwrap();
    let killed = Instant::now();
    let mut outputs: Vec<Output> =
        children.into_iter().map(|child| child.wait_with_output().unwrap()).collect();
    assert!(killed.elapsed() < Duration::from_secs(120), "{:?}", killed.elapsed());
    let first = outputs.swap_remove(0);
    assert_eq!(first.status.code(), Some(1), "{}", text(&first));
    assert!(
        text(&first).contains("has lost the others") && text(&first).contains("--resume run"),
        "{}",
        text(&first)
    );
    finish(ranks(folder.path(), 3, &["--resume", "run"]));
    let whole = train(folder.path(), &[NEW, &["--epochs", "15", "--output", "whole"]].concat())
        .output()
        .unwrap();
    assert!(whole.status.success());
    assert_eq!(metrics(&run).len(), 15);
    let difference = difference(&run, &folder.path().join("whole"));
    println!("{difference}");
    assert!(difference < 1e-3, "{difference}");
}

/// The rows of a log, which are one more than its epochs.
fn rows(log: &Path) -> usize {
    std::fs::read_to_string(log).map_or(0, |log| log.lines().count())
}

#[test]
fn one_process_goes_on_to_the_same_bits() {
    let folder = folder("-> bn ");
    let long = |out| [NEW, &["--epochs", "12", "--output", out]].concat();
    let mut child = train(folder.path(), &long("run")).spawn().unwrap();
    let log = folder.path().join("run/log.jsonl");
    wait_until(from_mut(&mut child), "two epochs", || (rows(&log) >= 3).then_some(()));
    let interrupt = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(interrupt.success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let rest = train(folder.path(), &["--resume", "run"]).output().unwrap();
    assert!(rest.status.success(), "{}", text(&rest));
    let whole = train(folder.path(), &long("whole")).output().unwrap();
    assert!(whole.status.success());
    let (run, whole) = (folder.path().join("run"), folder.path().join("whole"));
    assert_eq!(weights(&run), weights(&whole));
    assert_eq!(metrics(&run), metrics(&whole));
    let again = train(folder.path(), &["--resume", "run"]).output().unwrap();
    assert!(text(&again).contains("nothing to go on with"), "{}", text(&again));
}

#[test]
fn a_second_interrupt_ends_it_too_and_loses_no_epoch() {
    let folder = folder("-> bn ");
    for (i, signal) in ["-INT", "-TERM", "-INT"].into_iter().enumerate() {
        let out = format!("run{i}");
        let mut child =
            train(folder.path(), &[NEW, &["--epochs", "1000", "--output", &out]].concat())
                .spawn()
                .unwrap();
        let log = folder.path().join(&out).join("log.jsonl");
        wait_until(from_mut(&mut child), "an epoch", || (rows(&log) >= 2).then_some(()));
        let id = child.id().to_string();
        for _ in 0..2 {
            let _ = Command::new("kill").args([signal, &id]).status().unwrap();
        }
        assert_eq!(child.wait().unwrap().code(), Some(130));
        assert!(rows(&log) >= 2);
    }
}

#[test]
fn a_batch_that_is_too_small_to_share_is_refused() {
    let folder = folder("");
    let args = [NEW, &["--epochs", "1", "--output", "run"]].concat();
    let args: Vec<&str> = args.iter().map(|arg| if *arg == "400" { "97" } else { arg }).collect();
    let outputs: Vec<Output> = ranks(folder.path(), 2, &args)
        .into_iter()
        .map(|child| child.wait_with_output().unwrap())
        .collect();
    for output in outputs {
        assert!(
            text(&output).contains("a batch of 1 of the 97 images cannot be shared by 2 ranks"),
            "{}",
            text(&output)
        );
    }
}

fn place(variables: &[(&str, &str)]) -> Result<Option<DistEnv>, String> {
    DistEnv::of(|name| {
        variables.iter().find(|(n, _)| *n == name).map(|(_, value)| value.to_string())
    })
}

#[test]
fn the_environment_of_torchrun_and_of_srun_is_understood() {
    let torchrun = [
        ("RANK", "3"),
        ("WORLD_SIZE", "4"),
        ("LOCAL_RANK", "1"),
        ("MASTER_ADDR", "127.0.0.1"),
        ("MASTER_PORT", "29500"),
        ("TORCHELASTIC_USE_AGENT_STORE", "True"),
        ("TORCHELASTIC_RESTART_COUNT", "2"),
    ];
    let found = place(&torchrun).unwrap().unwrap();
    assert_eq!((found.rank, found.size, found.local_rank, found.port), (3, 4, 1, 29500));
    assert_eq!(
        (found.hosts_store(), found.prefix().as_str(), found.is_local()),
        (false, "/netc/attempt_2", true)
    );
    let srun = [
        ("SLURM_STEP_NUM_TASKS", "2"),
        ("SLURM_PROCID", "0"),
        ("SLURM_LOCALID", "0"),
        ("SLURM_STEP_NODELIST", "gpu[07-09],m1"),
        ("SLURM_JOB_ID", "41000"),
    ];
    let found = place(&srun).unwrap().unwrap();
    assert_eq!((found.host.as_str(), found.port, found.hosts_store()), ("gpu07", 21000, true));
    assert_eq!(place(&[]).unwrap(), None);
    assert_eq!(place(&[("SLURM_STEP_NUM_TASKS", "1"), ("SLURM_PROCID", "0")]).unwrap(), None);
    assert!(place(&torchrun[..1]).unwrap_err().contains("WORLD_SIZE is not"));
    assert!(place(&[("RANK", "x")]).unwrap_err().contains("expected a number in RANK"));
    let mut wrong = torchrun;
    wrong[0].1 = "4";
    assert!(place(&wrong).unwrap_err().contains("rank 4 is not below"));
}
