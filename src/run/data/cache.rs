use std::path::PathBuf;

use etcetera::BaseStrategy as _;

use super::error::DataError;

/// The user's cache folder of netc.
///
/// # Errors
/// The user has no home folder.
pub fn cache_folder() -> Result<PathBuf, DataError> {
    let base = etcetera::choose_base_strategy().map_err(|_| DataError::NoCache)?;
    Ok(base.cache_dir().join("netc"))
}
