//! The kernels on the CPU, for tests without a GPU.

use std::ffi::{CString, OsStr, c_char, c_int, c_uint, c_void};
use std::os::unix::ffi::OsStrExt as _;

use tch::TchError;

use crate::native::linker::{self, Scope};

/// The environment variable that names the library of the kernels for the CPU.
pub const EMULATOR: &str = "NETC_CUDA_EMULATOR";

type Launch = unsafe extern "C" fn(
    name: *const c_char,
    blocks_x: c_uint,
    blocks_y: c_uint,
    threads: c_uint,
    arguments: *mut *mut c_void,
) -> c_int;

#[derive(Debug)]
pub(super) struct Emulator {
    launch: Launch,
}

/// Whether the kernels are to run on the CPU.
pub(super) fn is_asked() -> bool {
    std::env::var_os(EMULATOR).is_some_and(|path| !path.is_empty())
}

impl Emulator {
    /// Opens the library, and leaves it open.
    pub(super) fn open() -> Result<Emulator, TchError> {
        let path = std::env::var_os(EMULATOR).unwrap_or_default();
        let refuse = |why: &str| {
            let path = OsStr::display(&path);
            TchError::Torch(format!("the kernels of {EMULATOR}={path}: {why}"))
        };
        let name = CString::new(path.as_bytes()).map_err(|_| refuse("a NUL byte in the path"))?;
        let library = linker::open(&name, Scope::Local).map_err(|why| refuse(&why))?;
        let launch = linker::function(library, c"launch").map_err(|why| refuse(&why))?;
        // SAFETY: the library is one that the user names; its function has this signature.
        let launch = unsafe { std::mem::transmute::<*mut c_void, Launch>(launch.as_ptr()) };
        Ok(Emulator { launch })
    }

    pub(super) fn launch(
        &self,
        kernel: &str,
        [columns, rows]: [u32; 2],
        threads: u32,
        arguments: &mut [*mut c_void],
    ) -> Result<(), TchError> {
        let refuse = || TchError::Torch(format!("the emulator has no kernel {kernel}"));
        let name = CString::new(kernel).map_err(|_| refuse())?;
        // SAFETY: the arguments are those of the kernel, see `GpuKernels::launch`.
        let done =
            unsafe { (self.launch)(name.as_ptr(), columns, rows, threads, arguments.as_mut_ptr()) };
        if done == 0 { Ok(()) } else { Err(refuse()) }
    }
}
