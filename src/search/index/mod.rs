//! The index of a search's runs: an SQLite database that is built from their files, and rebuilt at will.

mod places;

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use rusqlite::{Connection, ErrorCode, OptionalExtension as _, params};

use self::places::places;
use super::files::FILE;
use super::{Inputs, Run, SearchError, read_run};

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

/// How a run stands that has begun.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Standing {
    /// Whether it has ended.
    pub over: bool,
    /// The test accuracy in percent, if it is finished.
    pub accuracy: Option<f64>,
    /// Seconds of training and testing, if it is finished.
    pub time: Option<f64>,
}

impl Standing {
    /// As [`Run::result`].
    pub fn result(&self) -> Option<f64> {
        self.over.then(|| self.accuracy.unwrap_or(f64::NEG_INFINITY))
    }
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

    /// Every run that has begun, by identity; without the texts of nets and recipes, which the files have.
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

    /// How every run stands that has begun, by identity.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub fn standings(&self) -> Result<HashMap<String, Standing>, SearchError> {
        let read = || {
            let mut query = self.db.prepare_cached("SELECT id, state, accuracy, seconds FROM runs")?;
            let rows = query.query_map([], |row| {
                let over = row.get::<_, String>(1)? != "open";
                Ok((row.get(0)?, Standing { over, accuracy: row.get(2)?, time: row.get(3)? }))
            })?;
            rows.collect::<rusqlite::Result<HashMap<String, Standing>>>()
        };
        read().map_err(|error| SearchError::new(format!("the index: SQLite: {error}")))
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
    let short = Run {
        inputs: Inputs { text: String::new(), recipe: String::new(), ..inputs.clone() },
        ..run.clone()
    };
    let record = serde_json::to_string(&short).unwrap_or_default();
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
