use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::data::{Dataset, Normalisation};
use super::finite::finite;
use super::{Hardware, Journal, Method, RunError};
use crate::disk;
use crate::limits::MAX_RUN_FILE_BYTES;
use crate::lower::Precision;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It has not ended, or was killed.
    Running,
    /// Every epoch was done.
    Finished,
    /// It was asked to stop and did, after a whole step.
    Interrupted,
    /// An error ended it.
    Failed,
}

/// What `run.json` says: all that the run depended on besides the net and the recipe, which are
/// files beside it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RunInfo {
    /// The net's name.
    pub net: String,
    /// How it ended.
    pub outcome: Outcome,
    /// The seed of everything random.
    pub seed: u64,
    /// The data set's name.
    pub data: String,
    /// The folder or file that the images were read from; `None` if they were generated.
    #[serde(default, alias = "data_folder")]
    pub data_path: Option<PathBuf>,
    /// Channels, height and width of an image.
    #[serde(default)]
    pub image: [usize; 3],
    /// The names of the classes.
    #[serde(default)]
    pub classes: Vec<String>,
    /// How the pixels became the net's input; `None` in a run of an older netc.
    #[serde(default)]
    pub normalisation: Option<Normalisation>,
    /// Training examples used.
    pub train_examples: usize,
    /// Test examples used.
    pub test_examples: usize,
    /// Numbers that training changes.
    pub params: u64,
    /// The arithmetic.
    pub precision: Precision,
    /// How it was computed.
    #[serde(default)]
    pub method: Method,
    /// The machine.
    pub hardware: Hardware,
    /// netc's version.
    pub netc: String,
    /// libtorch's version.
    pub libtorch: String,
    /// Whole epochs done before, by the checkpoint that it goes on from.
    #[serde(default)]
    pub after_epoch: u32,
    /// The last whole epoch.
    pub last: Option<EpochRow>,
}

impl RunInfo {
    /// Makes a data set fit for testing what this run trained: the same normalisation, the same names of the classes.
    ///
    /// # Errors
    /// A data set whose classes are other ones.
    pub fn prepare(&self, data: &mut Dataset) -> Result<(), RunError> {
        if let Some(normalisation) = self.normalisation.as_ref().filter(|_| self.image == data.image) {
            data.normalisation = normalisation.clone();
        }
        if self.classes.len() != data.classes.len() {
            // Nothing to compare in a run of an older netc; what does not fit the net is refused later.
            return Ok(());
        }
        let numbered = |names: &[String]| names.iter().enumerate().all(|(i, name)| *name == i.to_string());
        let differ = self.classes.iter().zip(&data.classes).position(|(own, other)| own != other);
        match differ {
            Some(class) if !numbered(&self.classes) && !numbered(&data.classes) => {
                Err(RunError::Data(format!(
                    "class {class} is `{}` in {}, but the run was trained with `{}`: these are other classes",
                    data.classes[class], data.name, self.classes[class]
                )))
            }
            _ => {
                data.classes.clone_from(&self.classes);
                Ok(())
            }
        }
    }
}

/// One epoch in numbers. Times are in seconds, losses are means, accuracies parts of 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct EpochRow {
    /// From 1.
    pub epoch: u32,
    /// The learning rate at its end, on the mean loss.
    #[serde(serialize_with = "finite")]
    pub lr: f64,
    /// Time of its training.
    #[serde(serialize_with = "finite")]
    pub train_time: f64,
    /// Mean loss while training, augmented, batch by batch as the weights moved.
    #[serde(serialize_with = "finite")]
    pub train_loss: f64,
    /// Accuracy while training, likewise.
    #[serde(serialize_with = "finite")]
    pub train_acc: f64,
    /// Time of its test.
    #[serde(serialize_with = "finite")]
    pub test_time: f64,
    /// Mean loss on the test set.
    #[serde(serialize_with = "finite")]
    pub test_loss: f64,
    /// Accuracy on the test set.
    #[serde(serialize_with = "finite")]
    pub test_acc: f64,
    /// Training and testing since the start.
    #[serde(serialize_with = "finite")]
    pub total_time: f64,
}

/// The folder that a run writes.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    net: String,
    recipe: String,
    /// Of the run that it goes on with.
    rows: Vec<EpochRow>,
    log: Option<Log>,
}

/// The files of a run that goes on.
#[derive(Debug)]
struct Log {
    jsonl: File,
    tsv: File,
    info: RunInfo,
}

impl RunFolder {
    /// The net's resolved text.
    pub const NET: &str = "net.net";
    /// The resolved recipe.
    pub const RECIPE: &str = "recipe.yaml";
    /// What a run depended on and how it ended: [`RunInfo`].
    pub const INFO: &str = "run.json";
    /// The weights.
    pub const CHECKPOINT: &str = "checkpoint.safetensors";
    /// A line for the inputs, then a line an epoch: [`EpochRow`].
    pub const LOG: &str = "log.jsonl";
    /// DAWNBench's log: epoch, hours, top1Accuracy in percent.
    pub const TSV: &str = "log.tsv";

    /// The folder at a path, for a run of this net by this recipe, both as text. Nothing is written yet.
    pub fn new(path: &Path, net: String, recipe: String) -> RunFolder {
        RunFolder { path: path.into(), net, recipe, rows: Vec::new(), log: None }
    }

