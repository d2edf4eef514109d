//! Leases: which worker owns a run. A lease is a file `lease.N` that only one worker can create;
//! the highest N is valid. Its holder rewrites it every few seconds; a stale one is taken over with
//! `lease.N+1`.

use std::collections::HashMap;
use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::SearchError;
use super::untrusted::{line, number};
use crate::disk::{Anchor, Folder};
use crate::limits::{MAX_EPOCHS, MAX_LEASES, MAX_NOTE_BYTES, MAX_RUN_NAMES};

/// The heartbeat interval of a holder.
const HEARTBEAT: Duration = Duration::from_secs(3);
/// How long a lease may be unchanged, by the clock of the claiming worker, before it is taken over.
pub const STALE: Duration = Duration::from_secs(20);

/// The contents of a lease file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Holder {
    /// The machine's name.
    pub host: String,
    /// The process.
    pub pid: u32,
    /// Identifies the boot and the PID namespace, so that `pid` is meaningful.
    pub space: String,
    /// The heartbeat counter.
    pub beat: u64,
    /// Epochs done, including the fraction of the current one.
    pub epochs: f64,
    /// Whether the holder has released the lease.
    pub released: bool,
}

impl Holder {
    /// This process.
    pub fn me() -> Holder {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default().trim().to_string();
        let space = fs::read_link("/proc/self/ns/pid").unwrap_or_default();
        Holder {
            host: read("/proc/sys/kernel/hostname"),
            pid: std::process::id(),
            space: format!("{} {}", read("/proc/sys/kernel/random/boot_id"), space.display()),
            beat: 0,
            epochs: 0.0,
            released: false,
        }
    }

    /// Whether its process is known to be gone.
    fn is_gone(&self) -> bool {
        self.space == Holder::me().space && !Path::new("/proc").join(self.pid.to_string()).exists()
    }

    /// Parses a file; `None` if no holder can have written it.
    fn parse(bytes: &[u8]) -> Option<Holder> {
        let holder: Holder = serde_json::from_slice(bytes).ok()?;
        line(format_args!("host"), &holder.host).ok()?;
        number(format_args!("epochs"), holder.epochs, &(0.0..=f64::from(MAX_EPOCHS))).ok()?;
        Some(holder)
    }
}

/// The lease of a run held by this process, released on drop.
#[derive(Debug)]
pub struct Lease {
    folder: Folder,
    /// The folder as it was claimed: a new one in its place is another worker's.
    anchor: Arc<Anchor>,
    number: u32,
    state: Arc<Mutex<Holder>>,
    stop: Option<Sender<()>>,
    beat: Option<JoinHandle<()>>,
}

/// Claims leases, and remembers since when those of others have been unchanged.
#[derive(Debug, Default)]
pub struct Claimer {
    seen: HashMap<PathBuf, (u32, u64, Instant)>,
}

impl Claimer {
    /// Claims the lease of a run's folder; `None` if another worker holds it.
    ///
    /// # Errors
    /// A folder that cannot be read or written.
    pub fn claim(&mut self, folder: &Folder) -> Result<Option<Lease>, SearchError> {
        let number = match current(folder)? {
            None => 1,
            Some((MAX_LEASES.., _)) => {
                return Err(SearchError::io(&folder.path().join(file(MAX_LEASES)))(
                    std::io::Error::new(
                        ErrorKind::InvalidInput,
                        "the run has changed hands too often",
                    ),
                ));
            }
            Some((number, holder)) if self.is_free(folder.path(), number, holder.as_ref()) => {
                number + 1
            }
            Some(_) => return Ok(None),
        };
        Lease::create(folder, number)
    }

    fn is_free(&mut self, folder: &Path, number: u32, holder: Option<&Holder>) -> bool {
        if holder.is_some_and(|holder| holder.released || holder.is_gone()) {
            return true;
        }
        // An empty file, whose writer died before writing, also becomes stale.
        let beat = holder.map_or(0, |holder| holder.beat);
        let now = Instant::now();
        let seen = self.seen.entry(folder.into()).or_insert((number, beat, now));
        if (seen.0, seen.1) != (number, beat) {
            *seen = (number, beat, now);
        }
        seen.2.elapsed() > STALE
    }
}

