//! Files: read within limits, replaced atomically, and folders that may come from strangers.

#[cfg(feature = "cli")]
mod folder;
mod read;
#[cfg(feature = "cli")]
mod replace;

#[cfg(feature = "cli")]
pub use folder::{Anchor, Folder, Lock, Stamp};
pub use read::{found, open, read, read_text};
#[cfg(feature = "cli")]
pub use replace::{
    keep, may_replace, may_write_together, replace, rewrite, sync_folder, write_out, write_together,
};
