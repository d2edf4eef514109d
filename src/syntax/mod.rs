//! Text to syntax tree and back.
//!
//! A file is read in three steps, each of which reports all that it finds:
//!
//! 1. `scan` sets comments aside, checks brackets, strings and limits, and blanks the newlines that
//!    end no statement. Its output is as long as its input, so a place in one is a place in the
//!    other.
//! 2. The grammar, `grammar/net.pest`, reads the result. A statement that fails is reported,
//!    blanked and read past, so that the next one gets its turn.
//! 3. `builder` turns the grammar's pairs into the tree of [`ast`] and gives each comment back to
//!    the statement it belongs to.
//!
//! [`load`] does this for a file and for everything that it imports or extends. [`print()`] writes
//! a tree as canonical text. For every file `x` that parses, `parse(print(parse(x)))` equals
//! `parse(x)`, and printing the result again changes nothing.
//!
//! No input can exhaust the stack: [`MAX_NESTING`](crate::limits::MAX_NESTING) and
//! [`MAX_DEPTH`](crate::limits::MAX_DEPTH) hold brackets and trees.

pub mod ast;
mod builder;
mod error;
mod hint;
mod parser;
mod printer;
mod project;
mod scan;
mod slip;
mod trivia;
mod visit;

pub(crate) use builder::vanishes;
pub use hint::{KEYWORDS, is_keyword};
pub use parser::{parse, parse_expr};
pub use printer::{print, print_call, print_expr};
pub use project::{
    Exporter, NetsBelow, Overlay, Project, STD, exporters, import_edit, load, load_over,
    load_partial, load_readable, load_text, nets_below, nets_beside, on_disk, project_folder,
};
pub(crate) use project::{STD_TEXT, std_names, written};
pub use visit::{Part, calls, parts, repeats};
