//! Files: read within limits, replaced in one step.

mod read;
mod replace;

pub use read::{read, read_text};
pub use replace::{keep, replace, sync_folder, write_out};
