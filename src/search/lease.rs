//! Who works on a run. A lease is a file `lease.N` that only one worker can create; the highest N
//! counts. Its holder rewrites it every few seconds; one that stands still is taken over by
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
use super::sane::{line, number};
use crate::disk::Folder;
use crate::limits::{MAX_EPOCHS, MAX_LEASES, MAX_NOTE_BYTES, MAX_RUN_NAMES};

/// How often a holder says that it is alive.
const HEARTBEAT: Duration = Duration::from_secs(3);
/// How long a lease may stand still, on the watch of whoever wants it, before it is taken over.
pub const STALE: Duration = Duration::from_secs(20);

/// What a lease's file says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Holder {
    /// The machine's name.
    pub host: String,
    /// The process.
    pub pid: u32,
    /// Tells this boot and process space from any other, so that `pid` means something.
    pub space: String,
    /// Counts up while the holder is alive.
    pub beat: u64,
    /// Epochs done, with the part of the one under way.
    pub epochs: f64,
    /// Whether the holder has let go.
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

    /// Whether its process is gone, as far as that can be seen from here.
    fn is_gone(&self) -> bool {
        self.space == Holder::me().space && !Path::new("/proc").join(self.pid.to_string()).exists()
    }

    /// What a file says; `None` for what no holder writes.
    fn parse(bytes: &[u8]) -> Option<Holder> {
        let holder: Holder = serde_json::from_slice(bytes).ok()?;
        line(format_args!("host"), &holder.host).ok()?;
        number(format_args!("epochs"), holder.epochs, &(0.0..=f64::from(MAX_EPOCHS))).ok()?;
        Some(holder)
    }
}

/// A run that this process may work on. Dropping it lets go.
#[derive(Debug)]
pub struct Lease {
    folder: Folder,
    number: u32,
    state: Arc<Mutex<Holder>>,
    stop: Option<Sender<()>>,
    beat: Option<JoinHandle<()>>,
}

/// Takes leases, and remembers since when those of others stand still.
#[derive(Debug, Default)]
pub struct Claimer {
    seen: HashMap<PathBuf, (u32, u64, Instant)>,
}

impl Claimer {
    /// The lease of a run's folder; `None` if another worker holds it.
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
        // A file whose writer died before its first word stands still, too.
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
        let holder = Holder::me();
        let text = serde_json::to_string(&holder).map_err(|error| failed(error.into()))?;
        let Some(mut made) = folder.create_file(&name).map_err(failed)? else { return Ok(None) };
        made.write_all(text.as_bytes()).map_err(failed)?;
        for old in numbers(folder)?.into_iter().filter(|old| *old < number) {
            // One that cannot be removed counts no more.
            let _ = folder.remove(&file(old));
        }
        let state = Arc::new(Mutex::new(holder));
        let (stop, stopped) = mpsc::channel();
        let (shared, own) = (Arc::clone(&state), folder.clone());
        let beat = std::thread::spawn(move || {
            while stopped
                .recv_timeout(HEARTBEAT)
                .is_err_and(|e| e == mpsc::RecvTimeoutError::Timeout)
            {
                write(&own, number, &shared);
            }
        });
        Ok(Some(Lease {
            folder: folder.clone(),
            number,
            state,
            stop: Some(stop),
            beat: Some(beat),
        }))
    }

    /// Whether no other worker has taken over.
    pub fn holds(&self) -> bool {
        holds(&self.folder, self.number)
    }

    /// Says how far the run is, for those who watch.
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
        write(&self.folder, self.number, &self.state);
    }
}

/// Whether this lease counts: its file is there, and none after it.
fn holds(folder: &Folder, number: u32) -> bool {
    numbers(folder).is_ok_and(|all| all.into_iter().max() == Some(number))
}

/// Writes the holder's words with the beat counted up, unless another worker has taken over. What
/// cannot be written now is written with the next beat.
fn write(folder: &Folder, number: u32, state: &Mutex<Holder>) {
    if !holds(folder, number) {
        return;
    }
    let holder = state.lock().map(|mut holder| {
        holder.beat += 1;
        holder.clone()
    });
    if let Some(text) = holder.ok().and_then(|holder| serde_json::to_string(&holder).ok()) {
        let _ = folder.replace(&file(number), text.as_bytes());
        // Taken over while it was written: the file would stay beside the one that counts.
        if !holds(folder, number) {
            let _ = folder.remove(&file(number));
        }
    }
}

fn file(number: u32) -> String {
    format!("lease.{number}")
}

/// The worker that is at a run, as far as its lease says; `None` if it has let go, is gone, or was
/// silent for longer than [`STALE`] by the file system's clock and this machine's.
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

/// The lease in force in a run's folder and what it says, if its first word is written.
///
/// # Errors
/// A folder that cannot be read.
pub fn current(folder: &Folder) -> Result<Option<(u32, Option<Holder>)>, SearchError> {
    let Some(number) = numbers(folder)?.into_iter().max() else { return Ok(None) };
    let bytes = folder.read(&file(number), MAX_NOTE_BYTES as u64);
    Ok(Some((number, bytes.ok().and_then(|bytes| Holder::parse(&bytes)))))
}

/// The numbers of the leases in a folder, so many as hands may change.
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
