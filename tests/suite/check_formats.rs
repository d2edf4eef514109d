//! `netc check` of folders and of standard input, and its output for other programs.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

const WRONG: &str = "net small {\n  input image: [N, 3, 8, 8]\n  # é, 100%\n  a: conv(4) -> relv\n  head: flatten -> linear(10)\n  output y: [N, 10]\n}\n";

fn place() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("more")).unwrap();
    fs::write(folder.path().join("wrong.net"), WRONG).unwrap();
    fs::write(folder.path().join("more/right.net"), WRONG.replace("relv", "relu")).unwrap();
    folder
}

fn netc(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_netc"));
    command.args(args).current_dir(folder).env_remove("COLUMNS");
    command
}

fn output(folder: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    words(netc(folder, args).stdin(Stdio::null()).output().unwrap())
}

fn words(output: Output) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = output;
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

#[test]
fn a_folder_stands_for_the_nets_below_it() {
    let folder = place();
    let (code, out, err) = output(folder.path(), &["check", "."]);
    assert_eq!(code, Some(1), "{out}{err}");
    assert!(
        out.contains("more/right.net  sound") && out.contains("1 of 2 files are sound"),
        "{out}"
    );
    assert_eq!(err.matches("error: unknown op or block `relv` [unknown-name]").count(), 1, "{err}");
    assert_eq!(output(folder.path(), &["check", "more"]).0, Some(0));
    fs::create_dir(folder.path().join("empty")).unwrap();
    let (code, _, err) = output(folder.path(), &["check", "empty"]);
    assert_eq!((code, err.as_str()), (Some(1), "error: empty: there is no `.net` file in it\n"));
}

#[cfg(unix)]
#[test]
fn a_name_that_is_no_text_matters_only_where_a_net_may_be() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;
    let folder = place();
    let more = folder.path().join("more");
    fs::write(more.join(OsStr::from_bytes(b"\xff.txt")), "").unwrap();
    assert_eq!(output(folder.path(), &["check", "more"]).0, Some(0));
    fs::write(more.join(OsStr::from_bytes(b"\xff.net")), "").unwrap();
    let (code, _, err) = output(folder.path(), &["check", "more"]);
    assert!(code == Some(1) && err.contains("a name that is not UTF-8"), "{err}");
}

#[test]
fn a_folder_of_which_not_all_is_seen_is_not_sound() {
    let folder = place();
    for i in 0..1_100 {
        fs::create_dir(folder.path().join(format!("more/d{i:04}"))).unwrap();
    }
    fs::write(folder.path().join("more/d1099/wrong.net"), WRONG).unwrap();
    let (code, out, err) = output(folder.path(), &["check", "more"]);
    assert_eq!((code, out.as_str()), (Some(1), ""), "{err}");
    assert!(err.contains("more than 1000 folders"), "{err}");
}

#[test]
fn a_warning_that_is_allowed_is_not_repaired_and_reports_are_alone_on_standard_output() {
    let folder = place();
    let text = WRONG.replace("relv", "relu -> relu");
    let path = folder.path().join("twice.net");
    fs::write(&path, &text).unwrap();
    let (code, _, err) =
        output(folder.path(), &["check", "--fix", "--allow", "no-effect", "twice.net"]);
    assert_eq!((code, fs::read_to_string(&path).unwrap()), (Some(0), text), "{err}");
    for format in ["json", "sarif"] {
        let args = ["check", "--fix", "--dry-run", "--format", format, "twice.net"];
        let (_, out, err) = output(folder.path(), &args);
        assert!(serde_json::from_str::<Value>(&out).is_ok(), "{out}");
        assert!(err.contains("would repair"), "{err}");
    }
}

