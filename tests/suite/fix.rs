//! `netc check --fix`: what it changes, and that the result is less wrong.

use std::path::Path;
use std::process::{Command, Output};

use netc::syntax::Overlay;

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
        let fixed = netc::tools::fix::fix_over(&case, &|_| true, Overlay::new());
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

/// What would make another net, or may not be what was meant, is for the writer to choose.
#[test]
fn a_repair_that_is_not_safe_is_offered_alone() {
    for case in crate::check::cases("offered") {
        let compilation = netc::compile(&case, &[]);
        let problems = compilation.problems.sorted();
        let fixes: Vec<_> = problems.iter().flat_map(|problem| &problem.fixes).collect();
        assert!(!fixes.is_empty() && fixes.iter().all(|fix| !fix.safe), "{case:?}: {fixes:?}");
        let fixed = netc::tools::fix::fix_over(&case, &|_| true, Overlay::new());
        assert!(fixed.texts.is_empty() && fixed.applied.is_empty(), "{case:?}: {fixed:?}");
    }
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

#[test]
fn keys_of_recipes_and_searches_are_repaired() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("recipe.yaml"), "# short\nepochs: 8\n\"momentun\": 0.8\n").unwrap();
    std::fs::copy("nets/base.net", path("x.net")).unwrap();
    std::fs::write(path("search.yml"), "nets: x.net\nruns: 2\nhalvin: 3\n").unwrap();
    let names = ["recipe.yaml", "search.yml"];
    let before = netc(folder.path(), &["check", "--format", "json", names[0]]);
    assert_eq!(before.status.code(), Some(1));
    let report: serde_json::Value = serde_json::from_slice(&before.stdout).unwrap();
    let edit = &report["problems"][0]["fixes"][0]["edits"][0];
    assert_eq!((&edit["line"], &edit["text"]), (&3.into(), &"momentum".into()), "{report}");
    let out = netc(folder.path(), &[&["check", "--fix"][..], &names].concat());
    assert_eq!(out.status.code(), Some(0), "{}{}", text(&out.stdout), text(&out.stderr));
    assert!(text(&out.stdout).contains("2 of 2 files are sound"), "{}", text(&out.stdout));
    let now = |name: &str| std::fs::read_to_string(path(name)).unwrap();
    assert_eq!(now(names[0]), "# short\nepochs: 8\nmomentum: 0.8\n");
    assert_eq!(now(names[1]), "nets: x.net\nruns: 2\nhalving: 3\n");
    let alone = netc(folder.path(), &["check", names[0]]);
    assert_eq!(text(&alone.stdout), "recipe.yaml: sound, settings alone\n");
}

/// A key without a line of its own is named, and no edit guesses where it stands.
#[test]
fn keys_within_a_line_are_named_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let line = "{epochs: 8, momentun: 0.8}\n";
    std::fs::write(folder.path().join("recipe.yaml"), line).unwrap();
    let out = netc(folder.path(), &["check", "--fix", "recipe.yaml"]);
    assert_eq!(out.status.code(), Some(1));
    assert!(text(&out.stderr).contains("did you mean `momentum`?"), "{}", text(&out.stderr));
    assert_eq!(std::fs::read_to_string(folder.path().join("recipe.yaml")).unwrap(), line);
}

#[test]
fn inserted_lines_end_as_those_of_the_file() {
    let case = Path::new("tests/cases/fix/shortcut_without_projection.net");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("it.net");
    std::fs::write(&file, std::fs::read_to_string(case).unwrap().replace('\n', "\r\n")).unwrap();
    netc(folder.path(), &["check", "--fix", "it.net"]);
    let fixed = std::fs::read_to_string(&file).unwrap();
    assert_eq!(fixed.matches('\n').count(), fixed.matches("\r\n").count(), "{fixed:?}");
    assert_ne!(fixed.replace("\r\n", "\n"), std::fs::read_to_string(case).unwrap());
}
