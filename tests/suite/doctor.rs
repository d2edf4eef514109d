//! `netc doctor` on machines that lack things.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// A folder with netc alone in it.
fn lonely() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let netc = folder.path().join("netc");
    place(Path::new(env!("CARGO_BIN_EXE_netc")), &netc);
    (folder, netc)
}

/// Copies a program in another process: one that this process had open for writing could not be
/// started while a test beside this one is between fork and exec.
fn place(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-p").args([from, to]).status().unwrap().success());
}

fn bare(program: &Path, args: &[&str]) -> Output {
    Command::new(program).args(args).env_clear().current_dir("/").output().unwrap()
}

fn findings(out: &Output) -> Value {
    serde_json::from_slice(&out.stdout).unwrap()
}

fn finding<'a>(report: &'a Value, subject: &str) -> &'a Value {
    let all = report["findings"].as_array().unwrap();
    all.iter()
        .find(|finding| finding["subject"] == subject)
        .unwrap_or_else(|| panic!("no {subject} in {report}"))
}

#[test]
fn a_bare_machine_is_told_what_to_do() {
    let (_folder, netc) = lonely();
    let out = bare(&netc, &["doctor"]);
    assert_eq!(out.status.code(), Some(1));
    let text = String::from_utf8(out.stdout).unwrap();
    assert!(text.contains("failure  netc-torch  not beside netc"), "{text}");
    assert!(text.contains("scripts/libtorch.sh, then cargo install --path torch"), "{text}");
    assert!(text.contains("warning  cifar10     not here yet"), "{text}");
    assert!(text.ends_with("training would not work here; what needs no tensors does\n"), "{text}");
    assert!(!text.contains('\u{1b}'), "{text}");
    assert_eq!(String::from_utf8(out.stderr).unwrap(), "");

    let report = findings(&bare(&netc, &["doctor", "--format", "json"]));
    assert_eq!(report["ok"], false);
    assert_eq!(finding(&report, "netc-torch")["status"], "failure");
    assert_eq!(finding(&report, "netc")["status"], "good");

    let out = bare(&netc, &["eval", "run"]);
    assert_eq!(out.status.code(), Some(1));
    let text = String::from_utf8(out.stderr).unwrap();
    assert!(text.contains("netc-torch must stand beside netc"), "{text}");
}

/// Programs in the place of netc-torch that fail as broken ones do.
#[cfg(unix)]
#[test]
fn a_netc_torch_that_does_not_start_is_reported_with_its_own_words() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, netc) = lonely();
    let with = |text: &str| {
        let written = folder.path().join("written");
        std::fs::write(&written, text).unwrap();
        std::fs::set_permissions(&written, std::fs::Permissions::from_mode(0o755)).unwrap();
        place(&written, &folder.path().join("netc-torch"));
        findings(&bare(&netc, &["doctor", "--format", "json"]))
    };
    let linker = "netc-torch: error while loading shared libraries: libtorch_cpu.so: cannot open shared object file";
    let report = with(&format!("#!/bin/sh\necho '/x/{linker}' >&2\nexit 127\n"));
    let found = finding(&report, "libtorch");
    assert_eq!((&report["ok"], &found["status"]), (&Value::from(false), &Value::from("failure")));
    assert!(
        found["found"].as_str().unwrap().contains("error while loading shared libraries"),
        "{found}"
    );
    assert!(found["repair"].as_str().unwrap().contains("scripts/libtorch.sh"), "{found}");

    assert!(
        finding(&with("#!/bin/sh\nkill -SEGV $$\n"), "libtorch")["found"]
            .as_str()
            .unwrap()
            .contains("signal")
    );
    let silent = with("#!/bin/sh\nexit 0\n");
    assert!(
        finding(&silent, "libtorch")["found"].as_str().unwrap().contains("no answer"),
        "{silent}"
    );
    let absent = with("#!/nowhere/interpreter\n");
    assert!(
        finding(&absent, "netc-torch")["found"].as_str().unwrap().contains("cannot be started"),
        "{absent}"
    );

    let answer = |version: &str| {
        format!(
            "#!/bin/sh\necho '{{\"netc\":\"{}\",\"libtorch\":\"{version}\",\"library\":null,\"gpus\":0,\"threads\":1,\"kernels\":false}}'\n",
            env!("CARGO_PKG_VERSION")
        )
    };
    let old = with(&answer("2.10.0"));
    assert_eq!(old["ok"], false);
    assert_eq!(finding(&old, "libtorch")["found"], "2.10.0; netc needs 2.11.0");
    assert_eq!(with(&answer("2.11.0"))["ok"], true);
}

