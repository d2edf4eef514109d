//! Messages of the C++ files, see `guarded.hpp`.

use std::ffi::{CStr, c_char};

/// The outcome of a call: the first line of its message is the error.
///
/// # Safety
/// `message` is null or a string that `malloc` made and nobody else frees.
pub(crate) unsafe fn checked(message: *mut c_char) -> Result<(), String> {
    // SAFETY: the caller vouches for it.
    match unsafe { taken(message) } {
        Some(text) => Err(text.lines().next().unwrap_or("it failed").to_string()),
        None => Ok(()),
    }
}

/// Takes over a text, if there is one.
///
/// # Safety
/// `text` is null or a string that `malloc` made and nobody else frees.
pub(crate) unsafe fn taken(text: *mut c_char) -> Option<String> {
    if text.is_null() {
        return None;
    }
    // SAFETY: the caller vouches for it.
    unsafe {
        let copy = CStr::from_ptr(text).to_string_lossy().into_owned();
        libc::free(text.cast());
        Some(copy)
    }
}
