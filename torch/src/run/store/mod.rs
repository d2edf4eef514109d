//! What a training stores besides its log.

pub(in crate::run) mod board;
pub(in crate::run) mod checkpoint;
pub(in crate::run) mod facts;
