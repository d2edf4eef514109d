//! The calls into the C library. All `unsafe` code of the runner is here.

#![allow(unsafe_code)]

use std::ffi::CStr;

/// Makes libtorch's CUDA part available if it is installed beside the rest. libtorch registers its
/// kernels when the library is loaded, so that one binary works on machines with and without a
/// GPU.
///
/// # Errors
/// The dynamic linker's words.
pub(in crate::run) fn load_cuda() -> Result<(), String> {
    // SAFETY: the name is a NUL-terminated literal, and loading libtorch_cuda.so runs no code but
    // its registrations. The handle is left open on purpose: kernels stay registered. The linker's
    // words are null or a string that stays until this thread's next call.
    #[cfg(target_os = "linux")]
    unsafe {
        if libc::dlopen(c"libtorch_cuda.so".as_ptr(), libc::RTLD_NOW | libc::RTLD_GLOBAL).is_null()
        {
            let words = libc::dlerror();
            let text =
                (!words.is_null()).then(|| CStr::from_ptr(words).to_string_lossy().into_owned());
            return Err(text.unwrap_or_else(|| "libtorch_cuda.so cannot be loaded".into()));
        }
    }
    Ok(())
}

/// Ends the process without running the destructors of libraries, whose threads may still be
/// computing.
pub fn leave(code: u8) -> ! {
    // SAFETY: it ends the process, and nothing after it runs.
    unsafe { libc::_exit(code.into()) }
}

/// Lets glibc keep large freed blocks. By default it returns them to the system, and every step
/// pays for its page faults again: 10 to 30% of a training step on a virtual machine. Because of
/// fragmentation a process then takes up to two thirds more than it uses.
pub(in crate::run) fn keep_freed_memory() {
    freed_memory(1 << 30, i32::MAX);
}

/// Lets glibc return large freed blocks to the system from now on: a process takes only what it
/// uses.
pub(in crate::run) fn return_freed_memory() {
    freed_memory(1 << 17, 1 << 17);
}

fn freed_memory(map_from: i32, trim_from: i32) {
    // SAFETY: mallopt only sets numbers in the allocator.
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, map_from);
        libc::mallopt(libc::M_TRIM_THRESHOLD, trim_from);
    }
    #[cfg(not(all(target_os = "linux", target_env = "gnu")))]
    let _ = (map_from, trim_from);
}
