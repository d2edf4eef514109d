//! Launches of kernels by name.

use std::ffi::c_void;
use std::ptr;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

use tch::{Device, Kind, TchError, Tensor};

use super::emulator::Emulator;
use super::gpu::Gpu;
use super::graph::set_device;

/// Threads of a block, in all kernels but a few: `THREADS` of the kernels.
pub(super) const THREADS: u32 = 256;

/// The kernels of a device, for launches one after another on one stream.
#[derive(Debug, Clone)]
pub struct GpuKernels {
    engine: Arc<Engine>,
    device: Device,
    /// How many blocks of a reduction are done, 0 between launches.
    tickets: Rc<Tensor>,
}

#[derive(Debug)]
enum Engine {
    Gpu(Gpu),
    Emulator(Emulator),
}

/// An argument of a kernel.
#[derive(Debug, Clone, Copy)]
pub(super) enum KernelArgument {
    Pointer(*mut c_void),
    U32(u32),
    U64(u64),
    F32(f32),
    F64(f64),
    /// A struct of eight pairs of floats.
    Floats([f32; 16]),
}

impl KernelArgument {
    /// No memory.
    pub(super) const NULL: KernelArgument = KernelArgument::Pointer(ptr::null_mut());

    fn address(&self) -> *mut c_void {
        let address: *const c_void = match self {
            KernelArgument::Pointer(pointer) => ptr::from_ref(pointer).cast(),
            KernelArgument::U32(number) => ptr::from_ref(number).cast(),
            KernelArgument::U64(number) => ptr::from_ref(number).cast(),
            KernelArgument::F32(number) => ptr::from_ref(number).cast(),
            KernelArgument::F64(number) => ptr::from_ref(number).cast(),
            KernelArgument::Floats(numbers) => ptr::from_ref(numbers).cast(),
        };
        address.cast_mut()
    }
}

impl From<&Tensor> for KernelArgument {
    fn from(tensor: &Tensor) -> KernelArgument {
        KernelArgument::Pointer(tensor.data_ptr())
    }
}

impl From<u32> for KernelArgument {
    fn from(number: u32) -> KernelArgument {
        KernelArgument::U32(number)
    }
}

impl From<bool> for KernelArgument {
    fn from(flag: bool) -> KernelArgument {
        KernelArgument::U32(flag.into())
    }
}

impl From<f32> for KernelArgument {
    fn from(number: f32) -> KernelArgument {
        KernelArgument::F32(number)
    }
}

impl From<f64> for KernelArgument {
    fn from(number: f64) -> KernelArgument {
        KernelArgument::F64(number)
    }
}

impl GpuKernels {
    /// Columns of blocks at most.
    pub(super) const TICKETS: usize = 4096;

    /// The kernels of a device: of a GPU, or of the [emulator](super::EMULATOR) on a CPU, if there
    /// is one. They are compiled on the first call, unless they are [kept](super::keep_in) for
    /// such a GPU.
    ///
    /// # Errors
    /// No driver or no NVRTC, and what they refuse; an emulator that cannot be opened.
    pub fn on(device: Device) -> Result<Option<GpuKernels>, TchError> {
        static LOADED: Mutex<Vec<(Device, Arc<Engine>)>> = Mutex::new(Vec::new());
        if !matches!(device, Device::Cuda(_)) && !super::emulator::is_asked() {
            return Ok(None);
        }
        if let Device::Cuda(gpu) = device {
            set_device(gpu)?;
        }
        // The first tensor on a GPU makes libtorch prepare the context that the driver works in.
        let tickets = Tensor::f_zeros([GpuKernels::TICKETS as i64], (Kind::Int, device))?;
        let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        let known = loaded.iter().find(|(on, _)| *on == device).map(|(_, engine)| engine.clone());
        let engine = match (known, device) {
            (Some(engine), _) => engine,
            (None, Device::Cuda(gpu)) => Arc::new(Engine::Gpu(Gpu::load(gpu)?)),
            (None, _) => Arc::new(Engine::Emulator(Emulator::open()?)),
        };
        if !loaded.iter().any(|(on, _)| *on == device) {
            loaded.push((device, engine.clone()));
        }
        Ok(Some(GpuKernels { engine, device, tickets: Rc::new(tickets) }))
    }

    /// The device.
    pub fn device(&self) -> Device {
        self.device
    }

    /// The architecture of the GPU, such as `sm_90`.
    pub fn architecture(&self) -> Option<String> {
        match &*self.engine {
            Engine::Gpu(gpu) => Some(gpu.architecture().into()),
            Engine::Emulator(_) => None,
        }
    }

    /// Memory on the device.
    pub(super) fn memory(&self, sizes: &[i64], kind: Kind) -> Result<Tensor, TchError> {
        Tensor::f_empty(sizes, (kind, self.device))
    }

    pub(super) fn tickets(&self) -> &Tensor {
        &self.tickets
    }

    /// How many blocks fill the device.
    pub(super) fn most_blocks(&self) -> u32 {
        match &*self.engine {
            Engine::Gpu(gpu) => 4 * gpu.processors(),
            // More than one, so that blocks meet in a reduction.
            Engine::Emulator(_) => 3,
        }
    }

    /// Launches a kernel on a grid of blocks.
    ///
    /// The callers, all in this module, give each kernel the arguments that it declares, and have
    /// checked the tensors behind them.
    pub(super) fn launch(
        &self,
        kernel: &str,
        grid: [u32; 2],
        threads: u32,
        arguments: &[KernelArgument],
    ) -> Result<(), TchError> {
        if grid.contains(&0) {
            return Ok(());
        }
        let mut arguments: Vec<*mut c_void> =
            arguments.iter().map(KernelArgument::address).collect();
        match &*self.engine {
            Engine::Gpu(gpu) => gpu.launch(kernel, grid, threads, &mut arguments),
            Engine::Emulator(emulator) => emulator.launch(kernel, grid, threads, &mut arguments),
        }
    }
}

/// The name of a kind of numbers in those of the kernels.
pub(super) fn suffix(kind: Kind) -> Result<&'static str, TchError> {
    match kind {
        Kind::Half => Ok("f16"),
        Kind::BFloat16 => Ok("b16"),
        Kind::Float => Ok("f32"),
        kind => Err(TchError::Kind(format!("there are no kernels for {kind:?}"))),
    }
}

/// A count as kernels take it.
pub(super) fn count(number: usize) -> Result<u32, TchError> {
    u32::try_from(number)
        .ok()
        .filter(|number| *number < 1 << 31)
        .ok_or_else(|| TchError::Shape(format!("{number} is too many for the kernels")))
}
