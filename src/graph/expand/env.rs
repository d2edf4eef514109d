use std::rc::Rc;

use crate::graph::Scope;
use crate::syntax::ast::{Block, Body};

/// The values of the names at a place in the text.
pub(super) struct Env<'a> {
    /// Parameters and shape symbols, including those of enclosing bodies.
    pub scope: Scope,
    /// The enclosing body.
    pub body: &'a Body,
    /// The environment of the body around this one, or of the net that is extended.
    pub outer: Option<Rc<Env<'a>>>,
}

/// A block with the environment of its definition.
pub(super) struct Callable<'a> {
    pub block: &'a Block,
    /// The environment of the body that it is local to.
    pub home: Option<Rc<Env<'a>>>,
}

impl<'a> Env<'a> {
    /// A block that is visible here, with its environment.
    pub fn callable(self: &Rc<Self>, block: &'a Block, local_to: Option<&Body>) -> Callable<'a> {
        let mut around = std::iter::successors(Some(self), |env| env.outer.as_ref());
        let home =
            local_to.and_then(|body| around.find(|env| std::ptr::eq(env.body, body)).cloned());
        Callable { block, home }
    }
}
