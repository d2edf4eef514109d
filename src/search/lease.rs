//! Who works on a run. A lease is a file `lease.N` that only one worker can create; the highest N
//! counts. Its holder rewrites it every few seconds; one that stands still is taken over by `lease.N+1`.

use std::collections::HashMap;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::SearchError;
use super::plan::write;

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
}

/// A run that this process may work on. Dropping it lets go.
#[derive(Debug)]
pub struct Lease {
    folder: PathBuf,
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
    /// A folder that cannot be written.
    pub fn claim(&mut self, folder: &Path) -> Result<Option<Lease>, SearchError> {
        fs::create_dir_all(folder).map_err(SearchError::io(folder))?;
        let number = match current(folder)? {
            None => 1,
            Some((number, holder)) if self.is_free(folder, number, holder.as_ref()) => number + 1,
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
    fn create(folder: &Path, number: u32) -> Result<Option<Lease>, SearchError> {
        let path = file(folder, number);
        let holder = Holder::me();
        let text = serde_json::to_string(&holder).unwrap_or_default();
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(mut made) => made.write_all(text.as_bytes()).map_err(SearchError::io(&path))?,
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => return Ok(None),
            Err(source) => return Err(SearchError::Io { path, source }),
        }
        for old in 1..number {
            let _ = fs::remove_file(file(folder, old));
        }
        let state = Arc::new(Mutex::new(holder));
        let (stop, stopped) = mpsc::channel();
        let shared = Arc::clone(&state);
        let beat = std::thread::spawn(move || {
            while stopped.recv_timeout(HEARTBEAT).is_err_and(|e| e == mpsc::RecvTimeoutError::Timeout) {
                let text = beaten(&shared);
                let _ = write(&path, text.as_bytes());
            }
        });
        Ok(Some(Lease { folder: folder.into(), number, state, stop: Some(stop), beat: Some(beat) }))
    }

    /// Whether no other worker has taken over.
    pub fn holds(&self) -> bool {
        !file(&self.folder, self.number + 1).exists() && file(&self.folder, self.number).exists()
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
        if self.holds() {
            if let Ok(mut state) = self.state.lock() {
                state.released = true;
            }
            let _ = write(&file(&self.folder, self.number), beaten(&self.state).as_bytes());
        }
    }
}

/// The holder's words with the beat counted up.
fn beaten(state: &Mutex<Holder>) -> String {
    let holder = state.lock().map(|mut holder| {
        holder.beat += 1;
        holder.clone()
    });
    holder.ok().and_then(|holder| serde_json::to_string(&holder).ok()).unwrap_or_default()
}

fn file(folder: &Path, number: u32) -> PathBuf {
    folder.join(format!("lease.{number}"))
}

/// The worker that is at a run, as far as its lease says; `None` if it has let go, is gone, or was silent for
/// longer than [`STALE`] by the file system's clock and this machine's.
///
/// # Errors
/// A folder that cannot be read.
pub fn worker(folder: &Path) -> Result<Option<Holder>, SearchError> {
    let Some((number, Some(holder))) = current(folder)? else { return Ok(None) };
    let modified = fs::metadata(file(folder, number)).and_then(|meta| meta.modified()).ok();
    let silent = modified.and_then(|time| time.elapsed().ok()).unwrap_or_default();
    Ok(Some(holder).filter(|holder| !holder.released && !holder.is_gone() && silent <= STALE))
}

/// The lease in force in a run's folder and what it says, if its first word is written.
///
/// # Errors
/// A folder that cannot be read.
pub fn current(folder: &Path) -> Result<Option<(u32, Option<Holder>)>, SearchError> {
    let mut highest = None;
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(SearchError::Io { path: folder.into(), source }),
    };
    for entry in entries {
        let name = entry.map_err(SearchError::io(folder))?.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix("lease.")?.parse::<u32>().ok());
        highest = highest.max(number);
    }
    let Some(number) = highest else { return Ok(None) };
    let holder =
        fs::read_to_string(file(folder, number)).ok().and_then(|text| serde_json::from_str(&text).ok());
    Ok(Some((number, holder)))
}
