//! Checks whether a machine is set up for training, and suggests fixes.

use std::env;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::diag::number_of;
use crate::lower::cpu::{Features, LIMIT};
use crate::run::data;
use crate::run::{Hardware, LIBTORCH, gpu_names};

/// The memory in bytes below which training is tight: resnet9 at batch 512 takes most of it.
const MEMORY: u64 = 4 << 30;

/// The result of the checks.
#[derive(Debug, Serialize)]
pub struct DoctorReport {
    /// Whether training would work.
    pub ok: bool,
    /// The findings.
    pub findings: Vec<Finding>,
}

/// One finding.
#[derive(Debug, Serialize)]
pub struct Finding {
    /// What it is about.
    pub subject: &'static str,
    /// Its status.
    pub status: FindingStatus,
    /// What was found.
    pub found: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repair: Option<String>,
}

/// The status of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FindingStatus {
    /// As it should be.
    Good,
    /// Training works, but could do better.
    Warning,
    /// Training does not work.
    Failure,
}

/// The answer of `netc-torch` to a probe.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Probe {
    /// Its version of netc.
    pub netc: String,
    /// The version of the libtorch that it runs on.
    pub libtorch: String,
    /// The file that this was loaded from.
    pub library: Option<PathBuf>,
    /// How many CUDA GPUs libtorch finds.
    pub gpus: usize,
    /// Why libtorch's CUDA part is not loaded; `None` if it is.
    #[serde(default)]
    pub no_cuda: Option<String>,
    /// Whether netc's kernels and CUDA graphs can be used on these GPUs: the architectures that the
    /// kernels were compiled for, or why not; `None` without libtorch's CUDA part.
    #[serde(default)]
    pub gpu_kernels: Option<Result<Vec<String>, String>>,
    /// The version of NCCL, or why it does not work; `None` without a GPU.
    #[serde(default)]
    pub nccl: Option<Result<String, String>>,
    /// The number of threads of libtorch.
    pub threads: usize,
    /// Whether netc's own kernels run here, in fp32 at least.
    pub kernels: bool,
}

/// Why there is no [`Probe`].
#[derive(Debug, Clone)]
pub struct NoProbe {
    /// What is wrong.
    pub subject: &'static str,
    /// What happened.
    pub found: String,
    /// What to do about it.
    pub repair: String,
}

/// Checks this machine. `probe` is the answer of `netc-torch`, if there is one.
pub fn examine(probe: Result<Probe, NoProbe>) -> DoctorReport {
    let mut findings = vec![netc()];
    match &probe {
        Ok(probe) => findings.extend([program(probe), libtorch(probe)]),
        Err(no) => findings.push(bad(
            no.subject,
            FindingStatus::Failure,
            no.found.clone(),
            no.repair.clone(),
        )),
    }
    let probe = probe.ok();
    findings.push(gpus(probe.as_ref()));
    findings.extend(probe.as_ref().and_then(gpu_kernels));
    findings.extend(probe.as_ref().and_then(nccl));
    findings.push(cpu(probe.as_ref()));
    findings.push(threads(probe.as_ref()));
    findings.push(memory(&std::fs::read_to_string("/proc/meminfo").unwrap_or_default()));
    let cache = data::cache_folder().ok();
    findings.extend(data_sets());
    findings.push(cache_of(cache.as_deref()));
    DoctorReport {
        ok: findings.iter().all(|finding| finding.status != FindingStatus::Failure),
        findings,
    }
}

fn good(subject: &'static str, found: String) -> Finding {
    Finding { subject, status: FindingStatus::Good, found, repair: None }
}

fn bad(subject: &'static str, status: FindingStatus, found: String, repair: String) -> Finding {
    Finding { subject, status, found, repair: Some(repair) }
}

fn netc() -> Finding {
    let place =
        env::current_exe().map_or_else(|_| String::new(), |path| format!(", {}", path.display()));
    good("netc", format!("{}{place}", env!("CARGO_PKG_VERSION")))
}

fn program(probe: &Probe) -> Finding {
    let own = env!("CARGO_PKG_VERSION");
    match probe.netc == own {
        true => good("netc-torch", format!("{}, starts", probe.netc)),
        false => bad(
            "netc-torch",
            FindingStatus::Failure,
            format!("{}, but netc is {own}", probe.netc),
            "install both programs from one version of netc".into(),
        ),
    }
}

fn libtorch(probe: &Probe) -> Finding {
    let place =
        probe.library.as_ref().map_or_else(String::new, |path| format!(", {}", path.display()));
    let found = format!("{}{place}", probe.libtorch);
    match probe.libtorch == LIBTORCH {
        true => good("libtorch", found),
        false => bad(
            "libtorch",
            FindingStatus::Failure,
            format!("{found}; netc needs {LIBTORCH}"),
            "run scripts/libtorch.sh in a checkout of netc and install netc again".into(),
        ),
    }
}

fn gpus(probe: Option<&Probe>) -> Finding {
    let there = gpu_names();
    let by_driver = match &there[..] {
        [] => "the driver reports no NVIDIA GPU".into(),
        there => format!("{} by the driver: {}", number_of(there.len(), "GPU"), there.join(", ")),
    };
    let Some(probe) = probe else { return good("CUDA", by_driver) };
    let half = match &probe.no_cuda {
        None => "libtorch's CUDA part is loaded".into(),
        Some(reason) => format!("libtorch's CUDA part is not loaded: {reason}"),
    };
    match (probe.gpus, there.is_empty()) {
        (0, true) => good("CUDA", format!("{by_driver}, training runs on the CPU; {half}")),
        (0, false) => bad(
            "CUDA",
            FindingStatus::Warning,
            format!("{by_driver}; none by libtorch; {half}"),
            match probe.no_cuda {
                Some(_) => "get the libtorch with CUDA: scripts/libtorch.sh --full",
                None => "see that the driver is new enough for CUDA 13, and what CUDA_VISIBLE_DEVICES says",
            }
            .into(),
        ),
        (n, _) => good("CUDA", format!("{} by libtorch; {by_driver}; {UNTESTED}", number_of(n, "GPU"))),
    }
}

