//! Where libtorch lies, and how to get it, which depends on how netc was installed.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use crate::run::LIBTORCH;

/// The library whose presence shows that a folder contains libtorch.
const LIBRARY: &str =
    if cfg!(target_os = "macos") { "libtorch_cpu.dylib" } else { "libtorch_cpu.so" };

/// The variable that gives the dynamic linker further folders.
pub const LINKER_PATH: &str =
    if cfg!(target_os = "macos") { "DYLD_LIBRARY_PATH" } else { "LD_LIBRARY_PATH" };

/// The script of a release archive that fetches libtorch, from the folder above that of the
/// programs.
const SCRIPT: &str = "lib/netc/scripts/libtorch.sh";

/// The folder that libtorch would be loaded from, as far as netc itself can tell.
pub fn find() -> Option<PathBuf> {
    let first = before_the_built().into_iter().find(|folder| has_libtorch(folder));
    first.or_else(built_in)
}

/// The folders that the dynamic linker is to search before those that netc-torch was built with.
pub fn before_the_built() -> Vec<PathBuf> {
    let named = env::var_os("LIBTORCH").map(PathBuf::from);
    let given = env::var_os(LINKER_PATH).unwrap_or_default();
    let given = env::split_paths(&given).filter(|folder| !folder.as_os_str().is_empty());
    let mut folders: Vec<PathBuf> =
        named.iter().flat_map(|libtorch| folders_of(libtorch)).chain(given).collect();
    // PyTorch's own, where pip has installed netc beside it, if there is no other.
    if built_in().is_none() && !folders.iter().any(|folder| has_libtorch(folder)) {
        let torch = python().into_iter().map(|site| site.join("torch")).find(|torch| serves(torch));
        folders.extend(torch.iter().flat_map(|torch| folders_of(torch)));
    }
    folders
}

/// How to get netc-torch, and libtorch with it.
pub fn how_to_get_netc_torch() -> String {
    // Releases have it for no other machines.
    let released = cfg!(all(target_os = "linux", target_arch = "x86_64"));
    if released && by_pip() {
        return "install the wheel netc_torch of the same release by pip".into();
    }
    let archive = if released { "; or take a full archive of a release" } else { "" };
    format!("in a checkout of netc: scripts/libtorch.sh, then cargo install --path torch{archive}")
}

/// How to get libtorch alone.
pub fn how_to_get() -> String {
    let script = root().map(|root| root.join(SCRIPT)).filter(|script| script.is_file());
    let get = match script {
        Some(script) => format!("run bash {}", script.display()),
        None if by_pip() => {
            let other = python().into_iter().find_map(|site| version(&site.join("torch")));
            let other =
                other.map(|other| format!(" in the place of PyTorch {other}, which is there"));
            format!("pip install torch=={LIBTORCH}{}", other.unwrap_or_default())
        }
        None => "run scripts/libtorch.sh in a checkout of netc".into(),
    };
    format!("{get}, or set LIBTORCH to the folder of a libtorch {LIBTORCH}")
}

/// The library folder among those that the programs were built with that contains libtorch.
fn built_in() -> Option<PathBuf> {
    let origin = env::current_exe().ok()?.canonicalize().ok()?;
    let origin = origin.parent()?.to_str()?;
    let built = option_env!("NETC_RPATHS").unwrap_or_default();
    let built = built.replace("$ORIGIN", origin).replace("@loader_path", origin);
    env::split_paths(&built).find(|folder| !folder.as_os_str().is_empty() && has_libtorch(folder))
}

fn has_libtorch(folder: &Path) -> bool {
    folder.join(LIBRARY).is_file()
}

/// The library folders of a libtorch.
fn folders_of(libtorch: &Path) -> Vec<PathBuf> {
    let beside = libtorch.parent().map(|folder| folder.join("nvidia/cu13/lib"));
    let folders = [Some(libtorch.join("lib")), beside].into_iter().flatten();
    folders.filter(|folder| folder.is_dir()).collect()
}

/// Whether a package of PyTorch is of the version that netc-torch was built for.
fn serves(torch: &Path) -> bool {
    // What follows a plus says for which GPUs it was built.
    let serves = |version: String| version.split('+').next() == Some(LIBTORCH);
    version(torch).is_some_and(serves) && has_libtorch(&torch.join("lib"))
}

/// The version that a package of PyTorch declares, if there is one.
fn version(torch: &Path) -> Option<String> {
    let text = fs::read_to_string(torch.join("version.py")).ok()?;
    let declared = text.lines().find_map(|line| line.strip_prefix("__version__ = "))?;
    Some(declared.trim_matches(['\'', '"']).to_owned())
}

/// Whether netc came as a wheel.
fn by_pip() -> bool {
    let entries = python().into_iter().filter_map(|site| fs::read_dir(site).ok()).flatten();
    entries.flatten().any(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        name.starts_with("netc-") && name.ends_with(".dist-info")
    })
}

/// The folders of packages of the Python environment whose programs lie beside this one.
fn python() -> Vec<PathBuf> {
    let Some(root) = root() else { return Vec::new() };
    let libraries =
        ["lib", "lib64"].into_iter().filter_map(|lib| fs::read_dir(root.join(lib)).ok());
    let versions = libraries.flatten().flatten().map(|entry| entry.path());
    let versions = versions.filter(|path| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("python3"))
    });
    let sites = versions
        .flat_map(|python| ["site-packages", "dist-packages"].map(|site| python.join(site)));
    sites.filter(|site| site.is_dir()).collect()
}

/// The folder above that of this program.
fn root() -> Option<PathBuf> {
    Some(env::current_exe().ok()?.canonicalize().ok()?.parent()?.parent()?.to_owned())
}
