//! Event files as TensorBoard reads them: records of TensorFlow's `TFRecord` format, each a
//! protobuf message `Event`.
//!
//! A record is its length, eight bytes, little endian; the checksum of these; the message; the
//! checksum of it. A checksum is CRC-32C, rotated right by 15 bits, plus a constant: TensorFlow's
//! mask, so that a record may itself hold checksums. Of the messages, the few fields that are used
//! are written by hand, under the numbers of `event.proto`, `summary.proto` and `tensor.proto`.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::RunError;

/// The prefix of a file's name, by which TensorBoard finds it.
const PREFIX: &str = "events.out.tfevents.";
/// The version of the format, which the first event must state.
const VERSION: &str = "brain.Event:2";

/// A file of events, written as they come.
#[derive(Debug)]
pub struct EventFile {
    file: File,
    path: PathBuf,
}

impl EventFile {
    /// A new file in a folder, ordered after the existing ones.
    ///
    /// # Errors
    /// A folder that cannot be written.
    pub fn create(folder: &Path) -> Result<EventFile, RunError> {
        let seconds = now() as u64;
        // The order of their names is the order in which files are read.
        let mut names = (0..).map(|n| folder.join(format!("{PREFIX}{seconds:010}.{n:03}.netc")));
        loop {
            let path = names.next().unwrap_or_default();
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(RunError::io(&path)(error)),
                Ok(file) => {
                    let mut events = EventFile { file, path };
                    events.write(0, |event| event.bytes(3, VERSION.as_bytes()))?;
                    return Ok(events);
                }
            }
        }
    }

    /// Whether a folder has such files.
    pub fn is_in(folder: &Path) -> bool {
        let names = std::fs::read_dir(folder)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.file_name());
        names.into_iter().any(|name| name.as_encoded_bytes().starts_with(PREFIX.as_bytes()))
    }

    /// Records that a training starts or resumes at a step: entries of earlier files for this step
    /// and later ones are superseded.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn start(&mut self, step: u64) -> Result<(), RunError> {
        const START: u64 = 1;
        self.write(step, |event| event.message(7, |session| session.varint(1, START)))
    }

    /// Writes the numbers of a step, each under its tag.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn scalars(&mut self, step: u64, values: &[(&str, f64)]) -> Result<(), RunError> {
        self.write(step, |event| {
            event.message(5, |summary| {
                for (tag, number) in values {
                    summary.message(1, |value| {
                        value.bytes(1, tag.as_bytes());
                        value.fixed32(2, (*number as f32).to_bits());
                    });
                }
            });
        })
    }

    /// Writes a text, which TensorBoard shows as Markdown.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn text(&mut self, step: u64, tag: &str, text: &str) -> Result<(), RunError> {
        const STRING: u64 = 7;
        self.write(step, |event| {
            event.message(5, |summary| {
                summary.message(1, |value| {
                    value.bytes(1, tag.as_bytes());
                    value.message(8, |tensor| {
                        tensor.varint(1, STRING);
                        tensor.message(2, |shape| shape.message(2, |dim| dim.varint(1, 1)));
                        tensor.bytes(8, text.as_bytes());
                    });
                    value.message(9, |metadata| {
                        metadata.message(1, |plugin| plugin.bytes(1, b"text"))
                    });
                });
            });
        })
    }

    fn write(&mut self, step: u64, what: impl FnOnce(&mut Message)) -> Result<(), RunError> {
        let mut event = Message::default();
        event.fixed64(1, now().to_bits());
        event.varint(2, step);
        what(&mut event);
        // In one call, so that a reader finds no part of it.
        self.file.write_all(&record(&event.0)).map_err(RunError::io(&self.path))
    }
}

/// Seconds since 1970.
fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64())
}

/// A message in its frame.
pub fn record(message: &[u8]) -> Vec<u8> {
    let length = (message.len() as u64).to_le_bytes();
    [&length[..], &masked_checksum(&length), message, &masked_checksum(message)].concat()
}

fn masked_checksum(bytes: &[u8]) -> [u8; 4] {
    crc32c::crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8).to_le_bytes()
}

/// A protobuf message: each field is its number and the kind of its content in one number, then the
/// content.
#[derive(Debug, Default)]
struct Message(Vec<u8>);

impl Message {
    fn number(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    fn varint(&mut self, field: u64, value: u64) {
        self.number(field << 3);
        self.number(value);
    }

    fn fixed64(&mut self, field: u64, bits: u64) {
        self.number(field << 3 | 1);
        self.0.extend(bits.to_le_bytes());
    }

    fn bytes(&mut self, field: u64, content: &[u8]) {
        self.number(field << 3 | 2);
        self.number(content.len() as u64);
        self.0.extend(content);
    }

    fn fixed32(&mut self, field: u64, bits: u32) {
        self.number(field << 3 | 5);
        self.0.extend(bits.to_le_bytes());
    }

    fn message(&mut self, field: u64, fill: impl FnOnce(&mut Message)) {
        let mut inner = Message::default();
        fill(&mut inner);
        self.bytes(field, &inner.0);
    }
}