    /// The folder of a run that was cut short, to go on with it; its epochs come beside it.
    ///
    /// # Errors
    /// No run in it, or not one of this version; a run that is finished.
    pub fn resume(path: &Path) -> Result<(RunFolder, Vec<EpochRow>), RunError> {
        if RunFolder::info(path)?.outcome == Outcome::Finished {
            return Err(RunError::NothingLeft(path.into()));
        }
        let read = |name| {
            disk::read_text(&path.join(name), MAX_RUN_FILE_BYTES).map_err(RunError::io(&path.join(name)))
        };
        let rows = RunFolder::rows(path)?;
        let folder =
            RunFolder { rows: rows.clone(), ..RunFolder::new(path, read(Self::NET)?, read(Self::RECIPE)?) };
        Ok((folder, rows))
    }

    /// The epochs of a run, as its log has them.
    ///
    /// # Errors
    /// A log that cannot be read.
    pub fn rows(path: &Path) -> Result<Vec<EpochRow>, RunError> {
        let path = path.join(Self::LOG);
        let log = disk::read_text(&path, MAX_RUN_FILE_BYTES).map_err(RunError::io(&path))?;
        // The first line has the inputs; a line that a crash cut short is of an epoch that is done again.
        Ok(log.lines().skip(1).map_while(|line| serde_json::from_str(line).ok()).collect())
    }

    /// What a run's folder says about it.
    ///
    /// # Errors
    /// No `run.json`, or not one of this version.
    pub fn info(path: &Path) -> Result<RunInfo, RunError> {
        let no_run = |reason: String| RunError::NoRun { path: path.into(), reason };
        let text = disk::read_text(&path.join(Self::INFO), MAX_RUN_FILE_BYTES)
            .map_err(|e| no_run(format!("{}: {e}", Self::INFO)))?;
        serde_json::from_str(&text).map_err(|e| no_run(format!("{}: {e}", Self::INFO)))
    }

    fn write_info(&self, info: &RunInfo) -> Result<(), RunError> {
        let path = self.path.join(Self::INFO);
        let text = serde_json::to_string_pretty(info).map_err(|e| RunError::io(&path)(e.into()))?;
        write_atomically(&path, format!("{text}\n").as_bytes())
    }

    /// Appends a line to each log.
    fn log(&mut self, line: &str, tsv: &str) -> Result<(), RunError> {
        let Some(log) = &mut self.log else { return Ok(()) };
        let append =
            |mut file: &File, text: &str| file.write_all(text.as_bytes()).and_then(|()| file.sync_data());
        append(&log.jsonl, line).map_err(RunError::io(&self.path.join(Self::LOG)))?;
        append(&log.tsv, tsv).map_err(RunError::io(&self.path.join(Self::TSV)))
    }
}

/// A line of [`RunFolder::LOG`].
fn json(line: &impl Serialize) -> Result<String, RunError> {
    let text = serde_json::to_string(line).map_err(|e| RunError::io(Path::new(RunFolder::LOG))(e.into()))?;
    Ok(text + "\n")
}

/// A line of [`RunFolder::TSV`].
fn tab_separated(row: &EpochRow) -> String {
    format!("{}\t{:.8}\t{:.2}\n", row.epoch, row.total_time / 3600.0, row.test_acc * 100.0)
}

impl Journal for RunFolder {
    /// Makes the folder and writes the inputs of the run into it.
    fn start(&mut self, info: &RunInfo) -> Result<(), RunError> {
        if RunFolder::info(&self.path).is_ok_and(|old| old.outcome == Outcome::Finished) {
            return Err(RunError::Finished(self.path.clone()));
        }
        fs::create_dir_all(&self.path).map_err(RunError::io(&self.path))?;
        write_atomically(&self.path.join(Self::NET), self.net.as_bytes())?;
        write_atomically(&self.path.join(Self::RECIPE), self.recipe.as_bytes())?;
        // A log that is gone on with is replaced whole, so that no crash loses the epochs before.
        let rows = &self.rows[..self.rows.len().min(info.after_epoch as usize)];
        let (mut jsonl, mut tsv) = (json(info)?, "epoch\thours\ttop1Accuracy\n".to_string());
        for row in rows {
            jsonl += &json(row)?;
            tsv += &tab_separated(row);
        }
        let open = |name, text: String| {
            let path = self.path.join(name);
            write_atomically(&path, text.as_bytes())?;
            OpenOptions::new().append(true).open(&path).map_err(RunError::io(&path))
        };
        let mut info = info.clone();
        info.last = rows.last().copied();
        self.write_info(&info)?;
        self.log = Some(Log { jsonl: open(Self::LOG, jsonl)?, tsv: open(Self::TSV, tsv)?, info });
        Ok(())
    }

    fn epoch(&mut self, row: &EpochRow) -> Result<(), RunError> {
        if let Some(log) = &mut self.log {
            log.info.last = Some(*row);
        }
        self.log(&json(row)?, &tab_separated(row))
    }

    fn end(&mut self, outcome: Outcome) -> Result<(), RunError> {
        let Some(log) = &mut self.log else { return Ok(()) };
        log.info.outcome = outcome;
        let info = log.info.clone();
        self.write_info(&info)
    }

    fn checkpoint(&self) -> PathBuf {
        self.path.join(Self::CHECKPOINT)
    }

    fn weights(&self) -> Option<PathBuf> {
        Some(self.checkpoint())
    }
}

/// [`disk::replace`] for what a run writes.
///
/// # Errors
/// A file that cannot be written.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), RunError> {
    disk::replace(path, bytes).map_err(RunError::io(path))
}
