//! The calls into the C library. All `unsafe` code of the runner is here.

#![allow(unsafe_code)]

#[cfg(target_os = "linux")]
use crate::native::linker::{self, Scope};

/// Makes libtorch's CUDA part available if it is installed beside the rest. libtorch registers its
/// kernels when the library is loaded, so that one binary works on machines with and without a
/// GPU.
///
/// # Errors
/// The dynamic linker's words.
pub(in crate::run) fn load_cuda() -> Result<(), String> {
    #[cfg(target_os = "linux")]
    linker::open(c"libtorch_cuda.so", Scope::Global)?;
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
