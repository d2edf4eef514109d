//! The index of a search's runs: an SQLite database that is built from their files and can be
//! rebuilt at any time.

mod tables;

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use etcetera::BaseStrategy as _;
use rusqlite::{Connection, ErrorCode, OptionalExtension as _};

use self::tables::{forget, note, prepare};
use super::files::{FILE, read_run, runs_of};
use super::{Flaw, Hex, Plan, Run, RunId, SearchError};
use crate::disk::{Folder, Stamp};

/// How long an unchanged index is kept.
const KEPT: Duration = Duration::from_secs(90 * 24 * 3600);
/// How long to wait for another process that is writing.
const BUSY: Duration = Duration::from_secs(20);

/// The index of one search.
///
/// It is in the user's cache folder, keyed by the path of the search's folder, because a file next
/// to the runs could be untrusted and contain wrong results. Without a writable cache folder it is
/// in memory.
#[derive(Debug)]
pub struct Index {
    db: Connection,
    plan: Plan,
    /// The version of the plan that the runs were checked against.
    version: Hex<16>,
    folder: PathBuf,
    flaws: BTreeMap<RunId, Flaw>,
}

/// The status of a run that has started.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Standing {
    /// Whether it has ended.
    pub over: bool,
    /// As [`Run::score`].
    pub score: Option<f64>,
    /// Seconds of training and testing, if the run is finished.
    pub time: Option<f64>,
}

impl Standing {
    /// As [`Run::result`].
    pub fn result(&self) -> Option<f64> {
        self.over.then(|| self.score.unwrap_or(f64::NEG_INFINITY))
    }
}

impl Index {
    /// Opens the index of a search's folder and brings it up to date.
    ///
    /// # Errors
    /// A folder that does not contain a search.
    pub fn open(folder: &Path) -> Result<Index, SearchError> {
        let plan = Plan::read(folder)?;
        if let Some(place) = place(folder) {
            // A corrupt index is deleted, and the next attempt rebuilds it.
            for _ in 0..2 {
                let opened =
                    Connection::open(&place).and_then(|db| Index::of(db, plan.clone(), folder));
                match opened {
                    Ok(index) => return index,
                    Err(error) if is_broken(&error) => drop(fs::remove_file(&place)),
                    Err(_) => break,
                }
            }
        }
        Index::in_memory(plan, folder)
    }

    /// A new database of the runs, as the bytes of an SQLite file, for the user's own queries.
    ///
    /// # Errors
    /// A folder that does not contain a search.
    pub fn database(folder: &Path) -> Result<Vec<u8>, SearchError> {
        let mut index = Index::in_memory(Plan::read(folder)?, folder)?;
        let strip = index
            .db
            .execute_batch("DROP TABLE files; ALTER TABLE runs DROP COLUMN record; VACUUM;");
        strip.map_err(failed)?;
        Ok(index.db.serialize("main").map_err(failed)?.to_vec())
    }

    fn in_memory(plan: Plan, folder: &Path) -> Result<Index, SearchError> {
        Connection::open_in_memory().and_then(|db| Index::of(db, plan, folder)).map_err(failed)?
    }

    /// The outer result is for the database, the inner one for the files.
    fn of(
        db: Connection,
        plan: Plan,
        folder: &Path,
    ) -> rusqlite::Result<Result<Index, SearchError>> {
        db.busy_timeout(BUSY)?;
        let text = serde_json::to_vec(&plan)
            .map_err(|e| rusqlite::Error::ToSqlConversionFailure(e.into()))?;
        let version = Hex::digest(&text);
        let (db, flaws) = (prepare(db, plan.task())?, BTreeMap::new());
        let mut index = Index { db, plan, version, folder: folder.into(), flaws };
        index.update().map(|result| result.map(|()| index))
    }

    /// The search's plan.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The runs that cannot be counted, with the reasons.
    pub fn flaws(&self) -> &BTreeMap<RunId, Flaw> {
        &self.flaws
    }

    /// Reads what was added to the runs' files.
    ///
    /// # Errors
    /// Runs that cannot be read, a database that cannot be written.
    pub fn refresh(&mut self) -> Result<(), SearchError> {
        self.update().map_err(failed)?
    }

