//! Downloading a file from its official address: resumed after an interruption, and verified
//! before it gets its final name.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use md5::{Digest, Md5};

use super::error::DataError;
use super::progress::Progress;
use crate::disk;

/// A file that can be downloaded.
#[derive(Debug, Clone, Copy)]
pub struct Remote {
    /// Its address, `https` or `http`.
    pub url: &'static str,
    /// Its size.
    pub bytes: u64,
    /// Its MD5 in lower-case hexadecimal. This finds damage; it does not prove who made the file.
    pub md5: &'static str,
}

/// How many attempts in a row may make no progress.
const ATTEMPTS: u32 = 3;
/// The maximum duration of a request; the next one continues where it ended.
const REQUEST: Duration = Duration::from_secs(600);
/// The maximum wait for a connection, and for the header of a response.
const ANSWER: Duration = Duration::from_secs(20);
const BLOCK: usize = 256 * 1024;

/// Downloads `remote` to `target`, through `target` + `.part`, which an interruption leaves behind
/// and the next call continues. Must not be called twice at the same time.
///
/// # Errors
/// The address cannot be reached, its content has another size or MD5, or the file cannot be
/// written.
pub fn fetch(
    remote: &Remote,
    target: &Path,
    on_progress: &mut dyn FnMut(Progress),
) -> Result<(), DataError> {
    let part_path = PathBuf::from(format!("{}.part", target.display()));
    let mut part = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&part_path)
        .map_err(DataError::io(&part_path))?;
    complete(remote, &mut part, on_progress).map_err(|reason| DataError::Download {
        url: remote.url.to_owned(),
        reason,
        folder: target.parent().unwrap_or(target).to_owned(),
    })?;

    on_progress(Progress::Verifying);
    let got = md5(&mut part).map_err(DataError::io(&part_path))?;
    if got != remote.md5 {
        fs::remove_file(&part_path).map_err(DataError::io(&part_path))?;
        return Err(DataError::Checksum {
            url: remote.url.to_owned(),
            expected: remote.md5.to_owned(),
            got,
        });
    }
    part.sync_all().map_err(DataError::io(&part_path))?;
    fs::rename(&part_path, target).map_err(DataError::io(target))?;
    let folder = target.parent().unwrap_or(target);
    disk::sync_folder(folder).map_err(DataError::io(folder))
}

/// Sends requests until `part` is complete. The error is the reason of the last failure.
fn complete(
    remote: &Remote,
    part: &mut File,
    on_progress: &mut dyn FnMut(Progress),
) -> Result<(), String> {
    let agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_connect(Some(ANSWER))
        .timeout_recv_response(Some(ANSWER))
        .timeout_recv_body(Some(REQUEST))
        .build()
        .new_agent();
    let mut have = length(part)?;
    let mut most = 0;
    let mut failures = 0;
    while have != remote.bytes {
        let outcome = request(&agent, remote, part, on_progress);
        have = length(part)?;
        if have == remote.bytes {
            break;
        }
        failures = if have > most { 1 } else { failures + 1 };
        most = most.max(have);
        if failures >= ATTEMPTS {
            return Err(outcome.err().unwrap_or_else(|| {
                format!("the connection ended at {have} of {} bytes", remote.bytes)
            }));
        }
        thread::sleep(Duration::from_millis(200) * failures);
    }
    Ok(())
}

/// Sends one request for the missing part and appends the response.
fn request(
    agent: &ureq::Agent,
    remote: &Remote,
    part: &mut File,
    on_progress: &mut dyn FnMut(Progress),
) -> Result<(), String> {
    let mut have = length(part)?;
    if have >= remote.bytes {
        have = 0;
    }
    let mut call = agent.get(remote.url);
    if have > 0 {
        call = call.header("Range", format!("bytes={have}-"));
    }
    let response = call.call().map_err(|error| error.to_string())?;
    have = match response.status().as_u16() {
        206 if range_start(&response) == Some(have) => have,
        200 => 0,
        // A range that the server refuses: from the start next time.
        206 | 416 => {
            part.set_len(0).map_err(|error| error.to_string())?;
            return Err("the server sent another range than was asked for".to_owned());
        }
        _ => return Err(format!("the server answered {}", response.status())),
    };
    part.set_len(have).map_err(|error| error.to_string())?;
    part.seek(SeekFrom::Start(have)).map_err(|error| error.to_string())?;

    let mut body = response.into_body().into_reader();
    let mut block = vec![0; BLOCK];
    loop {
        on_progress(Progress::Downloading { done: have, total: remote.bytes });
        let got = body.read(&mut block).map_err(|error| error.to_string())?;
        if got == 0 {
            return Ok(());
        }
        have += got as u64;
        if have > remote.bytes {
            part.set_len(0).map_err(|error| error.to_string())?;
            return Err(format!("it is larger than {} bytes", remote.bytes));
        }
        part.write_all(&block[..got]).map_err(|error| error.to_string())?;
    }
}

/// The first byte of a partial answer: 5 of `Content-Range: bytes 5-9/10`.
fn range_start(response: &ureq::http::Response<ureq::Body>) -> Option<u64> {
    let range = response.headers().get("Content-Range")?.to_str().ok()?;
    let (start, _) = range.strip_prefix("bytes ")?.split_once('-')?;
    start.parse().ok()
}

fn length(file: &File) -> Result<u64, String> {
    file.metadata().map(|metadata| metadata.len()).map_err(|error| error.to_string())
}

fn md5(file: &mut File) -> io::Result<String> {
    file.seek(SeekFrom::Start(0))?;
    let mut digest = Md5::new();
    let mut block = vec![0; BLOCK];
    loop {
        let got = file.read(&mut block)?;
        if got == 0 {
            break;
        }
        digest.update(&block[..got]);
    }
    Ok(digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}
