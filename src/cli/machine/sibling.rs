use std::env;
use std::path::{Path, PathBuf};
use std::process::{self, ExitCode};

use crate::cli::out::{PROBLEMS, error};

/// The library whose presence shows that a folder contains libtorch.
const LIBRARY: &str =
    if cfg!(target_os = "macos") { "libtorch_cpu.dylib" } else { "libtorch_cpu.so" };

/// The variable that gives the dynamic linker further folders.
const LINKER_PATH: &str =
    if cfg!(target_os = "macos") { "DYLD_LIBRARY_PATH" } else { "LD_LIBRARY_PATH" };

/// The exit code of a shell and of the dynamic linker for a program that cannot be loaded.
const NOT_LOADED: i32 = 127;

/// How to get what is missing.
pub const INSTALL: &str =
    "in a checkout of netc: scripts/libtorch.sh, then cargo install --path torch";
/// How to get libtorch alone.
pub const LIBTORCH: &str = "run scripts/libtorch.sh in a checkout of netc, or set LIBTORCH to the folder of a libtorch 2.11.0";

/// Runs this command line in `netc-torch`, which is installed beside this program and links
/// libtorch. A process that links libtorch takes 0.4 s to start; commands that do not need it
/// should not pay for it.
pub fn start_sibling() -> ExitCode {
    let Some(sibling) = sibling() else {
        error(&format!(
            "this command computes with tensors, for which netc-torch must stand beside netc\n\
             help: {INSTALL}"
        ));
        return ExitCode::from(PROBLEMS);
    };
    let mut command = command(&sibling);
    command.args(env::args_os().skip(1));
    let why = match find_libtorch() {
        Some(_) => replace_process(&mut command),
        // It may still lie where only the dynamic linker knows.
        None => match command.status() {
            Ok(status) if status.code() == Some(NOT_LOADED) => {
                error(&format!(
                    "libtorch 2.11.0 was not found\nhelp: {LIBTORCH}; `netc doctor` says more"
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

/// A command that starts it and lets it find the libtorch that `LIBTORCH` names.
pub fn command(sibling: &Path) -> process::Command {
    let mut command = process::Command::new(sibling);
    // OpenMP's threads wait by spinning otherwise, and a second busy process makes training five
    // times slower.
    if env::var_os("OMP_WAIT_POLICY").is_none() {
        command.env("OMP_WAIT_POLICY", "passive");
    }
    // They go before the folders that the program was built with.
    let named = named_folders();
    if !named.is_empty() {
        let before = env::var_os(LINKER_PATH).unwrap_or_default();
        let all = named.into_iter().chain(env::split_paths(&before));
        if let Ok(all) = env::join_paths(all.filter(|folder| !folder.as_os_str().is_empty())) {
            command.env(LINKER_PATH, all);
        }
    }
    command
}

/// The folder that libtorch would be loaded from, as far as netc itself can tell.
pub fn find_libtorch() -> Option<PathBuf> {
    let origin = env::current_exe().ok()?.canonicalize().ok()?;
    let origin = origin.parent()?.to_str()?;
    let built = option_env!("NETC_RPATHS").unwrap_or_default();
    let built = built.replace("$ORIGIN", origin).replace("@loader_path", origin);
    let given = env::var_os(LINKER_PATH).unwrap_or_default();
    let named = named_folders().into_iter().chain(env::split_paths(&given));
    let mut folders = named.chain(env::split_paths(&built).collect::<Vec<_>>());
    folders.find(|folder| !folder.as_os_str().is_empty() && folder.join(LIBRARY).is_file())
}

/// The library folders of the libtorch that `LIBTORCH` names.
fn named_folders() -> Vec<PathBuf> {
    let Some(libtorch) = env::var_os("LIBTORCH").map(PathBuf::from) else { return Vec::new() };
    let beside = libtorch.parent().map(|folder| folder.join("nvidia/cu13/lib"));
    [Some(libtorch.join("lib")), beside]
        .into_iter()
        .flatten()
        .filter(|folder| folder.is_dir())
        .collect()
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
