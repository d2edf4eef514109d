//! Reading the state of a training while it goes on.

use cudarc::driver::{result, sys};
use tch::{Device, Kind, TchError, Tensor};

use super::state::STEP;
use super::{DeviceState, current_stream, driver_words};

/// A copy of the state that is on its way to the host, without anyone waiting for it.
#[derive(Debug)]
pub struct Readback {
    host: Tensor,
    event: Option<StreamEvent>,
}

/// What was read.
#[derive(Debug, Clone, PartialEq)]
pub struct DeviceProgress {
    /// The sums of the metrics.
    pub sums: Vec<f64>,
    /// Steps begun in the epoch. All but the last are done.
    pub steps: usize,
}

impl Readback {
    /// Copies the state as it is after everything that was launched so far.
    ///
    /// # Errors
    /// What CUDA refuses.
    pub fn begin(state: &DeviceState) -> Result<Readback, TchError> {
        let source = state.doubles();
        // Into page-locked memory: without it the copy would wait.
        let host = source.f_to_device_(Device::Cpu, Kind::Double, true, true)?;
        let event = match source.device() {
            Device::Cuda(gpu) => Some(StreamEvent::record(gpu)?),
            _ => None,
        };
        Ok(Readback { host, event })
    }

    /// The first of the sums, and the steps; `None` while the copy is on its way.
    ///
    /// # Errors
    /// An error of anything that was launched before.
    pub fn read(&self, metrics: usize) -> Result<Option<DeviceProgress>, TchError> {
        if !self.event.as_ref().map_or(Ok(true), StreamEvent::is_done)? {
            return Ok(None);
        }
        let sums = Vec::<f64>::try_from(self.host.f_narrow(0, 0, metrics as i64)?)?;
        let steps = self.host.f_view_dtype(Kind::Int)?.f_int64_value(&[STEP])?;
        Ok(Some(DeviceProgress { sums, steps: usize::try_from(steps).unwrap_or(0) }))
    }
}

/// An event of a stream.
#[derive(Debug)]
struct StreamEvent(sys::CUevent);

impl StreamEvent {
    /// After everything on libtorch's stream so far.
    fn record(gpu: usize) -> Result<StreamEvent, TchError> {
        let stream = current_stream(gpu)?;
        let flags = sys::CUevent_flags::CU_EVENT_DISABLE_TIMING;
        let event = result::event::create(flags).map(StreamEvent).map_err(refused)?;
        // SAFETY: the event is new, and the stream is one of libtorch's, which are never destroyed.
        unsafe { result::event::record(event.0, stream.cast()) }.map_err(refused)?;
        Ok(event)
    }

    fn is_done(&self) -> Result<bool, TchError> {
        // SAFETY: the event lives as long as `self`.
        match unsafe { result::event::query(self.0) } {
            Ok(()) => Ok(true),
            Err(result::DriverError(sys::CUresult::CUDA_ERROR_NOT_READY)) => Ok(false),
            Err(error) => Err(refused(error)),
        }
    }
}

impl Drop for StreamEvent {
    fn drop(&mut self) {
        // SAFETY: nobody else has it. CUDA keeps it until it has passed.
        let _ = unsafe { result::event::destroy(self.0) };
    }
}

fn refused(error: result::DriverError) -> TchError {
    TchError::Torch(format!("an event of the GPU: {}", driver_words(error)))
}