impl Lease {
    /// Creates the file; `None` if another was first.
    fn create(folder: &Folder, number: u32) -> Result<Option<Lease>, SearchError> {
        let name = file(number);
        let failed = |error| SearchError::io(&folder.path().join(&name))(error);
        let anchor = Arc::new(folder.anchor().map_err(SearchError::io(folder.path()))?);
        let holder = Holder::me();
        let text = serde_json::to_string(&holder).map_err(|error| failed(error.into()))?;
        let Some(mut made) = folder.create_file(&name).map_err(failed)? else { return Ok(None) };
        made.write_all(text.as_bytes()).map_err(failed)?;
        for old in numbers(folder)?.into_iter().filter(|old| *old < number) {
            // An old lease that cannot be removed has no effect.
            let _ = folder.remove(&file(old));
        }
        let state = Arc::new(Mutex::new(holder));
        let (stop, stopped) = mpsc::channel();
        let (shared, own) = (Arc::clone(&state), (folder.clone(), Arc::clone(&anchor)));
        let beat = std::thread::spawn(move || {
            while stopped
                .recv_timeout(HEARTBEAT)
                .is_err_and(|e| e == mpsc::RecvTimeoutError::Timeout)
            {
                write(&own.0, &own.1, number, &shared);
            }
        });
        Ok(Some(Lease {
            folder: folder.clone(),
            anchor,
            number,
            state,
            stop: Some(stop),
            beat: Some(beat),
        }))
    }

    /// Whether its folder is still there and no other worker has taken over.
    pub fn holds(&self) -> bool {
        holds(&self.folder, &self.anchor, self.number)
    }

    /// Publishes the progress of the run.
    pub fn progress(&self, epochs: f64) {
        if let Ok(mut state) = self.state.lock() {
            state.epochs = epochs;
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(beat) = self.beat.take() {
            let _ = beat.join();
        }
        if let Ok(mut state) = self.state.lock() {
            state.released = true;
        }
        write(&self.folder, &self.anchor, self.number, &self.state);
    }
}

/// Whether this lease is valid: its file exists in the folder that was claimed, and is the newest.
fn holds(folder: &Folder, anchor: &Anchor, number: u32) -> bool {
    anchor.holds() && numbers(folder).is_ok_and(|all| all.into_iter().max() == Some(number))
}

/// Writes the holder with an incremented heartbeat, unless another worker has taken over. A failed
/// write is repeated with the next heartbeat.
fn write(folder: &Folder, anchor: &Anchor, number: u32, state: &Mutex<Holder>) {
    if !holds(folder, anchor, number) {
        return;
    }
    let holder = state.lock().map(|mut holder| {
        holder.beat += 1;
        holder.clone()
    });
    if let Some(text) = holder.ok().and_then(|holder| serde_json::to_string(&holder).ok()) {
        let _ = folder.replace(&file(number), text.as_bytes());
        // It was taken over during the write; the file would remain next to the valid one.
        if anchor.holds() && !holds(folder, anchor, number) {
            let _ = folder.remove(&file(number));
        }
    }
}

fn file(number: u32) -> String {
    format!("lease.{number}")
}

/// The worker of a run, according to its lease; `None` if it was released, its process is gone, or
/// it has been unchanged for longer than [`STALE`], comparing the file system's clock with this
/// machine's.
///
/// # Errors
/// A folder that cannot be read.
pub fn worker(folder: &Folder) -> Result<Option<Holder>, SearchError> {
    let Some((number, Some(holder))) = current(folder)? else { return Ok(None) };
    let modified = folder.stamp(&file(number)).ok().flatten().map_or(0, |stamp| stamp.modified);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_nanos());
    let silent = now.saturating_sub(modified) > STALE.as_nanos();
    Ok(Some(holder).filter(|holder| !holder.released && !holder.is_gone() && !silent))
}

/// The valid lease in a run's folder and its holder, if that has been written.
///
/// # Errors
/// A folder that cannot be read.
pub fn current(folder: &Folder) -> Result<Option<(u32, Option<Holder>)>, SearchError> {
    let Some(number) = numbers(folder)?.into_iter().max() else { return Ok(None) };
    let bytes = folder.read(&file(number), MAX_NOTE_BYTES as u64);
    Ok(Some((number, bytes.ok().and_then(|bytes| Holder::parse(&bytes)))))
}

/// The numbers of the leases in a folder, up to the limit of takeovers.
fn numbers(folder: &Folder) -> Result<Vec<u32>, SearchError> {
    let names = match folder.names(MAX_RUN_NAMES) {
        Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
        names => names.map_err(SearchError::io(folder.path()))?,
    };
    let number = |name: &std::ffi::OsString| {
        let number = name.to_str()?.strip_prefix("lease.")?.parse::<u32>().ok()?;
        (number <= MAX_LEASES && *name == *file(number)).then_some(number)
    };
    Ok(names.iter().filter_map(number).collect())
}
