use std::path::PathBuf;
use std::process::{self, ExitCode};

use super::out::complain;

/// Runs this very command line in `netc-torch`, which stands beside this program and links libtorch.
/// A process that links libtorch takes 0.4 s to start; those that need none should not pay it.
pub fn start_sibling() -> ExitCode {
    let Some(sibling) = sibling().filter(|path| path.is_file()) else {
        complain(
            "this netc was built without libtorch, so it cannot train or evaluate\n\
             build it with the feature `torch`, which is on by default, and keep netc-torch beside netc\n",
        );
        return ExitCode::from(super::PROBLEMS);
    };
    let mut command = process::Command::new(&sibling);
    command.args(std::env::args_os().skip(1));
    // OpenMP's threads wait by spinning otherwise, and a second busy process makes training five times slower.
    if std::env::var_os("OMP_WAIT_POLICY").is_none() {
        command.env("OMP_WAIT_POLICY", "passive");
    }
    let error = replace_process(&mut command);
    complain(&format!("cannot start {}: {error}\n", sibling.display()));
    ExitCode::from(super::PROBLEMS)
}

fn sibling() -> Option<PathBuf> {
    let name = format!("netc-torch{}", std::env::consts::EXE_SUFFIX);
    Some(std::env::current_exe().ok()?.canonicalize().ok()?.with_file_name(name))
}

/// Becomes the command, so that signals and the exit code are its own. Returns only if that fails.
#[cfg(unix)]
fn replace_process(command: &mut process::Command) -> std::io::Error {
    std::os::unix::process::CommandExt::exec(command)
}

/// Runs the command and ends with its exit code. Returns only if it cannot be started.
#[cfg(not(unix))]
fn replace_process(command: &mut process::Command) -> std::io::Error {
    match command.status() {
        Ok(status) => process::exit(status.code().unwrap_or(1)),
        Err(error) => error,
    }
}
