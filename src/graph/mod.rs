//! The net as a graph.
//!
//! A [`Graph`] holds ops and their operands, blocks expanded. Every node is named by its path, such
//! as `layer1.residual.conv_bn_1.conv`, which stays the same under edits elsewhere. [`names`] says
//! what each name of a text means, and [`resolve`](fn@resolve) makes a graph of it;
//! [`Graph::input`],
//! [`Graph::node`] and [`Graph::set_output`] make one in code.
//! Nothing here is checked as a whole: that is `check`'s work.

pub mod names;
pub mod op;

mod canon;
mod constant_guard;
mod dag;
mod eval;
mod provenance;
mod resolve;
mod shape;
mod text;
mod unused;
mod value;

pub use dag::{CallSite, Claim, Graph, Node, NodeId, Origin, Setting};
pub use eval::Scope;
pub use op::Op;
pub use provenance::{Argument, Cause, Placement, Provenance, TraceStep};
pub use resolve::{Override, Resolved, members, resolve, trace};
pub use shape::{Shape, ShapeError};
pub use value::{Init, Value};
