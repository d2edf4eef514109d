use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::out::complain;
use crate::run::data::{DataError, DataSpec, Dataset, Progress, load};

/// Like [`load_with_progress`], and says what the user should know of the data.
pub(super) fn load_and_say(spec: &str) -> Result<Dataset, DataError> {
    let data = load_with_progress(spec)?;
    if let Some(note) = &data.note {
        complain(&format!("{}: {note}\n", data.name));
    }
    Ok(data)
}

/// Brings a data set into memory and shows what that takes, where someone is watching.
pub(super) fn load_with_progress(spec: &str) -> Result<Dataset, DataError> {
    let bar = ProgressBar::new_spinner();
    bar.enable_steady_tick(Duration::from_millis(100));
    let download =
        ProgressStyle::with_template("{msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec}, {eta} left")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
    let data = load(&DataSpec::from(spec), &mut |progress| match progress {
        Progress::Downloading { done, total } => {
            if bar.length().is_none() {
                bar.set_style(download.clone());
                bar.set_length(total);
                bar.set_message(format!("downloading {spec}"));
            }
            bar.set_position(done);
        }
        Progress::Verifying => bar.set_message("verifying the checksum"),
        Progress::Unpacking => bar.set_message("unpacking"),
        Progress::Reading => bar.set_message("reading images"),
        Progress::Images { done, total } => bar.set_message(format!("reading images: {done} of {total}")),
        Progress::Generating => bar.set_message("generating images"),
    });
    bar.finish_and_clear();
    data
}
