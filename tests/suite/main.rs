//! The one binary of integration tests: a module for each stage, files below `tests/cases` for its
//! cases.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]
// A test may panic where libtorch fails.
#![allow(clippy::disallowed_methods)]

#[cfg(feature = "torch")]
mod agree;
mod article;
#[cfg(feature = "torch")]
mod attack;
#[cfg(feature = "torch")]
mod attack_run;
mod attack_search;
#[cfg(feature = "torch")]
mod attack_search_run;
mod book;
#[cfg(feature = "torch")]
mod book_commands;
mod chance;
mod check;
mod commands;
#[cfg(feature = "torch")]
mod compiled;
mod data;
mod derive;
mod diff;
mod disk;
mod disk_folder;
#[cfg(feature = "torch")]
mod dist;
mod doctor;
mod draw;
#[cfg(feature = "torch")]
mod ends;
mod engine;
mod explain;
mod explain_path;
mod export_names;
mod export_torch;
mod fix;
mod fuzzed;
mod generated;
mod graph;
mod hostile;
mod house;
#[cfg(feature = "torch")]
mod kernels;
mod limits;
mod lower;
#[cfg(feature = "torch")]
mod lower_torch;
mod lsp;
mod lsp_attack;
mod lsp_complete;
mod lsp_editor;
mod lsp_fixes;
mod lsp_malformed;
mod lsp_names;
mod lsp_scale;
mod markup;
mod memory;
mod mistakes;
#[cfg(feature = "torch")]
mod numbers;
mod onnx;
#[cfg(feature = "torch")]
mod options;
mod passes;
mod recipe;
mod report;
mod report_times;
mod reproduce;
#[cfg(feature = "torch")]
mod run;
#[cfg(feature = "torch")]
mod run_folder;
mod search;
mod search_identity;
mod search_index;
#[cfg(feature = "torch")]
mod search_run;
mod show;
mod statistics;
mod syntax;
mod syntax_project;
mod syntax_robust;
mod terminal;
mod watch;
mod written;
mod zoo;
