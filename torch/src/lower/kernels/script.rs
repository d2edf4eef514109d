//! TorchScript by libtorch's own compiler.

use std::ffi::{CString, c_char};
use std::path::Path;

use tch::{TchError, Tensor};

use super::aten::{Pointer, checked, pointer};

unsafe extern "C" {
    fn netc_script(
        name: *const c_char,
        source: *const c_char,
        names: *const *const c_char,
        trained: *const bool,
        tensors: *const Pointer,
        count: usize,
        facts: *const c_char,
        path: *const c_char,
    ) -> *mut c_char;
}

/// A tensor that a module holds.
#[derive(Debug)]
pub struct Held<'a> {
    /// Its place: modules within modules and its name, with dots between.
    pub name: String,
    /// Whether it is a parameter, not a buffer.
    pub trained: bool,
    /// The values.
    pub tensor: &'a Tensor,
}

/// Makes a module of the class `name` with these tensors and the methods of `source`, and saves it with `facts` as its extra
/// file `netc.json`.
///
/// # Errors
/// A source that libtorch does not compile, a file that it cannot write.
pub fn save(
    name: &str,
    source: &str,
    (held, facts): (&[Held<'_>], &str),
    path: &Path,
) -> Result<(), TchError> {
    let string = |text: &str| {
        CString::new(text).map_err(|_| TchError::Shape(format!("{text:?} holds a NUL character")))
    };
    let (name, source) = (string(name)?, string(source)?);
    let path = path.to_str().ok_or_else(|| TchError::Shape(format!("{} is not UTF-8", path.display())))?;
    let (path, facts) = (string(path)?, string(facts)?);
    let names: Vec<CString> = held.iter().map(|held| string(&held.name)).collect::<Result<_, _>>()?;
    let names: Vec<*const c_char> = names.iter().map(|name| name.as_ptr()).collect();
    let trained: Vec<bool> = held.iter().map(|held| held.trained).collect();
    let tensors: Vec<Pointer> = held.iter().map(|held| pointer(held.tensor)).collect();
    // SAFETY: strings end with NUL, the arrays have `held.len()` elements, and all outlive the call.
    unsafe {
        checked(netc_script(
            name.as_ptr(),
            source.as_ptr(),
            names.as_ptr(),
            trained.as_ptr(),
            tensors.as_ptr(),
            held.len(),
            facts.as_ptr(),
            path.as_ptr(),
        ))
    }
}
