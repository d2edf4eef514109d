//! netc: a declarative network-graph compiler.
//!
//! A `.net` file describes layers and shortcuts. The stages, each of which uses only those before
//! it:
//!
//! | module | from | to |
//! |---|---|---|
//! | [`syntax`] | text | syntax tree ([`syntax::ast`]), and back to canonical text |
//! | [`graph`] | syntax tree | [`graph::Graph`]: ops over `petgraph`, blocks expanded, every node
//! named by its path |
//! | [`check`](mod@check) | graph | [`check::Checked`]: the graph with its shapes, the evidence
//! that all later stages demand |
//! | [`passes`] | checked graph | the same function, computed with less |
//! | [`recipe`] | settings of a net, a file, the command line | [`recipe::Recipe`]: how a net is
//! trained |
//! | [`lower`] | checked graph | [`lower::Plan`] and [`lower::Schedule`]: what is to be computed,
//! in which order |
//! | [`run`] | files | data sets, and the folders of runs |
//!
//! The package `netc-torch` computes with tensors: it trains what is compiled here.
//!
//! [`limits`], [`disk`] and [`diag`] serve all of them: resource limits for files, how files are
//! read and replaced, and how problems are reported. [`compile`] goes from a file to a checked
//! net; [`tools`] show, compare, draw and derive nets; [`search`] trains and compares many;
//! [`onnx`] exchanges nets with other programs; [`lsp`] answers editors.

pub mod limits;

pub mod disk;

pub mod diag;

pub mod syntax;

pub mod graph;

pub mod check;

pub mod passes;

#[cfg(feature = "cli")]
pub mod lower;

#[cfg(feature = "cli")]
pub mod onnx;

pub mod recipe;

#[cfg(feature = "cli")]
pub mod run;

mod forgotten;

mod repair;

mod compile;

pub mod tools;

#[cfg(feature = "cli")]
pub mod search;

#[cfg(feature = "lsp")]
pub mod lsp;

#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod cli;

pub use compile::{Compilation, compile, compile_over, compile_text};
