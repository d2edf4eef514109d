use serde::{Deserialize, Serialize};

use crate::diag::number_of;

/// The machine that a run ran on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hardware {
    /// The processor's model name.
    pub cpu: String,
    /// The number of threads of libtorch.
    pub threads: usize,
    /// `cpu` or `cuda:0`.
    pub device: String,
    /// The GPU's name, if it ran on one and the driver reports it.
    pub gpu: Option<String>,
}

impl Hardware {
    /// A description of the device. Times of runs on different devices are not comparable.
    pub fn label(&self) -> String {
        match (&self.gpu, self.device.starts_with("cuda")) {
            (Some(gpu), true) => gpu.clone(),
            (None, true) => self.device.clone(),
            (_, false) => self.processor(),
        }
    }

    /// The processor and its threads.
    pub fn processor(&self) -> String {
        format!("{}, {}", self.cpu, number_of(self.threads, "thread"))
    }

    /// This machine.
    pub fn detect(threads: usize, device: String) -> Hardware {
        let gpu = device.starts_with("cuda").then(|| gpu_names().into_iter().next()).flatten();
        Hardware { cpu: cpu_name(), threads, device, gpu }
    }
}

/// Seconds since this process was started, with a resolution of 10 ms; `None` if unavailable.
pub fn process_age() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name, in parentheses, may contain spaces; the start time is the 20th number after it.
    let ticks: f64 = stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()?;
    let up: f64 =
        std::fs::read_to_string("/proc/uptime").ok()?.split_whitespace().next()?.parse().ok()?;
    Some((up - ticks / 100.0).max(0.0))
}

fn cpu_name() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = info.lines().find(|l| l.starts_with("model name")).and_then(|l| l.split_once(": "));
    name.map_or_else(|| std::env::consts::ARCH.to_string(), |(_, name)| name.trim().to_string())
}

/// The names of the GPUs that the NVIDIA driver reports.
pub fn gpu_names() -> Vec<String> {
    let Ok(entries) = std::fs::read_dir("/proc/driver/nvidia/gpus") else { return Vec::new() };
    let name = |entry: std::fs::DirEntry| {
        let text = std::fs::read_to_string(entry.path().join("information")).ok()?;
        text.lines().find_map(|l| l.strip_prefix("Model:")).map(|name| name.trim().to_string())
    };
    entries.flatten().filter_map(name).collect()
}
