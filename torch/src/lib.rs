//! Everything that computes with tensors: the nets of [`netc`] on libtorch, and their training.
//!
//! | module | from | to |
//! |---|---|---|
//! | [`lower`] | checked net | the net on libtorch with its weights, and its compiled step |
//! | [`run`] | recipe and data | a trained net |
//! | [`search`] | plan of a search | its runs |
//!
//! [`cli`] runs the commands for which `netc` starts `netc-torch`. All but the last may name what
//! they do by ranges of `trace`, libtorch's profiler.

mod native;
mod trace;

pub mod lower;

pub mod run;

pub mod search;

#[doc(hidden)]
pub mod cli;
