use std::io::Result;

use super::epoch::EpochRow;
use crate::disk::Folder;
use crate::limits::MAX_RUN_FILE_BYTES;

/// The epochs of a run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EpochLog {
    /// The epochs before the first one that cannot be read.
    pub rows: Vec<EpochRow>,
    /// Why that one cannot be read, as a message.
    pub damage: Option<String>,
}

impl EpochLog {
    /// The file's name: a line for the inputs, then a line an epoch.
    pub const FILE: &str = "log.jsonl";

    /// Reads the log of a run's folder.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub(super) fn read(folder: &Folder) -> Result<EpochLog> {
        let bytes = folder.read(EpochLog::FILE, MAX_RUN_FILE_BYTES as u64)?;
        let mut log = EpochLog::default();
        // The first line has the inputs, and the text after the last newline is empty.
        for (number, line) in (1..).zip(bytes.split(|&byte| byte == b'\n')).skip(1) {
            let row: Option<EpochRow> = serde_json::from_slice(line).ok();
            match row.filter(|row| row.epoch as usize == log.rows.len() + 1 && row.sound()) {
                Some(row) => log.rows.push(row),
                None if line.is_empty() => {}
                None => {
                    let before = match log.rows.len() {
                        0 => "there is none before it".into(),
                        1 => "the one before it is whole".into(),
                        whole => format!("the {whole} before it are"),
                    };
                    log.damage = Some(format!("line {number} is no whole epoch; {before}"));
                    break;
                }
            }
        }
        Ok(log)
    }
}