fn gpu_kernels(probe: &Probe) -> Option<Finding> {
    match probe.gpu_kernels.as_ref()? {
        Ok(compiled) if compiled.is_empty() => {
            Some(good("GPU kernels", "libtorch has all that they and CUDA graphs need".into()))
        }
        Ok(compiled) => Some(good("GPU kernels", format!("compiled for {}", compiled.join(", ")))),
        Err(why) => Some(bad(
            "GPU kernels",
            FindingStatus::Warning,
            why.clone(),
            "train with --executor eager, and report this".into(),
        )),
    }
}

fn nccl(probe: &Probe) -> Option<Finding> {
    Some(match probe.nccl.as_ref()? {
        Ok(version) => good("NCCL", format!("{version}, sums on a GPU")),
        Err(why) => bad(
            "NCCL",
            FindingStatus::Warning,
            why.clone(),
            "train on one GPU, with one process, and report this".into(),
        ),
    })
}

/// Printed wherever CUDA is offered, until netc has been tested on it.
pub const UNTESTED: &str = "netc has not been tested on CUDA yet";

fn cpu(probe: Option<&Probe>) -> Finding {
    let model = Hardware::detect(0, "cpu".into()).cpu;
    let has = match Features::detect() {
        Features::NONE => String::new(),
        has => format!("; {has}"),
    };
    let limit = env::var(LIMIT).map_or_else(|_| String::new(), |isa| format!("; {LIMIT}={isa}"));
    let kernels = match probe.map(|probe| probe.kernels) {
        Some(true) => "; netc's own kernels run",
        Some(false) => "; netc's own kernels need AVX2, libtorch's serve",
        None => "",
    };
    good("CPU", format!("{model}{has}{limit}{kernels}"))
}

fn threads(probe: Option<&Probe>) -> Finding {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let asked = env::var("OMP_NUM_THREADS")
        .map_or_else(|_| String::new(), |n| format!(", OMP_NUM_THREADS={n}"));
    match probe.map(|probe| probe.threads) {
        Some(threads) if threads < cores => bad(
            "threads",
            FindingStatus::Warning,
            format!("{threads} of {cores}{asked}"),
            "unset OMP_NUM_THREADS to use them all".into(),
        ),
        Some(threads) => good("threads", format!("{threads} of {cores}{asked}")),
        None => good("threads", format!("{cores}{asked}")),
    }
}

/// The finding about memory, from the text of `/proc/meminfo`.
fn memory(text: &str) -> Finding {
    let of = |key: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(key))?;
        Some(line.trim().trim_end_matches(" kB").parse::<u64>().ok()? * 1024)
    };
    let (Some(total), Some(free)) = (of("MemTotal:"), of("MemAvailable:")) else {
        return good("memory", "unknown".into());
    };
    let gib = |bytes: u64| format!("{:.1} GiB", bytes as f64 / (1u64 << 30) as f64);
    let found = format!("{} of {} free", gib(free), gib(total));
    match free < MEMORY {
        false => good("memory", found),
        true => bad(
            "memory",
            FindingStatus::Warning,
            found,
            "train with a smaller batch_size in --recipe, or end other programs".into(),
        ),
    }
}

fn data_sets() -> Vec<Finding> {
    let named = env::var_os("NETC_DATA").map(PathBuf::from);
    let finding = |(name, found): (&'static str, Option<PathBuf>)| match (found, &named) {
        (Some(path), _) => good(name, path.display().to_string()),
        (None, Some(named)) => bad(
            name,
            FindingStatus::Warning,
            format!("NETC_DATA={} holds none", named.display()),
            "put its official archive there, or unset NETC_DATA and have it downloaded".into(),
        ),
        (None, None) => bad(
            name,
            FindingStatus::Warning,
            "not here yet".into(),
            format!(
                "the first `netc train --data {name}` downloads it (170 MB); --data synthetic needs none"
            ),
        ),
    };
    // Only the default data set is reported as missing.
    data::known()
        .into_iter()
        .filter(|(name, found)| found.is_some() || *name == "cifar10")
        .map(finding)
        .collect()
}

fn cache_of(cache: Option<&Path>) -> Finding {
    let Some(cache) = cache else {
        return bad(
            "cache",
            FindingStatus::Warning,
            "none: neither HOME nor XDG_CACHE_HOME is set".into(),
            "set HOME, or name the data with --data DIR".into(),
        );
    };
    // Whether the cache folder can be created depends on its nearest existing ancestor.
    let there = cache.ancestors().find(|folder| folder.is_dir());
    let can_write = there.is_some_and(|folder| tempfile::tempfile_in(folder).is_ok());
    match can_write {
        true if there == Some(cache) => good("cache", cache.display().to_string()),
        true => good("cache", format!("{}, to be made", cache.display())),
        false => bad(
            "cache",
            FindingStatus::Warning,
            format!("{} cannot be written", cache.display()),
            "set XDG_CACHE_HOME to a folder that can".into(),
        ),
    }
}
