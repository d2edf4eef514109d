use std::env;
use std::path::{Path, PathBuf};
use std::process::{self, ExitCode};

use super::libtorch;
use crate::cli::out::{PROBLEMS, error};
use crate::run::LIBTORCH;

/// The exit code of a shell and of the dynamic linker for a program that cannot be loaded.
const NOT_LOADED: i32 = 127;

/// Runs this command line in `netc-torch`, which is installed beside this program and links
/// libtorch. A process that links libtorch takes 0.4 s to start; commands that do not need it
/// should not pay for it.
pub fn start_sibling() -> ExitCode {
    let Some(sibling) = sibling() else {
        error(&format!(
            "this command computes with tensors, for which netc-torch must stand beside netc\n\
             help: {}",
            libtorch::how_to_get_netc_torch()
        ));
        return ExitCode::from(PROBLEMS);
    };
    let mut command = command(&sibling);
    command.args(env::args_os().skip(1));
    let why = match libtorch::find() {
        Some(_) => replace_process(&mut command),
        // It may still lie where only the dynamic linker knows.
        None => match command.status() {
            Ok(status) if status.code() == Some(NOT_LOADED) => {
                error(&format!(
                    "libtorch {LIBTORCH} was not found\nhelp: {}; `netc doctor` says more",
                    libtorch::how_to_get()
                ));
                return ExitCode::from(PROBLEMS);
            }
            Ok(status) => process::exit(status.code().unwrap_or(1)),
            Err(why) => why,
        },
    };
    error(&format!("cannot start {}: {why}", sibling.display()));
    ExitCode::from(PROBLEMS)
}

/// `netc-torch` beside this program.
pub fn sibling() -> Option<PathBuf> {
    let name = format!("netc-torch{}", env::consts::EXE_SUFFIX);
    let path = env::current_exe().ok()?.canonicalize().ok()?.with_file_name(name);
    path.is_file().then_some(path)
}

/// A command that starts it and lets it find libtorch.
pub fn command(sibling: &Path) -> process::Command {
    let mut command = process::Command::new(sibling);
    // OpenMP's threads wait by spinning otherwise, and a second busy process makes training five
    // times slower.
    if env::var_os("OMP_WAIT_POLICY").is_none() {
        command.env("OMP_WAIT_POLICY", "passive");
    }
    let first = libtorch::before_the_built();
    if let (false, Ok(first)) = (first.is_empty(), env::join_paths(&first)) {
        command.env(libtorch::LINKER_PATH, first);
    }
    command
}

/// Replaces this process by the command, so that it receives signals and sets the exit code.
/// Returns only if that fails.
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
