//! TorchScript by libtorch's own compiler.

use std::ffi::{CString, c_char};

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
        bytes: *mut *mut c_char,
        length: *mut usize,
    ) -> *mut c_char;
}

/// A tensor that a module holds.
#[derive(Debug)]
pub struct HeldTensor<'a> {
    /// Its place: modules within modules and its name, with dots between.
    pub name: String,
    /// Whether it is a parameter, not a buffer.
    pub trained: bool,
    /// The values.
    pub tensor: &'a Tensor,
}

/// The archive of a module of the class `name` with these tensors and the methods of `source`, with
/// `facts` as its extra file `netc.json`.
///
/// # Errors
/// A source that libtorch does not compile.
pub fn archive(
    name: &str,
    source: &str,
    held: &[HeldTensor<'_>],
    facts: &str,
) -> Result<Vec<u8>, TchError> {
    let string = |text: &str| {
        CString::new(text).map_err(|_| TchError::Shape(format!("{text:?} holds a NUL character")))
    };
    let (name, source) = (string(name)?, string(source)?);
    let facts = string(facts)?;
    let names: Vec<CString> =
        held.iter().map(|held| string(&held.name)).collect::<Result<_, _>>()?;
    let names: Vec<*const c_char> = names.iter().map(|name| name.as_ptr()).collect();
    let trained: Vec<bool> = held.iter().map(|held| held.trained).collect();
    let tensors: Vec<Pointer> = held.iter().map(|held| pointer(held.tensor)).collect();
    let (mut bytes, mut length) = (std::ptr::null_mut(), 0);
    // SAFETY: strings end with NUL, the arrays have `held.len()` elements, and all outlive the
    // call, which makes `length` bytes by `malloc` if it does not fail.
    unsafe {
        checked(netc_script(
            name.as_ptr(),
            source.as_ptr(),
            names.as_ptr(),
            trained.as_ptr(),
            tensors.as_ptr(),
            held.len(),
            facts.as_ptr(),
            &raw mut bytes,
            &raw mut length,
        ))?;
        let archive = std::slice::from_raw_parts(bytes.cast::<u8>(), length).to_vec();
        libc::free(bytes.cast());
        Ok(archive)
    }
}
