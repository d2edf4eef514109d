use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::{Hardware, LIBTORCH};

/// An attempt: a start or resumption of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunAttempt {
    /// Seconds since 1970.
    pub time: u64,
    /// The machine's name.
    pub host: String,
    /// The hardware.
    pub hardware: Hardware,
    /// netc's version.
    pub netc: String,
    /// libtorch's version.
    pub libtorch: String,
    /// Complete epochs before it, according to the checkpoint that it resumes from.
    pub after_epoch: u32,
}

impl RunAttempt {
    /// The attempt of this process, now.
    pub fn now(hardware: Hardware, after_epoch: u32) -> RunAttempt {
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        RunAttempt {
            time: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs()),
            host: host.trim().to_owned(),
            hardware,
            netc: env!("CARGO_PKG_VERSION").into(),
            libtorch: LIBTORCH.into(),
            after_epoch,
        }
    }

    /// The differences that may change the bits of the result, as messages.
    pub fn differences(&self, now: &RunAttempt) -> Vec<String> {
        let (was, is) = (&self.hardware, &now.hardware);
        let gpu = |hardware: &Hardware| hardware.gpu.clone().unwrap_or_else(|| "none".into());
        let all = [
            ("threads", was.threads.to_string(), is.threads.to_string()),
            ("processor", was.cpu.clone(), is.cpu.clone()),
            ("device", was.device.clone(), is.device.clone()),
            ("GPU", gpu(was), gpu(is)),
            ("netc", self.netc.clone(), now.netc.clone()),
            ("libtorch", self.libtorch.clone(), now.libtorch.clone()),
        ];
        let changed = all.into_iter().filter(|(_, was, is)| was != is);
        changed.map(|(what, was, is)| format!("{what}: {was} before, {is} now")).collect()
    }
}
