//! The engines of a search: the texts that start its workers, and what a missing cluster answers.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use netc::search::engine::{EngineError, JobId, Workers, parallel, slurm};

fn workers(search: &str) -> Workers {
    Workers {
        netc: PathBuf::from("/opt/net c/netc"),
        search: PathBuf::from(search),
        count: 4,
        arguments: vec!["--device".into(), "cuda".into()],
    }
}

/// bash reads the text without a complaint.
fn bash_accepts(text: &str) {
    let status =
        Command::new("bash").args(["-n", "-c", text]).stdin(Stdio::null()).status().unwrap();
    assert!(status.success(), "{text}");
}

#[test]
fn the_script_for_slurm_quotes_every_path() {
    let script = slurm::script(&workers("/shared/it's mine")).unwrap();
    bash_accepts(&script);
    let _bound = crate::check::snapshots().bind_to_scope();
    insta::assert_snapshot!("engine_slurm", script);
}

#[test]
fn the_command_of_parallel_quotes_every_path() {
    let line =
        parallel::command(&workers("/shared/it's mine"), Some(Path::new("my hosts"))).unwrap();
    bash_accepts(&line);
    let _bound = crate::check::snapshots().bind_to_scope();
    insta::assert_snapshot!("engine_parallel", line);
    let here = parallel::command(&workers("/s"), None).unwrap();
    assert!(here.contains("--jobs 4") && !here.contains("--sshloginfile"), "{here}");
}

#[test]
fn paths_that_would_be_patterns_are_refused() {
    for search in ["/a%b", "/a\\b", "/a\"b", "/a\nb"] {
        let refused = slurm::script(&workers(search));
        assert!(matches!(refused, Err(EngineError::Path { .. })), "{search}: {refused:?}");
    }
    assert!(parallel::command(&workers("/a{}b"), None).is_err());
}

#[test]
fn a_worker_sees_the_words_it_was_given() {
    let folder = tempfile::tempdir().unwrap();
    let netc = folder.path().join("ne tc");
    std::fs::write(&netc, "#!/bin/sh\nprintf '%s|' \"$@\"\n").unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&netc, mode).unwrap();
    let workers = Workers { netc, search: "/it's $HOME".into(), count: 1, arguments: vec![] };
    let output =
        Command::new("bash").args(["-c", &slurm::script(&workers).unwrap()]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "search|/it's $HOME|");
}

#[test]
fn a_search_that_was_not_submitted_has_no_status() {
    let folder = tempfile::tempdir().unwrap();
    let error = slurm::status(folder.path()).unwrap_err();
    assert!(error.to_string().contains("--engine slurm"), "{error}");
    let error = slurm::submit(folder.path(), "", "--comment 'open").unwrap_err();
    assert!(error.to_string().contains("quote"), "{error}");
}

#[test]
fn a_job_is_a_number_and_nothing_that_a_program_takes_for_an_option() {
    assert_eq!(JobId::new("12", Some("big-1.a_b")).unwrap().number(), "12");
    for (id, cluster) in [
        ("--user=root", None),
        ("-1", None),
        ("", None),
        ("1 2", None),
        ("1,2", None),
        ("123456789012345678901", None),
        ("12", Some("--all")),
        ("12", Some("a,b")),
        ("12", Some("")),
        ("12", Some("all")),
    ] {
        assert!(JobId::new(id, cluster).is_err(), "{id} {cluster:?}");
        let folder = tempfile::tempdir().unwrap();
        let job = serde_json::json!({"jobs": [{"id": id, "cluster": cluster}]});
        std::fs::write(folder.path().join("engine.json"), job.to_string()).unwrap();
        let error = slurm::cancel(folder.path()).unwrap_err();
        assert!(matches!(error, EngineError::Io { .. }), "{error}");
    }
}

/// A folder may come from a stranger, who may know the number of a job of the user's own.
#[test]
fn jobs_that_somebody_else_has_noted_are_not_cancelled() {
    let folder = tempfile::tempdir().unwrap();
    for mark in [serde_json::Value::Null, "0".repeat(64).into()] {
        let noted = serde_json::json!({"jobs": [{"id": "12", "cluster": null}], "mark": mark});
        std::fs::write(folder.path().join("engine.json"), noted.to_string()).unwrap();
        let error = slurm::cancel(folder.path()).unwrap_err();
        assert!(matches!(error, EngineError::Foreign(_)), "{error}");
    }
}
