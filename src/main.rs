//! The `netc` command.
//!
//! It has the library's modules as its own. A program takes from its own modules only what `main`
//! reaches, which needs no libtorch; from the library it would take libtorch along.
#![allow(dead_code, unused_imports)]

mod check;
mod cli;
mod compile;
mod diag;
mod disk;
mod graph;
mod limits;
mod lower;
mod lsp;
mod onnx;
mod passes;
mod recipe;
mod repair;
mod run;
mod search;
mod syntax;
mod tools;

use std::process::ExitCode;

use compile::{Compilation, compile, compile_over};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::main(|_| cli::start_sibling())
}