    /// Every valid run that has started, by id, without the texts of nets and recipes, which are in
    /// the files.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub fn runs(&self) -> Result<Vec<Run>, SearchError> {
        let read = || {
            let mut query = self.db.prepare_cached("SELECT record FROM runs ORDER BY id")?;
            let rows = query.query_map([], |row| row.get::<_, String>(0))?;
            rows.collect::<rusqlite::Result<Vec<String>>>()
        };
        read().map_err(failed)?.iter().map(|text| record(text)).collect()
    }

    /// The status of every valid run that has started, by id.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub fn standings(&self) -> Result<HashMap<RunId, Standing>, SearchError> {
        let score = self.plan.task().score().title;
        let standings = format!("SELECT id, state, {score}, seconds FROM runs");
        let read = || {
            let mut query = self.db.prepare_cached(&standings)?;
            let rows = query.query_map([], |row| {
                let over = row.get::<_, String>(1)? != "open";
                let standing = Standing { over, score: row.get(2)?, time: row.get(3)? };
                Ok((row.get::<_, String>(0)?, standing))
            })?;
            rows.collect::<rusqlite::Result<Vec<(String, Standing)>>>()
        };
        let named = |(id, standing)| Some((Hex::try_from(id).ok()?, standing));
        Ok(read().map_err(failed)?.into_iter().filter_map(named).collect())
    }

    /// A valid run that has started.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub fn run(&self, id: &RunId) -> Result<Option<Run>, SearchError> {
        let read = || {
            let mut query = self.db.prepare_cached("SELECT record FROM runs WHERE id = ?1")?;
            query.query_row([id.as_str()], |row| row.get::<_, String>(0)).optional()
        };
        read().map_err(failed)?.as_deref().map(record).transpose()
    }

    /// The outer result is for the database, the inner one for the files.
    fn update(&mut self) -> rusqlite::Result<Result<(), SearchError>> {
        let runs = match runs_of(&self.folder) {
            Ok(runs) => runs,
            Err(error) => return Ok(Err(error)),
        };
        let mut known: HashMap<String, String> = {
            let mut query = self.db.prepare_cached("SELECT run, stamp FROM files")?;
            let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            rows.collect::<rusqlite::Result<_>>()?
        };
        let transaction = self.db.transaction()?;
        self.flaws.clear();
        for planned in &self.plan.runs {
            let Some(runs) = &runs else { break };
            let id = planned.id.as_str();
            let stamp = stamp(runs, id).map(|stamp| format!("{stamp} {}", self.version));
            let was = known.remove(id);
            if stamp.is_some() && was == stamp {
                continue;
            }
            // Another process may have added it in the meantime.
            forget(&transaction, id)?;
            match read_run(&self.plan, planned, runs) {
                Ok(Some(run)) => note(&transaction, &run, stamp.as_deref())?,
                Ok(None) => {}
                Err(flaw) => drop(self.flaws.insert(planned.id.clone(), flaw)),
            }
        }
        for id in known.keys() {
            forget(&transaction, id)?;
        }
        transaction.commit()?;
        Ok(Ok(()))
    }
}

fn failed(error: rusqlite::Error) -> SearchError {
    SearchError::new(format!("the index: SQLite: {error}"))
}

fn is_broken(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}

/// The file of a search's index, in the user's cache folder.
fn place(folder: &Path) -> Option<PathBuf> {
    let whole = folder.canonicalize().ok()?;
    let name: Hex<32> = Hex::digest(whole.as_os_str().as_encoded_bytes());
    let cache = etcetera::choose_base_strategy().ok()?.cache_dir().join("netc/index");
    fs::create_dir_all(&cache).ok()?;
    let path = cache.join(format!("{name}.sqlite"));
    if !path.exists() {
        sweep(&cache);
    }
    Some(path)
}

/// Removes indices that have not changed for a long time: their searches are over or deleted.
fn sweep(cache: &Path) {
    for entry in fs::read_dir(cache).into_iter().flatten().flatten() {
        let modified = entry.metadata().and_then(|meta| meta.modified());
        let old = modified.is_ok_and(|time| time.elapsed().is_ok_and(|age| age > KEPT));
        if old && entry.path().extension().is_some_and(|e| e == "sqlite") {
            // It is rebuilt if it is needed again.
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// A stamp that changes with the run's file; `None` if it is missing or not a file.
fn stamp(runs: &Folder, id: &str) -> Option<String> {
    let Stamp { bytes, modified, changed } = runs.sub(id).ok()?.stamp(FILE).ok()??;
    Some(format!("{bytes} {modified} {changed}"))
}

fn record(text: &str) -> Result<Run, SearchError> {
    serde_json::from_str(text)
        .map_err(|error| SearchError::new(format!("the index holds a run that is none: {error}")))
}
