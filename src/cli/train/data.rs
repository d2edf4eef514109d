use crate::cli::bar::Bar;
use crate::cli::out;
use crate::run::data::{DataError, DataSpec, Dataset, Progress, load};

/// Like [`load_with_progress`], and prints what the user should know about the data.
pub fn load_and_say(spec: &str) -> Result<Dataset, DataError> {
    let data = load_with_progress(spec)?;
    if let Some(note) = &data.note {
        out::note(&format!("{}: {note}", data.name));
    }
    Ok(data)
}

/// Loads a data set into memory, with progress if standard error is a terminal.
pub fn load_with_progress(spec: &str) -> Result<Dataset, DataError> {
    let bar = Bar::spinner();
    let mut downloading = false;
    let data = load(&DataSpec::from(spec), &mut |progress| match progress {
        Progress::Downloading { done, total } => {
            if !downloading {
                bar.style("{msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec}, {eta} left");
                bar.message(&format!("downloading {spec}"));
                downloading = true;
            }
            bar.position(done, total);
        }
        Progress::Verifying => bar.message("verifying the checksum"),
        Progress::Unpacking => bar.message("unpacking"),
        Progress::Reading => bar.message("reading images"),
        Progress::Images { done, total } => {
            bar.message(&format!("reading images: {done} of {total}"))
        }
        Progress::Generating => bar.message("generating images"),
    });
    bar.clear();
    data
}
