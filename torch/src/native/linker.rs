//! Libraries that are opened at run time. They stay open: what they register is used to the end.

use std::ffi::{CStr, c_void};
use std::path::PathBuf;
use std::ptr::NonNull;

/// Who finds the functions of a library by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Every library.
    Global,
    /// Who has the handle.
    Local,
}

/// Opens a library by its path or its name.
///
/// # Errors
/// The dynamic linker's words.
pub(crate) fn open(name: &CStr, scope: Scope) -> Result<NonNull<c_void>, String> {
    let scope = match scope {
        Scope::Global => libc::RTLD_GLOBAL,
        Scope::Local => libc::RTLD_LOCAL,
    };
    // SAFETY: the name ends in NUL. The libraries that netc opens run no code but their
    // registrations.
    let library = unsafe { libc::dlopen(name.as_ptr(), libc::RTLD_NOW | scope) };
    NonNull::new(library).ok_or_else(words)
}

/// A function of a library.
///
/// # Errors
/// That it has none of this name.
pub(crate) fn function(library: NonNull<c_void>, name: &CStr) -> Result<NonNull<c_void>, String> {
    // SAFETY: the handle is open, and the name ends in NUL.
    let found = unsafe { libc::dlsym(library.as_ptr(), name.as_ptr()) };
    NonNull::new(found).ok_or_else(|| format!("it has no {}", name.to_string_lossy()))
}

/// The file of a loaded library whose name starts like this, if the system says.
pub(crate) fn loaded(start: &str) -> Option<PathBuf> {
    let maps = std::fs::read_to_string("/proc/self/maps").ok()?;
    let mut paths = maps.lines().filter_map(|line| line.find('/').map(|at| &line[at..]));
    let named = |path: &&str| path.rsplit('/').next().is_some_and(|name| name.starts_with(start));
    paths.find(named).map(PathBuf::from)
}

/// What the dynamic linker says about its last error.
fn words() -> String {
    // SAFETY: the words are null or a string that stays until this thread's next call.
    unsafe {
        let words = libc::dlerror();
        let text = (!words.is_null()).then(|| CStr::from_ptr(words).to_string_lossy().into_owned());
        text.unwrap_or_else(|| "the dynamic linker gives no reason".into())
    }
}