/// The advice is that for the way in which netc was installed.
#[cfg(unix)]
#[test]
fn advice_fits_how_netc_was_installed() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, netc) = lonely();
    let bin = folder.path().join("bin");
    let site = folder.path().join("lib/python3.12/site-packages/netc-0.1.0.dist-info");
    let script = folder.path().join("lib/netc/scripts/libtorch.sh");
    let repair = |subject: &str| {
        let report = findings(&bare(&bin.join("netc"), &["doctor", "--format", "json"]));
        finding(&report, subject)["repair"].as_str().unwrap().to_owned()
    };
    std::fs::create_dir(&bin).unwrap();
    place(&netc, &bin.join("netc"));
    std::fs::create_dir_all(&site).unwrap();
    if cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        assert_eq!(repair("netc-torch"), "install the wheel netc_torch of the same release by pip");
    }

    let broken = folder.path().join("broken");
    std::fs::write(&broken, "#!/bin/sh\nexit 127\n").unwrap();
    std::fs::set_permissions(&broken, std::fs::Permissions::from_mode(0o755)).unwrap();
    place(&broken, &bin.join("netc-torch"));
    assert!(repair("libtorch").starts_with("pip install torch==2.11.0, or set LIBTORCH"));

    std::fs::create_dir_all(script.parent().unwrap()).unwrap();
    std::fs::write(&script, "").unwrap();
    let said = repair("libtorch");
    assert!(said.starts_with("run bash /") && said.contains("/lib/netc/scripts/libtorch.sh, or"));
}

#[test]
fn the_instructions_that_onednn_may_use_are_those_of_netc() {
    let found = |isa: &str| {
        let mut doctor = Command::new(env!("CARGO_BIN_EXE_netc"));
        doctor.args(["doctor", "--format", "json"]).env("ONEDNN_MAX_CPU_ISA", isa);
        let report = findings(&doctor.output().unwrap());
        finding(&report, "CPU")["found"].as_str().unwrap().to_owned()
    };
    let none = found("SSE41");
    let said = "; ONEDNN_MAX_CPU_ISA=SSE41; netc's own kernels need AVX2, libtorch's serve";
    assert!(none.ends_with(said) && !none.contains("; AVX"), "{none}");
    let some = found("avx2");
    assert!(some.contains("; AVX2; ONEDNN") || !some.contains("AVX"), "{some}");
}

#[test]
fn where_training_works_the_doctor_says_so() {
    let out = Command::new(env!("CARGO_BIN_EXE_netc"))
        .args(["doctor", "--format", "json"])
        .output()
        .unwrap();
    let report = findings(&out);
    assert_eq!(out.status.code(), Some(0), "{report}");
    let libtorch = finding(&report, "libtorch")["found"].as_str().unwrap();
    assert!(
        libtorch.starts_with("2.11.0, /") && libtorch.ends_with("/libtorch_cpu.so"),
        "{libtorch}"
    );
}

#[test]
fn what_the_kernels_for_gpus_lack_is_said_plainly() {
    let program = Path::new(env!("CARGO_BIN_EXE_netc")).with_file_name("netc-torch");
    let output = Command::new(program).args(["doctor", "--compile-kernels", "sm_1"]).output();
    let said = output.unwrap();
    assert_eq!(said.status.code(), Some(1));
    let said = String::from_utf8(said.stderr).unwrap();
    assert!(said.starts_with("error: compiling the kernels for sm_1: "), "{said}");
}
