//! The same bits from any number of threads. How many there are holds for a whole process, so
//! processes of their own compute them.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::process::Command;

use tch::{Kind, Tensor};

/// In a process that is to print its results.
const PRINTS: &str = "NETC_TEST_PRINTS";

/// Asserts that a test's results, each with what it is of, are the same by one thread and by three.
#[track_caller]
pub fn give_the_same_bits(test: &str, results: impl FnOnce() -> Vec<(String, Tensor)>) {
    if std::env::var_os(PRINTS).is_some() {
        for (what, tensor) in results() {
            println!("{what}: {:016x}", digest(&tensor));
        }
        return;
    }
    let [one, three] = ["1", "3"].map(|threads| {
        let mut process = Command::new(std::env::current_exe().unwrap());
        process.args(["--exact", test, "--nocapture", "--test-threads", "1"]);
        let out = process.env("OMP_NUM_THREADS", threads).env(PRINTS, "").output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        let text = String::from_utf8(out.stdout).unwrap();
        let lines = text.lines().filter(|line| line.contains(": ")).map(str::to_owned);
        lines.filter(|line| !line.starts_with("test ")).collect::<Vec<String>>()
    });
    for (one, three) in one.iter().zip(&three) {
        assert_eq!(one, three);
    }
    assert_eq!(one.len(), three.len());
}

fn digest(tensor: &Tensor) -> u64 {
    let numbers = tensor.to_kind(Kind::Double).contiguous().flatten(0, -1);
    let mut hasher = DefaultHasher::new();
    for number in Vec::<f64>::try_from(numbers).unwrap() {
        number.to_bits().hash(&mut hasher);
    }
    hasher.finish()
}
