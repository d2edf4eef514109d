//! The index of a search's runs: an SQLite database that is built from their files, and rebuilt at will.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use rusqlite::{Connection, ErrorCode, OptionalExtension as _, params};
use sha2::{Digest, Sha256};

use super::files::FILE;
use super::{Run, SearchError, read_run};

/// Counts up when the tables change: an index of another version is built anew.
const VERSION: i32 = 1;
/// How long to wait for another process that writes.
const BUSY: Duration = Duration::from_secs(20);

const TABLES: &str = "
CREATE TABLE files (run TEXT PRIMARY KEY, bytes INTEGER NOT NULL, modified INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE runs (
  id TEXT PRIMARY KEY, variant TEXT NOT NULL, family TEXT NOT NULL, epochs INTEGER NOT NULL, seed INTEGER,
  params INTEGER, macs INTEGER, state TEXT NOT NULL, accuracy REAL, seconds REAL, hardware TEXT,
  record TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE epochs (
  run TEXT NOT NULL, epoch INTEGER NOT NULL, lr REAL, train_seconds REAL, train_loss REAL, train_accuracy REAL,
  test_seconds REAL, test_loss REAL, test_accuracy REAL, PRIMARY KEY (run, epoch)) WITHOUT ROWID;
CREATE INDEX runs_by_variant ON runs (variant, epochs, seed);
";

/// Length in bytes and time of change in nanoseconds of a run's file: what tells that it has changed.
type Stamp = (i64, i64);

/// The index of one search.
///
/// It lies in the search's folder as `index.sqlite`. If that is on a network file system, on which SQLite's
/// locks do not hold, it lies in the user's cache folder; if neither can be written, in memory.
#[derive(Debug)]
pub struct Index {
    db: Connection,
    runs: PathBuf,
}

impl Index {
    /// The file in a search's folder.
    pub const FILE: &str = "index.sqlite";

    /// Opens the index of a search's folder and brings it up to date.
    ///
    /// # Errors
    /// Runs that cannot be read.
    pub fn open(folder: &Path) -> Result<Index, SearchError> {
        let runs = folder.join("runs");
        for place in places(folder) {
            // A broken index is worth nothing: it goes, and the next try builds it anew.
            for _ in 0..2 {
                let opened = connect(&place).and_then(|db| {
                    let mut index = Index { db, runs: runs.clone() };
                    index.update().map(|result| result.map(|()| index))
                });
                match opened {
                    Ok(index) => return index,
                    Err(error) if is_broken(&error) => drop(fs::remove_file(&place)),
                    Err(_) => break,
                }
            }
        }
        let failed = |error: rusqlite::Error| SearchError::new(format!("SQLite: {error}"));
        let db = Connection::open_in_memory().and_then(prepare).map_err(failed)?;
        let mut index = Index { db, runs };
        index.update().map_err(failed)??;
        Ok(index)
    }

    /// Reads what the runs' files have got since.
    ///
    /// # Errors
    /// Runs that cannot be read, a database that cannot be written.
    pub fn refresh(&mut self) -> Result<(), SearchError> {
        self.update().map_err(|error| SearchError::new(format!("the index: SQLite: {error}")))?
    }

    /// Every run that has begun, by identity.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub fn runs(&self) -> Result<Vec<Run>, SearchError> {
        let read = || {
            let mut query = self.db.prepare_cached("SELECT record FROM runs ORDER BY id")?;
            let rows = query.query_map([], |row| row.get::<_, String>(0))?;
            rows.collect::<rusqlite::Result<Vec<String>>>()
        };
        let texts = read().map_err(|error| SearchError::new(format!("the index: SQLite: {error}")))?;
        texts.iter().map(|text| record(text)).collect()
    }

    /// A run that has begun.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub fn run(&self, id: &str) -> Result<Option<Run>, SearchError> {
        let read = || {
            let mut query = self.db.prepare_cached("SELECT record FROM runs WHERE id = ?1")?;
            query.query_row([id], |row| row.get::<_, String>(0)).optional()
        };
        let text = read().map_err(|error| SearchError::new(format!("the index: SQLite: {error}")))?;
        text.as_deref().map(record).transpose()
    }

    /// The outer result is the database's, the inner one the files'.
    fn update(&mut self) -> rusqlite::Result<Result<(), SearchError>> {
        let mut known: HashMap<String, Stamp> = {
            let mut query = self.db.prepare_cached("SELECT run, bytes, modified FROM files")?;
            let rows = query.query_map([], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))?;
            rows.collect::<rusqlite::Result<_>>()?
        };
        let found = match stamps(&self.runs) {
            Ok(found) => found,
            Err(error) => return Ok(Err(error)),
        };
        let changed: Vec<&(String, Stamp)> =
            found.iter().filter(|(id, stamp)| known.remove(id.as_str()).as_ref() != Some(stamp)).collect();
        if changed.is_empty() && known.is_empty() {
            return Ok(Ok(()));
        }
        let transaction = self.db.transaction()?;
        for id in known.keys() {
            forget(&transaction, id)?;
        }
        for (id, stamp) in changed {
            let run = match read_run(&self.runs.join(id)) {
                Ok(run) => run,
                Err(error) => return Ok(Err(error)),
            };
            forget(&transaction, id)?;
            if let Some(run) = run {
                note(&transaction, &run, *stamp)?;
            }
        }
        transaction.commit()?;
        Ok(Ok(()))
    }
}

