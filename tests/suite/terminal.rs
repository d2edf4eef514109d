//! What reaches the terminal, and what happens where nothing can.

use std::fs::{self, File, OpenOptions};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use netc::cli::out::print_json;

const NET: &str = "net small {\n  input image: [N, 3, 8, 8]\n  a: conv(4) -> relu\n  head: flatten -> linear(10)\n  output y: [N, 10]\n}\n";

/// `netc` on the command line.
pub fn netc(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_netc"));
    command.args(args).current_dir(folder).stdin(Stdio::null()).env("OMP_NUM_THREADS", "1");
    command
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.clone(), output.stderr.clone()].concat()).into_owned()
}

fn place() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("small.net"), NET).unwrap();
    folder
}

/// Commands that have something to say on standard output.
const SPEAKING: &[&[&str]] = &[
    &["check", "small.net"],
    &["check", "--format", "json", "small.net"],
    &["expand", "small.net"],
    &["show", "small.net"],
    &["show", "--ssa", "small.net"],
    &["draw", "small.net"],
    &["diff", "small.net", "small.net", "--format", "json"],
    &["explain", "shape"],
    &["explain", "small.net", "a"],
    &["recipe"],
    &["passes", "small.net"],
    &["fmt", "-"],
    &["doctor"],
    &["completions", "bash"],
    &["man"],
    &["--help"],
    &["--version"],
    &["train", "--help"],
];

#[test]
fn a_full_disk_behind_standard_output_is_an_error() {
    let folder = place();
    for args in SPEAKING {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut command = netc(folder.path(), args);
        command.stdin(File::open(folder.path().join("small.net")).unwrap());
        let output = command.stdout(full).stderr(Stdio::piped()).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{args:?}: {}", text(&output));
        assert!(
            text(&output).contains("standard output: No space left"),
            "{args:?}: {}",
            text(&output)
        );
    }
}

#[test]
fn a_reader_that_goes_away_ends_a_command_quietly() {
    let folder = place();
    for args in SPEAKING {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = netc(folder.path(), args);
        command.stdin(File::open(folder.path().join("small.net")).unwrap());
        let output = command.stdout(writer).stderr(Stdio::piped()).output().unwrap();
        assert_eq!((output.status.code(), text(&output)), (Some(141), String::new()), "{args:?}");
    }
}

#[test]
fn a_plan_that_is_only_shown_ends_with_its_reader() {
    let folder = place();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let net = Path::new(env!("CARGO_MANIFEST_DIR")).join("nets/base.net");
    let args = ["search", net.to_str().unwrap(), "--data", "synthetic", "--dry-run"];
    let output = Command::new(crate::programs::netc_torch())
        .args(args)
        .current_dir(folder.path())
        .stdout(writer)
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    assert_eq!((output.status.code(), text(&output)), (Some(141), String::new()));
}

#[test]
fn standard_error_may_be_closed_or_full() {
    let folder = place();
    fs::write(folder.path().join("wrong.net"), NET.replace("relu", "relv")).unwrap();
    for args in [
        &["check", "wrong.net"][..],
        &["check", "absent.net"],
        &["eval", "absent"],
        &["plot", "absent"],
    ] {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let status = netc(folder.path(), args).stdout(Stdio::null()).stderr(full).status().unwrap();
        assert_eq!(status.code(), Some(1), "{args:?}");
        let closed = "exec \"$@\" 2>&-";
        let mut shell = Command::new("sh");
        shell
            .args(["-c", closed, "sh", env!("CARGO_BIN_EXE_netc")])
            .args(args)
            .current_dir(folder.path());
        assert_eq!(shell.stdout(Stdio::null()).status().unwrap().code(), Some(1), "{args:?}");
    }
}

/// Escapes of a terminal, marks that turn the direction of writing, characters without width.
const DECEPTIVE: &str = "a\u{1b}]0;title\u{7}\u{1b}[31mb\u{9b}2Jc\u{202e}d\u{2066}e\u{200b}f\u{200d}g\u{feff}h\u{e0041}i\rj\u{7f}";

/// Nothing that drives a terminal, but for line ends and netc's own colours.
#[track_caller]
fn harmless(output: &[u8], what: &str) {
    let found = String::from_utf8_lossy(output);
    for own in ["\u{1b}[1m", "\u{1b}[0m"] {
        assert!(!found.contains(own) || what.contains("colours"), "{what}: {found}");
    }
    let bad = found.chars().find(|&c| {
        (c.is_control() && c != '\n') || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..)
    });
    assert_eq!(bad, None, "{what}: {found:?}");
}

#[test]
fn names_of_strangers_do_not_drive_the_terminal() {
    let folder = place();
    let name = format!("{DECEPTIVE}.net");
    fs::write(folder.path().join(&name), NET).unwrap();
    fs::create_dir(folder.path().join(DECEPTIVE)).unwrap();
    for args in [
        &["check", &name][..],
        &["check", "--format", "json", &name],
        &["check", DECEPTIVE],
        &["fmt", "--check", &name],
        &["show", &name],
        &["diff", &name, "small.net"],
        &["import", DECEPTIVE],
        &["plot", DECEPTIVE],
        &["eval", DECEPTIVE],
        &["report", DECEPTIVE],
        &[DECEPTIVE],
        &["check", DECEPTIVE, &format!("--{DECEPTIVE}")],
        &["train", "small.net", "--data", DECEPTIVE],
        &["train", "small.net", "--precision", DECEPTIVE],
    ] {
        let output = netc(folder.path(), args).output().unwrap();
        harmless(&output.stdout, &format!("{args:?}"));
        harmless(&output.stderr, &format!("{args:?}"));
        assert!(!text(&output).is_empty(), "{args:?} says nothing");
    }
    let json = netc(folder.path(), &["check", "--format", "json", &name]).output().unwrap();
    let line: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(line["file"], name.as_str(), "JSON keeps what it escapes");
}

