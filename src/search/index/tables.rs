use rusqlite::types::Value;
use rusqlite::{Connection, Transaction, TransactionBehavior, params, params_from_iter};

use crate::recipe::Task;
use crate::search::{Inputs, Run};

/// Incremented when the tables change; an index of another version is rebuilt.
const VERSION: i32 = 2;

/// The tables of a task: each epoch has a column for every metric, each run one for the score.
fn tables(task: Task) -> String {
    let score = task.score().title;
    let metrics = |split: &str| {
        let columns = task.metrics().iter().map(|metric| format!("{split}_{} REAL", metric.title));
        columns.collect::<Vec<_>>().join(", ")
    };
    let (train, test) = (metrics("train"), metrics("test"));
    format!(
        "CREATE TABLE files (run TEXT PRIMARY KEY, stamp TEXT) WITHOUT ROWID;
CREATE TABLE runs (
  id TEXT PRIMARY KEY, variant TEXT NOT NULL, family TEXT NOT NULL, epochs INTEGER NOT NULL,
  seed INTEGER, params INTEGER, macs INTEGER, state TEXT NOT NULL, {score} REAL, seconds REAL,
  hardware TEXT, record TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE epochs (
  run TEXT NOT NULL, epoch INTEGER NOT NULL, lr REAL, train_seconds REAL, {train},
  test_seconds REAL, {test}, PRIMARY KEY (run, epoch)) WITHOUT ROWID;
CREATE INDEX runs_by_variant ON runs (variant, epochs, seed);
"
    )
}

/// The database with the tables of this version.
pub(super) fn prepare(db: Connection, task: Task) -> rusqlite::Result<Connection> {
    // It can be rebuilt, so writes need not be synchronous.
    db.pragma_update(None, "synchronous", "OFF")?;
    let version =
        |db: &Connection| db.pragma_query_value(None, "user_version", |row| row.get::<_, i32>(0));
    if version(&db)? != VERSION {
        let transaction = Transaction::new_unchecked(&db, TransactionBehavior::Exclusive)?;
        // Another process may have been first.
        if version(&transaction)? != VERSION {
            transaction.execute_batch(
                "DROP TABLE IF EXISTS files; DROP TABLE IF EXISTS runs; DROP TABLE IF EXISTS epochs;",
            )?;
            transaction.execute_batch(&tables(task))?;
            transaction.pragma_update(None, "user_version", VERSION)?;
        }
        transaction.commit()?;
    }
    Ok(db)
}

/// Removes a run.
pub(super) fn forget(db: &Connection, id: &str) -> rusqlite::Result<()> {
    for table in ["DELETE FROM files WHERE run = ?1", "DELETE FROM epochs WHERE run = ?1"] {
        db.prepare_cached(table)?.execute([id])?;
    }
    db.prepare_cached("DELETE FROM runs WHERE id = ?1")?.execute([id]).map(drop)
}

/// Adds a run whose file has this stamp.
pub(super) fn note(db: &Connection, run: &Run, stamp: Option<&str>) -> rusqlite::Result<()> {
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
    let record = serde_json::to_string(&short)
        .map_err(|e| rusqlite::Error::ToSqlConversionFailure(e.into()))?;
    let id = run.id.as_str();
    db.prepare_cached("INSERT INTO files VALUES (?1, ?2)")?.execute(params![id, stamp])?;
    db.prepare_cached(
        "INSERT INTO runs VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    )?
    .execute(params![
        id,
        inputs.variant,
        inputs.family,
        inputs.epochs,
        whole(inputs.seed),
        whole(inputs.params),
        whole(inputs.macs),
        state,
        run.score(),
        run.time(),
        run.hardware(),
        record
    ])?;
    for row in &run.epochs {
        let mut values: Vec<Value> = vec![id.to_owned().into(), row.epoch.into(), row.lr.into()];
        for ((_, metrics), time) in row.splits().into_iter().zip(row.times()) {
            values.push(time.into());
            values.extend(row.train.task().metrics().iter().map(|metric| {
                metrics.and_then(|all| all.get(metric.name)).map_or(Value::Null, Value::from)
            }));
        }
        let places = vec!["?"; values.len()].join(", ");
        db.prepare_cached(&format!("INSERT INTO epochs VALUES ({places})"))?
            .execute(params_from_iter(values))?;
    }
    Ok(())
}