/// Where the index may lie, the best place first.
fn places(folder: &Path) -> Vec<PathBuf> {
    let mut places = Vec::new();
    if !is_on_network(folder) {
        places.push(folder.join(Index::FILE));
    }
    if let (Ok(whole), Ok(base)) = (folder.canonicalize(), etcetera::choose_base_strategy()) {
        let name: String = Sha256::digest(whole.as_os_str().as_encoded_bytes())
            .iter()
            .take(8)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let cache = etcetera::BaseStrategy::cache_dir(&base).join("netc/index");
        if fs::create_dir_all(&cache).is_ok() {
            places.push(cache.join(format!("{name}.sqlite")));
        }
    }
    places
}

/// Whether a folder lies on a file system of another machine, by the numbers that Linux gives these.
#[cfg(target_os = "linux")]
fn is_on_network(folder: &Path) -> bool {
    // NFS, SMB (three), AFS, Coda, 9P, Ceph, Lustre, GPFS, BeeGFS, OCFS2, GFS2, and FUSE, which sshfs is.
    const NETWORK: [u64; 14] = [
        0x6969,
        0x517B,
        0xFF53_4D42,
        0xFE53_4D42,
        0x5346_414F,
        0x7375_7245,
        0x0102_1997,
        0x00C3_6400,
        0x0BD0_0BD0,
        0x4750_4653,
        0x1983_0326,
        0x7461_636F,
        0x0116_1970,
        0x6573_5546,
    ];
    // The kernel's word is signed on some machines: the lower half is what it says.
    rustix::fs::statfs(folder).is_ok_and(|fs| NETWORK.contains(&(fs.f_type as u64 & 0xFFFF_FFFF)))
}

#[cfg(not(target_os = "linux"))]
fn is_on_network(_: &Path) -> bool {
    false
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    Connection::open(path).and_then(prepare)
}

fn prepare(db: Connection) -> rusqlite::Result<Connection> {
    db.busy_timeout(BUSY)?;
    // It can be rebuilt: nothing need reach the disk before it is used.
    db.pragma_update(None, "synchronous", "OFF")?;
    let version = |db: &Connection| db.pragma_query_value(None, "user_version", |row| row.get::<_, i32>(0));
    if version(&db)? != VERSION {
        let transaction =
            rusqlite::Transaction::new_unchecked(&db, rusqlite::TransactionBehavior::Exclusive)?;
        // Another process may have been first.
        if version(&transaction)? != VERSION {
            transaction.execute_batch(
                "DROP TABLE IF EXISTS files; DROP TABLE IF EXISTS runs; DROP TABLE IF EXISTS epochs;",
            )?;
            transaction.execute_batch(TABLES)?;
            transaction.pragma_update(None, "user_version", VERSION)?;
        }
        transaction.commit()?;
    }
    Ok(db)
}

fn is_broken(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}

/// The stamp of each run's file.
fn stamps(runs: &Path) -> Result<Vec<(String, Stamp)>, SearchError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(runs).map_err(SearchError::io(runs))? {
        let entry = entry.map_err(SearchError::io(runs))?;
        let path = entry.path().join(FILE);
        let meta = match fs::metadata(&path) {
            Ok(meta) => meta,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => continue,
            Err(source) => return Err(SearchError::Io { path, source }),
        };
        let modified = meta.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let modified = modified.map_or(0, |time| time.as_nanos() as i64);
        found.push((entry.file_name().to_string_lossy().into_owned(), (meta.len() as i64, modified)));
    }
    Ok(found)
}

fn forget(db: &Connection, id: &str) -> rusqlite::Result<()> {
    for table in ["DELETE FROM files WHERE run = ?1", "DELETE FROM epochs WHERE run = ?1"] {
        db.prepare_cached(table)?.execute([id])?;
    }
    db.prepare_cached("DELETE FROM runs WHERE id = ?1")?.execute([id]).map(drop)
}

fn note(db: &Connection, run: &Run, (bytes, modified): Stamp) -> rusqlite::Result<()> {
    let state = match &run.end {
        Some(_) if run.finished() => "finished",
        Some(_) => "failed",
        None => "open",
    };
    let whole = |n: u64| i64::try_from(n).ok();
    let inputs = &run.inputs;
    let record = serde_json::to_string(run).unwrap_or_default();
    db.prepare_cached("INSERT INTO files VALUES (?1, ?2, ?3)")?.execute(params![run.id, bytes, modified])?;
    db.prepare_cached("INSERT INTO runs VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)")?
        .execute(params![
            run.id,
            inputs.variant,
            inputs.family,
            inputs.epochs,
            whole(inputs.seed),
            whole(inputs.params),
            whole(inputs.macs),
            state,
            run.accuracy(),
            run.time(),
            run.hardware(),
            record
        ])?;
    let mut insert = db.prepare_cached("INSERT INTO epochs VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")?;
    for row in &run.epochs {
        let (train, test) =
            ((row.train_time, row.train_loss, row.train_acc), (row.test_time, row.test_loss, row.test_acc));
        insert
            .execute(params![run.id, row.epoch, row.lr, train.0, train.1, train.2, test.0, test.1, test.2])?;
    }
    Ok(())
}

fn record(text: &str) -> Result<Run, SearchError> {
    serde_json::from_str(text).map_err(|error| {
        SearchError::new(format!("the index holds a run that is none: {error}"))
            .help("remove index.sqlite: it is built anew")
    })
}
