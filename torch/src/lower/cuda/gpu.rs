//! The kernels of a GPU, on the stream on which libtorch computes.

use std::collections::HashMap;
use std::ffi::{CString, c_void};
use std::sync::{Mutex, PoisonError};

use cudarc::driver::{result, sys};
use tch::TchError;

use super::compile::cubin;
use super::graph::current_stream;

/// The kernels of a GPU as its driver has loaded them.
#[derive(Debug)]
pub(super) struct Gpu {
    gpu: usize,
    module: sys::CUmodule,
    functions: Mutex<HashMap<String, sys::CUfunction>>,
    processors: u32,
    architecture: String,
}

// SAFETY: a driver's handles are of the process, not of a thread.
unsafe impl Send for Gpu {}
// SAFETY: as above; the functions found are behind a lock.
unsafe impl Sync for Gpu {}

impl Gpu {
    /// Compiles and loads the kernels. libtorch has made a tensor on this GPU before.
    pub(super) fn load(gpu: usize) -> Result<Gpu, TchError> {
        let refuse =
            |what: &str, error| TchError::Torch(format!("{what}: {}", driver_words(error)));
        let ordinal = i32::try_from(gpu).unwrap_or(i32::MAX);
        // SAFETY: the driver is loaded, since libtorch has made a tensor on this GPU; its calls
        // write to what is given here.
        unsafe {
            let device = result::device::get(ordinal).map_err(|error| refuse("the GPU", error))?;
            let attribute = |which| {
                result::device::get_attribute(device, which)
                    .map_err(|error| refuse("the GPU's properties", error))
            };
            use sys::CUdevice_attribute_enum as Attribute;
            let major = attribute(Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)?;
            let minor = attribute(Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR)?;
            let processors = attribute(Attribute::CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT)?;
            let architecture = format!("sm_{major}{minor}");
            let code = cubin(&architecture)?;
            let module = result::module::load_data(code.as_ptr().cast())
                .map_err(|error| refuse("loading the kernels", error))?;
            let processors = u32::try_from(processors).unwrap_or(1);
            Ok(Gpu { gpu, module, functions: Mutex::default(), processors, architecture })
        }
    }

    /// Such as `sm_90`.
    pub(super) fn architecture(&self) -> &str {
        &self.architecture
    }

    /// Its multiprocessors.
    pub(super) fn processors(&self) -> u32 {
        self.processors
    }

    pub(super) fn launch(
        &self,
        kernel: &str,
        [columns, rows]: [u32; 2],
        threads: u32,
        arguments: &mut [*mut c_void],
    ) -> Result<(), TchError> {
        let function = self.function(kernel)?;
        let stream = current_stream(self.gpu)?;
        let (grid, block) = ((columns, rows, 1), (threads, 1, 1));
        // SAFETY: the function is of this process's module, and the arguments are its own, see
        // `GpuKernels::launch`. libtorch keeps the memory of a tensor for what was launched on its
        // stream.
        unsafe { result::launch_kernel(function, grid, block, 0, stream.cast(), arguments) }
            .map_err(|error| TchError::Torch(format!("{kernel}: {}", driver_words(error))))
    }

    fn function(&self, kernel: &str) -> Result<sys::CUfunction, TchError> {
        let mut functions = self.functions.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(function) = functions.get(kernel) {
            return Ok(*function);
        }
        let refuse = |why: String| TchError::Torch(format!("the kernel {kernel}: {why}"));
        let name = CString::new(kernel).map_err(|error| refuse(error.to_string()))?;
        // SAFETY: the module is loaded and never unloaded.
        let function = unsafe { result::module::get_function(self.module, name) };
        let function = function.map_err(|error| refuse(driver_words(error)))?;
        functions.insert(kernel.into(), function);
        Ok(function)
    }
}

/// The memory of a GPU in bytes.
pub(super) fn memory(gpu: usize) -> Option<u64> {
    let ordinal = i32::try_from(gpu).ok()?;
    // SAFETY: the calls write to what is given here; there is a driver, since there is a GPU.
    let bytes = unsafe {
        sys::is_culib_present().then_some(())?;
        result::device::total_mem(result::device::get(ordinal).ok()?).ok()?
    };
    u64::try_from(bytes).ok()
}

/// What the driver says of an error.
pub(crate) fn driver_words(error: result::DriverError) -> String {
    error
        .error_string()
        .map_or_else(|_| format!("{error:?}"), |words| words.to_string_lossy().into_owned())
}
