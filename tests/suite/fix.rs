//! `netc check --fix`: what it changes, and that the result is less wrong.

use std::path::Path;
use std::process::{Command, Output};

fn netc(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_netc")).args(args).current_dir(folder).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A folder with one case in it.
fn copied(case: &Path) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let name = case.file_name().unwrap().to_str().unwrap().to_string();
    std::fs::copy(case, folder.path().join(&name)).unwrap();
    (folder, name)
}

#[test]
fn the_repairs_make_each_case_sound() {
    crate::check::snapshots().bind(|| {
        insta::glob!("../cases/fix", "*.net", |case| {
            let (folder, name) = copied(case);
            let before = netc(folder.path(), &["check", "--deny", "warnings", &name]);
            assert_eq!(before.status.code(), Some(1), "{name} is sound already");
            let dry = netc(folder.path(), &["check", "--fix", "--dry-run", &name]);
            assert_eq!(
                std::fs::read(folder.path().join(&name)).unwrap(),
                std::fs::read(case).unwrap()
            );
            let out = netc(folder.path(), &["check", "--fix", &name]);
            assert_eq!(out.status.code(), Some(0), "{}{}", text(&out.stdout), text(&out.stderr));
            let after = netc(folder.path(), &["check", &name]);
            assert_eq!(after.status.code(), Some(0), "{}", text(&after.stderr));
            let dry = text(&dry.stdout).replace("would repair", "repaired");
            assert_eq!(dry, text(&out.stdout), "the dry run shows something else");
            let shown = text(&out.stdout);
            let changes = shown.split("is sound").next().unwrap();
            insta::assert_snapshot!("fix", format!("{}{changes}is sound", text(&before.stderr)));
        });
    });
}

/// The repairs of all wrong nets: together they leave fewer errors, or nothing is changed.
#[test]
fn a_net_is_better_after_its_repairs_or_stays_as_it_was() {
    let (mut better, mut same) = (0, 0);
    for case in crate::check::cases("check_err") {
        let before = netc::compile(&case, &[]).errors_by_stage();
        let fixed = netc::tools::fix::fix(&case, &[], &[], &|_| true);
        let after = netc::compile_over(&case, &[], &fixed.texts).errors_by_stage();
        assert_eq!(fixed.texts.is_empty(), fixed.applied.is_empty());
        if fixed.texts.is_empty() {
            same += 1;
            continue;
        }
        better += 1;
        let fewer = after.iter().sum::<usize>() < before.iter().sum();
        let reached_further = after[..2] < before[..2];
        assert!(after <= before && (fewer || reached_further || after == before), "{case:?}");
        for text in fixed.texts.values() {
            let slips = ["maxpool(1)", "avgpool(1)", "stride = 8", "stride = 16", "stride = 32"];
            assert!(slips.iter().all(|slip| !text.contains(slip)), "{text}");
        }
    }
    assert!(better > 10 && same > 3, "{better} better, {same} the same");
}

#[test]
fn a_file_that_is_not_named_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let part = "block part(c) {\n  conv(c, stride = 2)\n  add(in)\n}\n";
    let net = "import \"part.net\": part\n\nnet x {\n  input image: [N, 3, 8, 8]\n  part(4)\n  \
               output out: [N, 4, 4, 4]\n}\n";
    std::fs::write(folder.path().join("part.net"), part).unwrap();
    std::fs::write(folder.path().join("x.net"), net).unwrap();
    let out = netc(folder.path(), &["check", "--fix", "x.net"]);
    assert_eq!(out.status.code(), Some(1));
    assert!(text(&out.stderr).contains("not repaired: part.net is not among the files named"));
    assert_eq!(std::fs::read_to_string(folder.path().join("part.net")).unwrap(), part);
    let both = netc(folder.path(), &["check", "--fix", "x.net", "part.net"]);
    assert_eq!(both.status.code(), Some(0), "{}", text(&both.stderr));
}
