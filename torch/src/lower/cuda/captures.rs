//! Steps captured once for each batch size and then replayed.

use std::collections::HashMap;

use netc::lower::TorchError;
use tch::Device;

use super::{CudaGraph, own_stream};
use crate::lower::At;

/// Runs before a capture. cuDNN chooses its algorithms in the first.
const WARM_UP: usize = 2;

/// CUDA graphs by batch size; none on a CPU, or where they are not enabled.
#[derive(Debug, Default)]
pub struct Captures {
    /// The GPU that graphs are captured on, if they are.
    gpu: Option<usize>,
    graphs: HashMap<usize, CudaGraph>,
}

impl Captures {
    /// For work of this thread on a device. On a GPU the thread computes on a stream of its own
    /// from now on.
    ///
    /// # Errors
    /// What libtorch refuses.
    pub fn new(device: Device, enabled: bool) -> Result<Captures, TorchError> {
        let gpu = match device {
            Device::Cuda(gpu) if enabled => Some(gpu),
            _ => None,
        };
        if let Some(gpu) = gpu {
            own_stream(gpu).at("a stream of the GPU")?;
        }
        Ok(Captures { gpu, graphs: HashMap::new() })
    }

    /// Runs `work` for a batch size several times, each time after `reset`, which warms up all that
    /// it needs, and captures it if graphs are enabled.
    ///
    /// # Errors
    /// Those of `work`; what cannot be captured.
    pub fn prepare<E: From<TorchError>>(
        &mut self,
        size: usize,
        reset: impl Fn() -> Result<(), E>,
        mut work: impl FnMut() -> Result<(), E>,
    ) -> Result<(), E> {
        for _ in 0..WARM_UP {
            reset()?;
            work()?;
        }
        if let Some(gpu) = self.gpu {
            tch::Cuda::synchronize(gpu as i64);
            self.graphs.insert(size, CudaGraph::capture(work)?);
        }
        Ok(())
    }

    /// Replays what was captured for a batch size; returns whether there is such a graph.
    ///
    /// # Errors
    /// What CUDA refuses.
    pub fn replay(&self, size: usize) -> Result<bool, TorchError> {
        let graph = self.graphs.get(&size);
        graph.map_or(Ok(false), |graph| graph.replay().map(|()| true))
    }
}
