//! Sums over the GPUs of all ranks, in their memory, by NCCL.
//!
//! They run on a stream of their own, beside the one on which libtorch computes: an event is
//! recorded where libtorch is, and this stream waits for it; at the end libtorch's stream waits
//! likewise for this one. The host waits for neither. All of it can be recorded in a CUDA graph,
//! which NCCL allows since 2.9, if each sum has run once before: the first one opens connections.

#![allow(unsafe_code)]

mod check;
mod library;

use std::ffi::{c_char, c_int, c_void};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use cudarc::driver::{DriverError, result, sys};
use cudarc::nccl::sys::{ncclComm_t, ncclDataType_t, ncclRedOp_t, ncclUniqueId};
use tch::{Device, Kind, Tensor};

use crate::lower::cuda;

pub use check::check_nccl;
pub use library::NcclLibrary;

/// A GPU's place in a group of NCCL.
#[derive(Debug)]
pub(super) struct Nccl {
    library: &'static NcclLibrary,
    gpu: usize,
    handles: Mutex<Handles>,
}

/// What the driver and NCCL gave out, for one call at a time.
#[derive(Debug)]
struct Handles {
    context: sys::CUcontext,
    communicator: ncclComm_t,
    stream: sys::CUstream,
    /// Marks a place of a stream until the wait for it is launched, and is free again then.
    mark: sys::CUevent,
}

// SAFETY: these handles are of the process, not of a thread.
unsafe impl Send for Handles {}

impl Drop for Nccl {
    fn drop(&mut self) {
        if let Ok(handles) = self.enter() {
            // SAFETY: the handles are valid and not used again. Aborting, unlike NCCL's other way
            // to leave, waits for no other rank.
            unsafe {
                let _ = (self.library.abort)(handles.communicator);
                let _ = result::event::destroy(handles.mark);
                let _ = result::stream::destroy(handles.stream);
            }
        }
    }
}

impl Nccl {
    /// Joins the other ranks, each with a GPU of its own, by an id that they share. Waits for them.
    pub(super) fn join(
        [rank, size]: [usize; 2],
        gpu: usize,
        id: [u8; 128],
    ) -> Result<Nccl, String> {
        let library = NcclLibrary::open()?;
        let device = device(gpu)?;
        let [rank, size] = [rank, size].map(|n| c_int::try_from(n).unwrap_or(c_int::MAX));
        let id = ncclUniqueId { internal: id.map(|byte| c_char::from_ne_bytes([byte])) };
        let mut communicator = std::ptr::null_mut();
        // SAFETY: the device is the driver's; its primary context, in which libtorch computes too,
        // is made current before anything is made in it. NCCL writes the communicator.
        unsafe {
            let context = result::primary_ctx::retain(device).map_err(text)?;
            result::ctx::set_current(context).map_err(text)?;
            library.checked((library.init_rank)(&raw mut communicator, size, id, rank))?;
            // One that does not wait for the default stream, nor makes it wait.
            let stream = result::stream::create(result::stream::StreamKind::NonBlocking);
            let mark = result::event::create(sys::CUevent_flags::CU_EVENT_DISABLE_TIMING);
            let (stream, mark) = (stream.map_err(text)?, mark.map_err(text)?);
            let handles = Mutex::new(Handles { context, communicator, stream, mark });
            Ok(Nccl { library, gpu, handles })
        }
    }

    /// The stream on which libtorch computes.
    fn current_stream(&self) -> Result<sys::CUstream, String> {
        let stream = cuda::current_stream(self.gpu).map_err(|error| error.to_string())?;
        Ok(stream.cast())
    }

    /// The GPU, as libtorch counts.
    pub(super) fn gpu(&self) -> usize {
        self.gpu
    }

    /// Launches a sum over the ranks, in place, after what libtorch has launched so far. Libtorch
    /// may touch the tensor after [`Nccl::rejoin`].
    pub(super) fn sum(&self, tensor: &Tensor) -> Result<(), String> {
        let (data, count, kind) = self.memory(tensor)?;
        let handles = self.enter()?;
        handles.after(self.current_stream()?, handles.stream)?;
        let Handles { communicator, stream, .. } = *handles;
        // SAFETY: the tensor has this memory, which its owner keeps until libtorch's stream has
        // waited for the sum, and after that as long as the stream uses it.
        self.library.checked(unsafe {
            let sum = ncclRedOp_t::ncclSum;
            (self.library.all_reduce)(data, data, count, kind, sum, communicator, stream)
        })
    }

