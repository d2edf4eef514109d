//! Commands that read a net, compare it, and write it anew.

pub mod args;
pub mod check;
mod compiled;
pub(super) mod derive;
pub(super) mod diff;
pub(super) mod expand;
pub(super) mod explain;
mod explain_path;
pub(super) mod fmt;
pub(super) mod lsp;
pub mod memory;
pub(super) mod new;
pub mod passes;
pub(super) mod show;
mod stdin;

pub use compiled::{blocks_alone, compiled, unsound};
use stdin::read_stdin;
