use std::ffi::c_void;

/// `c10::cuda::CUDAStream` of libtorch 2.11, which is returned in two registers.
#[repr(C)]
struct CudaStream(i64, i64);

/// The stream on which this thread's calls of libtorch compute, looked up by name because the
/// program is not linked against libtorch's CUDA part.
pub(super) fn current_stream(gpu: usize) -> Result<*mut c_void, String> {
    let find = |name: &std::ffi::CStr| {
        // SAFETY: the name ends in NUL; libraries are searched that are loaded for good.
        let found = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
        let missing = || format!("libtorch's CUDA part has no {}", name.to_string_lossy());
        if found.is_null() { Err(missing()) } else { Ok(found) }
    };
    let current = find(c"_ZN3c104cuda20getCurrentCUDAStreamEa")?;
    let handle = find(c"_ZNK3c104cuda10CUDAStream6streamEv")?;
    let gpu = i8::try_from(gpu).map_err(|_| format!("there is no GPU {gpu}"))?;
    // SAFETY: the types are those of the two functions in libtorch 2.11, for which these names
    // stand; the second one reads a stream that the first one gave.
    unsafe {
        let current: unsafe extern "C" fn(i8) -> CudaStream = std::mem::transmute(current);
        let handle: unsafe extern "C" fn(*const CudaStream) -> *mut c_void =
            std::mem::transmute(handle);
        let stream = current(gpu);
        Ok(handle(&raw const stream))
    }
}
