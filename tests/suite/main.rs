//! All integration tests, a module a stage.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod syntax;
mod syntax_project;
mod syntax_robust;