/// On a terminal netc's own colours stay, and a stranger's do not come among them.
#[test]
fn own_colours_stay_on_a_terminal() {
    let folder = place();
    for (args, own) in [
        ("show small.net", "\u{1b}[2m"),
        ("diff small.net small.net", "small"),
        ("train --help", "\u{1b}[1m"),
        ("check absent.net", "\u{1b}[31m"),
    ] {
        let line = format!("{} {args}", env!("CARGO_BIN_EXE_netc"));
        let mut script = Command::new("script");
        script.args(["-qec", &line, "/dev/null"]).current_dir(folder.path()).stdin(Stdio::null());
        let output = script.env("TERM", "xterm-256color").env_remove("NO_COLOR").output().unwrap();
        assert!(text(&output).contains(own), "{args}: {:?}", text(&output));
    }
}

/// What says whether there are colours: the option, then the usual variables, then the terminal.
#[test]
fn colours_are_as_the_option_and_the_variables_say() {
    let folder = place();
    let unset = ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS", "CI"];
    let coloured = |terminal: bool, args: &str, variables: &[(&str, &str)]| {
        let line = format!("{} check absent.net {args}", env!("CARGO_BIN_EXE_netc"));
        let mut command = Command::new(if terminal { "script" } else { "sh" });
        command.args(if terminal { vec!["-qec", &line, "/dev/null"] } else { vec!["-c", &line] });
        command.current_dir(folder.path()).stdin(Stdio::null()).env("TERM", "xterm-256color");
        for name in unset {
            command.env_remove(name);
        }
        text(&command.envs(variables.iter().copied()).output().unwrap()).contains('\u{1b}')
    };
    for (terminal, args, variables, expected) in [
        (true, "", &[][..], true),
        (false, "", &[], false),
        (true, "--color never", &[], false),
        (false, "--color=always", &[("NO_COLOR", "1")], true),
        (true, "", &[("NO_COLOR", "1")], false),
        (true, "", &[("TERM", "dumb")], false),
        (true, "", &[("TERM", "dumb"), ("CI", "true")], true),
        (true, "", &[("CLICOLOR", "0")], false),
        (false, "", &[("CLICOLOR_FORCE", "1")], true),
        (true, "--color auto", &[("NO_COLOR", "1")], false),
    ] {
        assert_eq!(
            coloured(terminal, args, variables),
            expected,
            "{terminal} {args} {variables:?}"
        );
    }
}

#[test]
fn texts_are_as_wide_as_columns_says() {
    let folder = place();
    fs::write(folder.path().join("wrong.net"), NET.replace("linear(10)", "linear(10) -> add(a)"))
        .unwrap();
    for columns in ["60", "80"] {
        for args in [&["check", "wrong.net"][..], &["check", "small.net", "wrong.net"], &["--help"]]
        {
            let output = netc(folder.path(), args).env("COLUMNS", columns).output().unwrap();
            let text = text(&output);
            let long = text.lines().find(|line| line.chars().count() > columns.parse().unwrap());
            assert!(long.is_none() || columns == "60" && args == ["--help"], "{args:?}: {long:?}");
        }
    }
}

/// Whichever command fails, and whoever notices: clap, the disk, netc, or netc-torch.
#[test]
fn every_error_begins_with_the_word() {
    let folder = place();
    fs::write(folder.path().join("lib.net"), "block a {\n  conv -> relu\n}\n").unwrap();
    fs::write(folder.path().join("wrong.net"), NET.replace("relu", "relv")).unwrap();
    for args in [
        "check absent.net",
        "check wrong.net",
        "check empty",
        "fmt absent.net",
        "fmt empty",
        "expand lib.net",
        "show lib.net",
        "draw lib.net",
        "draw small.net -o empty/no/x.svg",
        "diff small.net lib.net",
        "diff small.net small.net --columns 2",
        "derive drop-repeats lib.net",
        "explain unheard-of",
        "explain small.net unheard.of",
        "new unheard-of",
        "new resnet9 -o small.net",
        "import absent.onnx",
        "plot absent",
        "report absent",
        "search status absent",
        "search absent.yaml",
        "reproduce lib.net",
        "man -o small.net",
        "export lib.net --format onnx",
        "export absent --format torchscript",
        "eval absent",
        "predict absent x.png",
        "train lib.net",
        "train small.net --data absent.npz",
        "train --resume absent",
        "profile lib.net",
        "passes wrong.net",
        "train",
        "unheard-of",
        "check --unheard-of",
        "train small.net --lr 1",
    ] {
        fs::create_dir_all(folder.path().join("empty")).unwrap();
        let args: Vec<&str> = args.split(' ').collect();
        let output = netc(folder.path(), &args).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{args:?}");
        assert!(said.starts_with("error: "), "{args:?}: {said}");
    }
}

/// JSON has no keys but texts. The process that ends is this program again, with this test alone.
#[test]
fn what_json_does_not_hold_is_an_error_and_no_empty_line() {
    const CHILD: &str = "NETC_PRINTS_WHAT_JSON_DOES_NOT_HOLD";
    if std::env::var_os(CHILD).is_some() {
        print_json(&std::collections::BTreeMap::from([([1], "one")]));
    }
    let whole = std::thread::current().name().unwrap().to_owned();
    let mut again = Command::new(std::env::current_exe().unwrap());
    let done = again.args(["--exact", &whole, "--nocapture"]).env(CHILD, "1").output().unwrap();
    assert_eq!(done.status.code(), Some(1), "{}", text(&done));
    assert!(text(&done).contains("cannot write JSON: key must be a string"), "{}", text(&done));
}
