//! libtorch's stream, and steps captured once and replayed: a CUDA graph of libtorch's.

use std::cell::Cell;
use std::ffi::{c_char, c_void};
use std::ptr::{self, NonNull};

use netc::lower::TorchError;
use tch::TchError;

use crate::lower::At;
use crate::lower::kernels::aten::checked;

const PLACE: &str = "the CUDA graph of a step (--no-graph launches each kernel by itself)";

unsafe extern "C" {
    fn netc_cuda_check() -> *mut c_char;
    fn netc_cuda_set_device(device: i8) -> *mut c_char;
    fn netc_cuda_own_stream(device: i8) -> *mut c_char;
    fn netc_cuda_current_stream(device: i8, stream: *mut *mut c_void) -> *mut c_char;
    fn netc_cuda_graph_begin(graph: *mut *mut c_void) -> *mut c_char;
    fn netc_cuda_graph_end(graph: *mut c_void) -> *mut c_char;
    fn netc_cuda_graph_replay(graph: *mut c_void) -> *mut c_char;
    fn netc_cuda_graph_free(graph: *mut c_void);
}

/// Looks for every function of libtorch that is called here.
///
/// # Errors
/// The first one that is missing.
pub(super) fn check() -> Result<(), TchError> {
    // SAFETY: the shim only looks names up.
    unsafe { checked(netc_cuda_check()) }
}

/// Has this thread's calls of the driver go to a GPU.
///
/// # Errors
/// libtorch's CUDA part is not loaded.
pub(super) fn set_device(gpu: usize) -> Result<(), TchError> {
    // SAFETY: the shim checks that the function is there.
    unsafe { checked(netc_cuda_set_device(ordinal(gpu))) }
}

/// Has this thread compute on a stream of its own from now on: nothing can be captured on the
/// default one.
///
/// # Errors
/// What libtorch refuses.
pub fn own_stream(gpu: usize) -> Result<(), TchError> {
    thread_local! {
        static OWN: Cell<Option<usize>> = const { Cell::new(None) };
    }
    if OWN.get() != Some(gpu) {
        // What was launched before must be done: the two streams do not wait for each other.
        tch::Cuda::synchronize(gpu as i64);
        check()?;
        set_device(gpu)?;
        // SAFETY: the functions are there.
        unsafe { checked(netc_cuda_own_stream(ordinal(gpu)))? };
        OWN.replace(Some(gpu));
    }
    Ok(())
}

/// The stream on which this thread computes on a GPU, a `CUstream`.
///
/// # Errors
/// libtorch's CUDA part is not loaded.
pub fn current_stream(gpu: usize) -> Result<*mut c_void, TchError> {
    let mut stream = ptr::null_mut();
    // SAFETY: the shim writes the stream's handle.
    unsafe { checked(netc_cuda_current_stream(ordinal(gpu), &raw mut stream))? };
    Ok(stream)
}

fn ordinal(gpu: usize) -> i8 {
    i8::try_from(gpu).unwrap_or(i8::MAX)
}

/// Kernels captured in order, with the memory that they use.
#[derive(Debug)]
pub struct CudaGraph(NonNull<c_void>);

// SAFETY: libtorch's graph is bound to a GPU and not to a thread.
unsafe impl Send for CudaGraph {}

impl CudaGraph {
    /// Captures what `work` launches on the current stream, without running it. All that it needs
    /// must be warm: each of its kernels has run before on tensors of these shapes, on this stream.
    ///
    /// # Errors
    /// Those of `work`; what cannot be captured.
    pub fn capture<E: From<TorchError>>(
        work: impl FnOnce() -> Result<(), E>,
    ) -> Result<CudaGraph, E> {
        let mut graph = ptr::null_mut();
        // SAFETY: the shim writes an object that only this handle frees.
        let begun = unsafe { checked(netc_cuda_graph_begin(&raw mut graph)) };
        let graph = NonNull::new(graph).map(CudaGraph);
        let begun = begun.and(graph.ok_or_else(|| TchError::Torch("no graph was made".into())));
        let graph = begun.at(PLACE)?;
        let done = work();
        // SAFETY: the graph was begun above.
        let ended = unsafe { checked(netc_cuda_graph_end(graph.0.as_ptr())) };
        // The error of `work` goes first: a capture that it broke off cannot be ended either.
        done?;
        ended.at(PLACE)?;
        Ok(graph)
    }

    /// Runs all of it again, on the same memory. It waits for nothing.
    ///
    /// # Errors
    /// What CUDA refuses.
    pub fn replay(&self) -> Result<(), TorchError> {
        // SAFETY: the graph was captured to its end.
        unsafe { checked(netc_cuda_graph_replay(self.0.as_ptr())) }.at(PLACE)
    }
}

impl Drop for CudaGraph {
    fn drop(&mut self) {
        // SAFETY: nobody else holds it.
        unsafe { netc_cuda_graph_free(self.0.as_ptr()) }
    }
}
