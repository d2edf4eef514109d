//! The net as a graph.
//!
//! A [`Graph`] holds ops and their operands, with blocks expanded. Every node is named by its path,
//! such as `layer1.residual.conv_bn_1.conv`, which does not change when the net is edited
//! elsewhere. [`names`] resolves the names in a text, and [`expand`](fn@expand) builds the graph
//! from it; [`Graph::input`], [`Graph::node`] and [`Graph::set_output`] build one in code. The
//! graph as a whole is verified by `check`.

pub mod flat;
pub mod hierarchy;
pub mod names;
pub mod op;
pub mod pattern;

mod canon;
mod constant_guard;
mod dag;
mod eval;
mod expand;
mod functions;
mod guard_scope;
mod join_scope;
mod number;
mod provenance;
mod same_scope;
mod shape;
mod text;
mod unchanged;
mod unused;
mod value;

pub(crate) use dag::in_calls;
pub use dag::{CallSite, Calls, Claim, Claimant, Graph, Node, NodeId, Origin, Setting};
pub use eval::Scope;
pub use expand::{Expanded, Override, expand, members, trace};
pub use functions::FUNCTIONS;
pub use number::Fraction;
pub use op::Op;
pub use provenance::{Argument, Cause, Placement, Provenance, TraceStep};
pub use shape::{Shape, ShapeError};
pub use value::{Callee, Init, Value};
