//! Training: data, recipe, optimiser and the loop that joins them.

pub mod data;
