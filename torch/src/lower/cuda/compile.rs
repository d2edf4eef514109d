//! The kernels' sources compiled by NVRTC.

use std::ffi::{CString, c_char};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::PathBuf;
use std::sync::OnceLock;

use cudarc::nvrtc::{result, sys};
use netc::disk;
use tch::TchError;

use crate::native::linker::{self, Scope};

/// All kernels in one text, each part after those that it uses.
const SOURCE: &str = concat!(
    include_str!("kernels/device.cuh"),
    include_str!("kernels/half.cuh"),
    include_str!("kernels/state.cuh"),
    include_str!("kernels/reduce.cuh"),
    include_str!("kernels/max_pool.cuh"),
    include_str!("kernels/activation.cuh"),
    include_str!("kernels/batch_norm.cuh"),
    include_str!("kernels/batch_norm_backward.cuh"),
    include_str!("kernels/dropout.cuh"),
    include_str!("kernels/loss.cuh"),
    include_str!("kernels/optimizer.cuh"),
    include_str!("kernels/update.cuh"),
    include_str!("kernels/augment.cuh"),
    include_str!("kernels/kernels.cu"),
);

/// The last one has NVRTC use all threads of the machine.
const OPTIONS: [&str; 2] = ["--std=c++17", "--split-compile=0"];

/// The most bytes of a file of machine code.
const MOST: u64 = 64 << 20;

static CACHE: OnceLock<PathBuf> = OnceLock::new();

/// Has compiled kernels kept in a folder. The first call decides.
pub fn keep_in(folder: PathBuf) {
    CACHE.get_or_init(|| folder);
}

/// The kernels for an architecture such as `sm_90`, as a cubin: that of an earlier call, or
/// compiled now.
///
/// # Errors
/// No NVRTC, and what it refuses.
pub(super) fn cubin(architecture: &str) -> Result<Vec<u8>, TchError> {
    let kept = kept(architecture);
    if let Some(bytes) = kept.as_deref().and_then(|path| disk::read(path, MOST).ok()) {
        return Ok(bytes);
    }
    let bytes = compiled(architecture)?;
    if let Some(path) = kept {
        // Without the file the next process compiles again.
        let _ = std::fs::create_dir_all(path.parent().unwrap_or(&path))
            .and_then(|()| disk::replace(&path, &bytes));
    }
    Ok(bytes)
}

/// Compiles the kernels for an architecture such as `sm_90`, which takes no GPU, and returns the
/// file that they are kept in.
///
/// # Errors
/// No NVRTC, and what it refuses; no [folder](keep_in) to keep them in.
pub fn compile(architecture: &str) -> Result<PathBuf, TchError> {
    cubin(architecture)?;
    kept(architecture).filter(|path| path.is_file()).ok_or_else(|| {
        TchError::Torch(format!("the kernels for {architecture} were compiled, but not kept"))
    })
}

/// The file of the kernels for an architecture.
fn kept(architecture: &str) -> Option<PathBuf> {
    let mut hasher = DefaultHasher::new();
    (OPTIONS, SOURCE).hash(&mut hasher);
    let name = format!("kernels-{architecture}-{:016x}.cubin", hasher.finish());
    CACHE.get().map(|folder| folder.join(name))
}

fn compiled(architecture: &str) -> Result<Vec<u8>, TchError> {
    let refuse =
        |what: &str| TchError::Torch(format!("compiling the kernels for {architecture}: {what}"));
    open_nvrtc();
    // SAFETY: only the presence of the library is looked up.
    if !unsafe { sys::is_culib_present() } {
        return Err(refuse("there is no NVRTC library, libnvrtc.so, beside libtorch"));
    }
    let source = CString::new(SOURCE).map_err(|_| refuse("a NUL byte in the source"))?;
    let program = result::create_program(&source, Some(c"netc.cu"))
        .map_err(|error| refuse(&format!("{error:?}")))?;
    // SAFETY: the program lives until it is destroyed below, its source as well.
    unsafe {
        let mut options: Vec<String> = OPTIONS.map(String::from).into();
        options.push(format!("--gpu-architecture={architecture}"));
        let done = result::compile_program(program, &options);
        let code = done.and_then(|()| {
            let mut size = 0;
            sys::nvrtcGetCUBINSize(program, &raw mut size).result()?;
            let mut bytes = vec![0u8; size];
            sys::nvrtcGetCUBIN(program, bytes.as_mut_ptr().cast::<c_char>()).result()?;
            Ok(bytes)
        });
        let code = code.map_err(|error| {
            let log = result::get_program_log(program).unwrap_or_default();
            let log: String = log.iter().map(|&c| char::from(c.cast_unsigned())).collect();
            refuse(&format!("{error:?} {}", log.trim_end_matches('\0')))
        });
        let _ = result::destroy_program(program);
        code
    }
}

/// Opens the NVRTC that belongs to libtorch, so that it is found by its name alone, and then what
/// it opens by name itself. What cannot be opened here is looked for elsewhere.
fn open_nvrtc() {
    let _ = linker::open(c"libcaffe2_nvrtc.so", Scope::Global);
    let Some(nvrtc) = linker::loaded("libnvrtc.so") else { return };
    let folder = nvrtc.parent().into_iter().filter_map(|folder| std::fs::read_dir(folder).ok());
    for entry in folder.flatten().flatten() {
        let is_builtins = entry.file_name().to_string_lossy().starts_with("libnvrtc-builtins.so");
        if let (true, Ok(path)) =
            (is_builtins, CString::new(entry.path().as_os_str().as_encoded_bytes()))
        {
            let _ = linker::open(&path, Scope::Global);
        }
    }
}