    /// Launches the replacement of a tensor by rank 0's, as [`Nccl::sum`] does.
    pub(super) fn broadcast(&self, tensor: &Tensor) -> Result<(), String> {
        let (data, count, kind) = self.memory(tensor)?;
        let handles = self.enter()?;
        handles.after(self.current_stream()?, handles.stream)?;
        let Handles { communicator, stream, .. } = *handles;
        // SAFETY: as for `sum`.
        self.library.checked(unsafe {
            (self.library.broadcast)(data, data, count, kind, 0, communicator, stream)
        })
    }

    /// Has libtorch's stream wait for all that was launched here.
    pub(super) fn rejoin(&self) -> Result<(), String> {
        let handles = self.enter()?;
        handles.after(handles.stream, self.current_stream()?)
    }

    /// Has the host wait until the GPU has done all that libtorch has launched. A GPU waits for one
    /// that is gone without end; the host waits this long.
    pub(super) fn wait(&self, most: Duration) -> Result<(), String> {
        let handles = self.enter()?;
        let start = Instant::now();
        // SAFETY: event and stream are valid while the lock is held.
        unsafe { result::event::record(handles.mark, self.current_stream()?) }.map_err(text)?;
        loop {
            // SAFETY: as above.
            match unsafe { result::event::query(handles.mark) } {
                Ok(()) => return Ok(()),
                Err(DriverError(sys::CUresult::CUDA_ERROR_NOT_READY)) => {}
                Err(other) => return Err(text(other)),
            }
            if start.elapsed() > most {
                return Err(format!("the GPU has been busy for {} s", most.as_secs()));
            }
            std::thread::sleep(Duration::from_micros(200));
        }
    }

    /// Has this thread's calls of driver and NCCL go to this GPU.
    fn enter(&self) -> Result<MutexGuard<'_, Handles>, String> {
        let handles = self.handles.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        // SAFETY: the context is retained and not released.
        unsafe { result::ctx::set_current(handles.context) }.map_err(text)?;
        Ok(handles)
    }

    /// Where the numbers of a tensor are, how many, and of which type. Their order does not matter
    /// if there are no holes.
    fn memory(&self, tensor: &Tensor) -> Result<(*mut c_void, usize, ncclDataType_t), String> {
        let kind = match tensor.kind() {
            Kind::Half => ncclDataType_t::ncclFloat16,
            Kind::BFloat16 => ncclDataType_t::ncclBfloat16,
            Kind::Float => ncclDataType_t::ncclFloat32,
            Kind::Double => ncclDataType_t::ncclFloat64,
            Kind::Int64 => ncclDataType_t::ncclInt64,
            other => return Err(format!("NCCL is not used for {other:?}")),
        };
        let (size, stride) = (tensor.size(), tensor.stride());
        let last: i64 = size.iter().zip(&stride).map(|(n, step)| (n - 1) * step).sum();
        let count = tensor.numel();
        if tensor.device() != Device::Cuda(self.gpu) || usize::try_from(last + 1) != Ok(count) {
            return Err(format!("a tensor of {size:?}, {stride:?} on {:?}", tensor.device()));
        }
        Ok((tensor.data_ptr(), count, kind))
    }
}

impl Handles {
    /// Has what is launched on `to` from now on wait for what was launched on `from`.
    fn after(&self, from: sys::CUstream, to: sys::CUstream) -> Result<(), String> {
        // SAFETY: the streams are valid, the event is, and no other thread uses it meanwhile.
        unsafe {
            result::event::record(self.mark, from).map_err(text)?;
            let flags = sys::CUevent_wait_flags::CU_EVENT_WAIT_DEFAULT;
            result::stream::wait_event(to, self.mark, flags).map_err(text)
        }
    }
}

/// What a GPU is called, on any machine: never zero.
pub(super) fn uuid(gpu: usize) -> Result<[i64; 2], String> {
    let bytes = result::device::get_uuid(device(gpu)?).map_err(text)?.bytes;
    let half = |bytes: &[c_char]| {
        bytes.iter().fold(0i64, |all, byte| all << 8 | i64::from(byte.to_ne_bytes()[0]))
    };
    Ok([half(&bytes[..8]), half(&bytes[8..])])
}

/// The driver's device for libtorch's.
fn device(gpu: usize) -> Result<sys::CUdevice, String> {
    // SAFETY: only the presence of the library is looked up, without which calls would panic.
    if !unsafe { sys::is_culib_present() } {
        return Err("there is no NVIDIA driver, libcuda.so.1".into());
    }
    result::init().map_err(text)?;
    result::device::get(c_int::try_from(gpu).unwrap_or(c_int::MAX)).map_err(text)
}

/// What the driver says.
fn text(error: DriverError) -> String {
    format!("CUDA: {}", cuda::driver_words(error))
}
