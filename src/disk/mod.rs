//! Files: read within limits, replaced in one step.

mod read;
#[cfg(not(target_arch = "wasm32"))]
mod replace;

pub use read::{read, read_text};
#[cfg(not(target_arch = "wasm32"))]
pub use replace::{keep, replace, sync_folder, write_out};
