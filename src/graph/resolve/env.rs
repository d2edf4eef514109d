use std::rc::Rc;

use crate::graph::Scope;
use crate::syntax::ast::{Block, Body};

/// The values of names at some place of the text.
pub(super) struct Env<'a> {
    /// Parameters and shape symbols, those of enclosing bodies included.
    pub scope: Scope,
    /// The body that the place is in.
    pub body: &'a Body,
    /// That of the body around this one, or of the net that is extended.
    pub outer: Option<Rc<Env<'a>>>,
}

/// A block, and the values of the names around it.
pub(super) struct Callable<'a> {
    pub block: &'a Block,
    /// Those of the body that it is local to.
    pub home: Option<Rc<Env<'a>>>,
}

impl<'a> Env<'a> {
    /// A block that is visible here, as it is called here.
    pub fn callable(self: &Rc<Self>, block: &'a Block, local_to: Option<&Body>) -> Callable<'a> {
        let mut around = std::iter::successors(Some(self), |env| env.outer.as_ref());
        let home =
            local_to.and_then(|body| around.find(|env| std::ptr::eq(env.body, body)).cloned());
        Callable { block, home }
    }
}