#[test]
fn standard_input_is_checked_by_a_dash() {
    let folder = place();
    let check = |text: &str, args: &[&str]| {
        let mut command = netc(folder.path(), args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // A refusal does not wait for what is written.
        let _ = child.stdin.take().unwrap().write_all(text.as_bytes());
        words(child.wait_with_output().unwrap())
    };
    let (code, out, _) = check(&WRONG.replace("relv", "relu"), &["check", "-"]);
    assert_eq!(code, Some(0));
    assert!(out.starts_with("<stdin>: small is sound: [N, 3, 8, 8] -> [N, 10], 2,"), "{out}");
    let (code, out, err) = check(WRONG, &["check", "-"]);
    assert!(code == Some(1) && err.contains("[<stdin>:4:17]"), "{out}{err}");
    let (code, _, err) = check(WRONG, &["check", "-", "--fix"]);
    assert!(
        code == Some(2) && err.starts_with("error: standard input cannot be repaired"),
        "{err}"
    );
}

/// A problem of a file that several import is told once.
#[test]
fn a_problem_of_an_import_is_shown_once() {
    let folder = tempfile::tempdir().unwrap();
    let lib = "block act {\n  conv -> relv\n}\n";
    fs::write(folder.path().join("lib.net"), lib).unwrap();
    for name in ["a", "b"] {
        let net = format!("import \"lib.net\": act\n{}", WRONG.replace("relv", "act"));
        fs::write(folder.path().join(format!("{name}.net")), net).unwrap();
    }
    for format in ["text", "github", "sarif"] {
        let (code, out, err) = output(folder.path(), &["check", ".", "--format", format]);
        assert_eq!(code, Some(1), "{format}");
        assert_eq!((out + &err).matches("unknown op or block `relv`").count(), 1, "{format}");
    }
}

#[test]
fn each_format_has_the_same_exit_code() {
    let folder = place();
    let warned = WRONG.replace("relv", "maxpool(3)").replace("4)", "3)");
    fs::write(folder.path().join("warned.net"), warned).unwrap();
    for format in ["text", "json", "sarif", "github"] {
        for (args, expected) in [
            (&["wrong.net"][..], 1),
            (&["more/right.net"], 0),
            (&["warned.net"], 0),
            (&["warned.net", "--deny", "warnings"], 1),
            (&["warned.net", "--deny", "warnings", "--allow", "dropped-pixels"], 0),
            (&["absent.net"], 1),
        ] {
            let args = [&["check", "--format", format][..], args].concat();
            let (code, out, err) = output(folder.path(), &args);
            assert_eq!(code, Some(expected), "{args:?}: {out}{err}");
        }
    }
}

#[test]
fn json_has_places_and_edits() {
    let folder = place();
    let (_, out, _) = output(folder.path(), &["check", "wrong.net", "--format", "json"]);
    let file: Value = serde_json::from_str(&out).unwrap();
    let problem = &file["problems"][0];
    assert_eq!((&problem["severity"], &problem["code"]), (&"error".into(), &"unknown-name".into()));
    let edit = &problem["fixes"][0]["edits"][0];
    for place in [problem, edit] {
        let numbers = ["line", "column", "end_line", "end_column"].map(|key| place[key].as_u64());
        assert_eq!(numbers, [4, 17, 4, 21].map(Some), "{place}");
        let [start, end] = ["start", "end"].map(|key| place[key].as_u64().unwrap() as usize);
        assert_eq!(&WRONG[start..end], "relv");
    }
    assert_eq!(edit["text"], "relu");
}

#[test]
fn github_gets_commands_whose_text_is_escaped() {
    let folder = place();
    fs::write(folder.path().join("100%,a:b.net"), WRONG).unwrap();
    let (_, out, _) = output(folder.path(), &["check", "100%,a:b.net", "--format", "github"]);
    assert_eq!(
        out,
        "::error file=100%25%2Ca%3Ab.net,line=4,endLine=4,col=17,endColumn=21,title=netc%3A unknown-name\
         ::unknown op or block `relv`%0Ahelp: did you mean `relu`?\n"
    );
}

/// What GitHub and editors rely on.
#[test]
fn sarif_has_rules_places_and_fixes() {
    let folder = place();
    let (_, out, _) = output(folder.path(), &["check", ".", "--format", "sarif"]);
    let log: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 1, "{results:?}");
    let rule = &rules[results[0]["ruleIndex"].as_u64().unwrap() as usize];
    assert_eq!(rule["id"], results[0]["ruleId"]);
    assert!(rule["help"]["markdown"].as_str().unwrap().contains("```net"), "{rule}");
    let place = &results[0]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "wrong.net");
    let change = &results[0]["fixes"][0]["artifactChanges"][0];
    let replaced = &change["replacements"][0];
    assert_eq!(replaced["deletedRegion"], place["region"]);
    assert_eq!(replaced["insertedContent"]["text"], "relu");
}

#[test]
fn a_watched_file_is_checked_again_when_it_or_an_import_changes() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let net = format!("import \"lib.net\": act\n{}", WRONG.replace("relv", "act"));
    fs::write(path("a.net"), net).unwrap();
    fs::write(path("lib.net"), "block act {\n  conv -> relu\n}\n").unwrap();
    let log = fs::File::create(path("log")).unwrap();
    let mut command = netc(folder.path(), &["check", "--watch", "a.net"]);
    let mut child = command.stdout(log).stderr(Stdio::null()).spawn().unwrap();
    let said = |text: &str, times: usize| {
        let seen = || fs::read_to_string(path("log")).unwrap().matches(text).count();
        let end = std::time::Instant::now() + std::time::Duration::from_secs(60);
        while seen() < times && std::time::Instant::now() < end {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        assert_eq!(seen(), times, "{text}");
    };
    said("is sound", 1);
    fs::write(path("lib.net"), "block act {\n  conv -> relv -> relu\n}\n").unwrap();
    said("1 problem", 1);
    fs::rename(path("lib.net"), path("other.net")).unwrap();
    said("1 problem", 2);
    fs::write(path("lib.net"), "block act {\n  conv -> relu -> relu\n}\n").unwrap();
    said("is sound", 2);
    assert!(!fs::read_to_string(path("log")).unwrap().contains('\u{1b}'), "no terminal is cleared");
    child.kill().unwrap();
    child.wait().unwrap();
}
