//! netc: a declarative network-graph compiler.

pub mod diag;
pub mod run;
pub mod syntax;
