//! The language server: what `netc lsp` answers to an editor.
//!
//! One thread reads messages, another answers them in turn. What the changes of a file may have
//! made wrong is checked anew when no message waits, a file at a time, with the open texts over
//! those on disk.

mod actions;
mod answer;
mod ask;
mod callee;
mod capabilities;
mod complete;
mod diagnose;
mod findings;
mod folds;
mod frames;
mod hints;
mod hover;
mod known;
mod lex;
mod names;
mod outline;
mod paths;
mod place;
mod protocol;
mod server;
mod session;
mod signature;
mod symbolic;
mod tokens;

pub use ask::ask;
pub use session::serve;
