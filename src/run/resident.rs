//! How much memory this process and this machine have.

use std::fs;

#[cfg(unix)]
use rustix::process::{Resource, getrlimit};

/// Memory that a process allocated, in bytes, while something ran.
#[derive(Debug, Clone, Copy)]
pub struct Allocated {
    before: u64,
}

impl Allocated {
    /// Starts measuring. `None` if the system does not support it.
    pub fn start() -> Option<Allocated> {
        // From here on the kernel counts the peak anew; where it refuses, the peak is that of the
        // whole process.
        let _ = fs::write("/proc/self/clear_refs", "5");
        Some(Allocated { before: status("RssAnon")? })
    }

    /// The peak since the start: the process's peak without file pages, minus what was allocated
    /// before.
    pub fn peak(self) -> Option<u64> {
        let files = status("RssFile")? + status("RssShmem")?;
        Some(status("VmHWM")?.saturating_sub(files).saturating_sub(self.before))
    }
}

/// A value from the process's status, which is in kB.
fn status(name: &str) -> Option<u64> {
    kilobytes(&fs::read_to_string("/proc/self/status").ok()?, name)
}

fn kilobytes(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}

/// This machine's memory, or the limit of the process or its control group.
pub fn machine_memory() -> Option<u64> {
    let all = kilobytes(&fs::read_to_string("/proc/meminfo").ok()?, "MemTotal")?;
    let limits = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];
    let limits =
        limits.iter().filter_map(|path| fs::read_to_string(path).ok()?.trim().parse::<u64>().ok());
    Some(limits.chain(own_limits()).fold(all, u64::min))
}

#[cfg(unix)]
fn own_limits() -> impl Iterator<Item = u64> {
    [Resource::As, Resource::Data].into_iter().filter_map(|what| getrlimit(what).current)
}

#[cfg(not(unix))]
fn own_limits() -> impl Iterator<Item = u64> {
    std::iter::empty()
}
