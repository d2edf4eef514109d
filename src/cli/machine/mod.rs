//! This machine: what netc finds on it, the program beside this one, completions and man pages.

pub mod args;
pub(super) mod doctor;
mod libtorch;
pub(super) mod manual;
mod reference;
pub mod sibling;
