use std::path::PathBuf;
use std::sync::OnceLock;

use netc::lower::Precision;
use netc::run::{DeviceChoice, Hardware, PrecisionChoice, RunError, data};
use tch::Device;

use super::probe::native;
use crate::lower::{cuda, kernels};
use crate::native::linker;

/// The device and precision of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Machine {
    /// The device.
    pub device: Device,
    /// The precision.
    pub precision: Precision,
}

impl Machine {
    /// Resolves the requested device and precision on this machine.
    ///
    /// # Errors
    /// A missing GPU.
    pub fn choose(device: DeviceChoice, precision: PrecisionChoice) -> Result<Machine, RunError> {
        let gpus = Machine::gpus();
        let device = match device {
            DeviceChoice::Auto if gpus > 0 => Device::Cuda(0),
            DeviceChoice::Auto | DeviceChoice::Cpu => Device::Cpu,
            DeviceChoice::Cuda(n) if n < gpus => Device::Cuda(n),
            DeviceChoice::Cuda(n) => {
                let message =
                    format!("there is no device cuda:{n}: libtorch found {gpus} CUDA GPUs");
                return Err(RunError::Device(message));
            }
        };
        let precision = match precision {
            PrecisionChoice::Auto if device.is_cuda() => Precision::Fp16,
            choice => choice.on_cpu(),
        };
        Ok(Machine { device, precision })
    }

    /// How many CUDA GPUs libtorch finds. The first call also prepares the process for libtorch.
    pub fn gpus() -> usize {
        let _ = Machine::cuda();
        usize::try_from(tch::Cuda::device_count()).unwrap_or(0)
    }

    /// Whether libtorch's CUDA part is loaded. The first call also prepares the process for
    /// libtorch.
    ///
    /// # Errors
    /// Why it is not, in the dynamic linker's words.
    pub fn cuda() -> Result<(), &'static str> {
        static LOADED: OnceLock<Result<(), String>> = OnceLock::new();
        let loaded = LOADED.get_or_init(|| {
            native::keep_freed_memory();
            kernels::aten::prepare();
            if let Ok(folder) = data::cache_folder() {
                cuda::keep_in(folder);
            }
            native::load_cuda()
        });
        loaded.as_ref().copied().map_err(String::as_str)
    }

    /// Waits until the device has finished its work.
    pub(super) fn wait(self) {
        if let Device::Cuda(gpu) = self.device {
            tch::Cuda::synchronize(gpu as i64);
        }
    }

    /// A description of the machine, for logs.
    pub fn hardware(self) -> Hardware {
        let device = match self.device {
            Device::Cuda(n) => format!("cuda:{n}"),
            Device::Cpu => "cpu".into(),
            Device::Mps => "mps".into(),
            Device::Vulkan => "vulkan".into(),
        };
        Hardware::detect(usize::try_from(tch::get_num_threads()).unwrap_or(0), device)
    }
}

/// The libtorch that this process runs on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LibtorchFacts {
    /// Its version.
    pub version: String,
    /// The file that it was loaded from, if the system reports it.
    pub library: Option<PathBuf>,
    /// The number of threads it uses.
    pub threads: usize,
    /// Whether netc's own kernels run here, in fp32 at least.
    pub kernels: bool,
}

/// What libtorch reports about itself.
pub fn libtorch_facts() -> LibtorchFacts {
    let build = kernels::aten::build();
    let version =
        build.split("TORCH_VERSION=").nth(1).and_then(|rest| rest.split([',', ' ']).next());
    LibtorchFacts {
        version: version.unwrap_or("unknown").to_string(),
        library: linker::loaded("libtorch_cpu.so"),
        threads: usize::try_from(tch::get_num_threads()).unwrap_or(0),
        kernels: kernels::Kernels::detect(Precision::Fp32).is_some(),
    }
}
