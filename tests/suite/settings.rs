//! `netc check` of recipes and searches: what is refused later is refused there.

use std::process::Command;

/// The exit code of `netc check` on a file of this text, and what it says.
fn check(text: &str) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("it.yaml"), text).unwrap();
    std::fs::copy("nets/backbone.net", folder.path().join("a.net")).unwrap();
    std::fs::copy("nets/lib.net", folder.path().join("lib.net")).unwrap();
    let done = Command::new(env!("CARGO_BIN_EXE_netc"))
        .args(["check", "it.yaml"])
        .current_dir(&folder)
        .output()
        .unwrap();
    (done.status.code(), String::from_utf8([done.stdout, done.stderr].concat()).unwrap())
}

#[test]
fn faults_of_a_search_are_told_at_their_keys() {
    for (line, says) in [
        ("precision: fp8", "expected auto, fp64, fp32, bf16 or fp16 for `precision`"),
        ("keys: [peaklr=0.1]", "`keys`: unknown recipe key `peaklr`"),
        ("where: params <", "`where`: "),
        ("over: 'width=[4,'", "`over`: "),
        ("over: width=5", "expected a list of values for `width`"),
        ("runs: 5000000", "expected a whole number from 1 to 1000000 for `runs`"),
        ("epochs: 200000", "expected whole numbers from 1 to 100000 for `epochs`"),
        ("peak_lr: 0.1\nbatch_size: 3", "a search has no key `peak_lr`"),
    ] {
        let (code, said) = check(&format!("nets: a.net\n{line}\n"));
        assert!(code == Some(1) && said.contains(says), "{line}: {said}");
        assert!(said.contains("it.yaml:2:1"), "{line}: {said}");
    }
    for line in ["seed: 200000000", "limit_train: 200000000", "where: params < 1e6"] {
        let (code, said) = check(&format!("nets: a.net\n{line}\n"));
        assert_eq!(code, Some(0), "{line}: {said}");
    }
}

#[test]
fn faults_of_a_recipe_are_told_as_in_a_net() {
    for (text, says) in [
        ("epochs: 5\npeak_epoch: 9", "expected `peak_epoch` within 5 epochs, got 9"),
        ("lr_epochs: [24, 5, 0]\nlr_values: [0, 0.1]", "as many `lr_values` as `lr_epochs`"),
        ("3: 4", "unknown recipe key `3`"),
        ("true: 4", "unknown recipe key `true`"),
        ("? [a, b]\n: 3", "expected a word as a key"),
        (" epochs: 3\npeak_lr: 0.1", "the lines do not begin in the same column"),
        ("epochs: 99999999999999999999", "a number is too large"),
    ] {
        let (code, said) = check(text);
        assert!(code == Some(1) && said.contains(says), "{text}: {said}");
    }
    for text in ["peak_epoch: 30", "epochs: 3.0"] {
        let (code, said) = check(text);
        assert_eq!(code, Some(0), "{text}: {said}");
    }
}
