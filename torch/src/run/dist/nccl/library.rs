//! NCCL's functions, opened at run time: libnccl comes with libtorch's CUDA part alone.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::mem::transmute;
use std::ptr::NonNull;
use std::sync::OnceLock;

use cudarc::driver::sys::CUstream;
use cudarc::nccl::sys::{ncclComm_t, ncclDataType_t, ncclRedOp_t, ncclUniqueId};

use crate::native::linker::{self, Scope};
use crate::run::device::Machine;

/// What is looked for. Once libtorch's CUDA part is loaded, the library that it needs is found by
/// this name, wherever it is.
const NAME: &CStr = c"libnccl.so.2";
/// The first version with all functions that are called here. Since 2.9 sums can be recorded in a
/// CUDA graph.
const OLDEST: c_int = 21_300;

type NcclStatus = c_int;
type AllReduce = unsafe extern "C" fn(
    *const c_void,
    *mut c_void,
    usize,
    ncclDataType_t,
    ncclRedOp_t,
    ncclComm_t,
    CUstream,
) -> NcclStatus;
type Broadcast = unsafe extern "C" fn(
    *const c_void,
    *mut c_void,
    usize,
    ncclDataType_t,
    c_int,
    ncclComm_t,
    CUstream,
) -> NcclStatus;
type GetVersion = unsafe extern "C" fn(*mut c_int) -> NcclStatus;
type GetUniqueId = unsafe extern "C" fn(*mut ncclUniqueId) -> NcclStatus;
type Abort = unsafe extern "C" fn(ncclComm_t) -> NcclStatus;
type ErrorString = unsafe extern "C" fn(NcclStatus) -> *const c_char;
type LastError = unsafe extern "C" fn(ncclComm_t) -> *const c_char;
type InitRank = unsafe extern "C" fn(*mut ncclComm_t, c_int, ncclUniqueId, c_int) -> NcclStatus;

/// NCCL as it is on this machine. cudarc's own functions look for other names than that of the
/// library that libtorch brings, and panic.
#[derive(Debug)]
pub struct NcclLibrary {
    version: c_int,
    get_unique_id: GetUniqueId,
    pub(super) init_rank: InitRank,
    pub(super) all_reduce: AllReduce,
    pub(super) broadcast: Broadcast,
    pub(super) abort: Abort,
    error_string: ErrorString,
    last_error: LastError,
}

impl NcclLibrary {
    /// Opens it, once.
    ///
    /// # Errors
    /// What was looked for and not found, and what to do.
    pub fn open() -> Result<&'static NcclLibrary, String> {
        static OPENED: OnceLock<Result<NcclLibrary, String>> = OnceLock::new();
        let opened = OPENED.get_or_init(|| {
            let cuda = Machine::cuda();
            NcclLibrary::load().map_err(|mut why| {
                if let Err(words) = cuda {
                    why = format!("{why}; {words}");
                }
                format!(
                    "NCCL, which sums gradients over GPUs, cannot be used: looked for {}, which \
                     comes with libtorch's CUDA part ({why})\n\
                     help: train with one process, or with `--device cpu`",
                    NAME.to_string_lossy()
                )
            })
        });
        opened.as_ref().map_err(Clone::clone)
    }

    fn load() -> Result<NcclLibrary, String> {
        let library = linker::open(NAME, Scope::Local)?;
        let find = |name: &CStr| linker::function(library, name).map(NonNull::as_ptr);
        // SAFETY: the types are those of nccl.h, which are the same in every NCCL 2 from 2.13 on.
        unsafe {
            let version = transmute::<*mut c_void, GetVersion>(find(c"ncclGetVersion")?);
            let mut number = 0;
            let status = version(&raw mut number);
            if status != 0 || number < OLDEST {
                return Err(format!("its version is {number}, status {status}"));
            }
            Ok(NcclLibrary {
                version: number,
                get_unique_id: transmute::<*mut c_void, GetUniqueId>(find(c"ncclGetUniqueId")?),
                init_rank: transmute::<*mut c_void, InitRank>(find(c"ncclCommInitRank")?),
                all_reduce: transmute::<*mut c_void, AllReduce>(find(c"ncclAllReduce")?),
                broadcast: transmute::<*mut c_void, Broadcast>(find(c"ncclBroadcast")?),
                abort: transmute::<*mut c_void, Abort>(find(c"ncclCommAbort")?),
                error_string: transmute::<*mut c_void, ErrorString>(find(c"ncclGetErrorString")?),
                last_error: transmute::<*mut c_void, LastError>(find(c"ncclGetLastError")?),
            })
        }
    }

    /// Its version: major, minor, patch.
    pub fn version(&self) -> [i32; 3] {
        [self.version / 10_000, self.version / 100 % 100, self.version % 100]
    }

    /// A new name for a group, which one rank makes and all join by.
    ///
    /// # Errors
    /// Those of NCCL, as a message: no network interface.
    pub fn unique_id(&self) -> Result<[u8; 128], String> {
        let mut id = ncclUniqueId { internal: [0; 128] };
        // SAFETY: NCCL writes these 128 bytes.
        self.checked(unsafe { (self.get_unique_id)(&raw mut id) })?;
        Ok(id.internal.map(|byte| byte.to_ne_bytes()[0]))
    }

    /// NCCL's status as a message.
    pub(super) fn checked(&self, status: NcclStatus) -> Result<(), String> {
        if status == 0 {
            return Ok(());
        }
        let text = |text: *const c_char| {
            // SAFETY: NCCL's texts are null or static, or kept until this thread's next error.
            (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) }.to_string_lossy())
        };
        // SAFETY: any number has a text; the last error needs no group.
        let (what, detail) = unsafe {
            (text((self.error_string)(status)), text((self.last_error)(std::ptr::null_mut())))
        };
        let detail = detail.unwrap_or_default();
        let detail = detail.trim();
        let what = what.unwrap_or_default();
        Err(format!("NCCL: {what}{}{detail}", if detail.is_empty() { "" } else { ": " }))
    }
}
