//! The language server: what `netc lsp` answers to an editor.
//!
//! One thread reads messages, another answers them in turn. What the changes of a file may have
//! made wrong is checked anew when no message waits, a file at a time, with the open texts over
//! those on disk.

mod answer;
mod ask;
mod complete;
mod diagnose;
mod findings;
mod frames;
mod hover;
mod names;
mod outline;
mod paths;
mod place;
mod protocol;
mod server;
mod session;

pub use ask::ask;
pub use session::serve;
