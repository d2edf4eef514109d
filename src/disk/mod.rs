//! Files: read within limits, replaced atomically, and folders that may come from strangers.

#[cfg(not(target_arch = "wasm32"))]
mod folder;
mod read;
#[cfg(not(target_arch = "wasm32"))]
mod replace;

#[cfg(not(target_arch = "wasm32"))]
pub use folder::{Folder, Lock, Stamp};
pub use read::{open, read, read_text};
#[cfg(not(target_arch = "wasm32"))]
pub use replace::{keep, may_replace, replace, rewrite, sync_folder, write_out, write_together};
