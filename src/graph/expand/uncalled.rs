//! Checks the names and arguments in blocks that are never called.

use std::rc::Rc;

use super::env::Env;
use super::expander::{Expander, Frame};
use super::values::Values;
use crate::graph::Scope;
use crate::syntax::ast::{Block, BlockSignature, Expr, ExprKind};

impl<'a> Expander<'a> {
    /// Checks each uncalled block of the root file with unknown values and parameters: nothing that
    /// depends on them is reported, and no node is added.
    pub(super) fn uncalled_blocks(&mut self) {
        self.detached = true;
        let project = self.project;
        for block in project.file(project.root).blocks() {
            if !self.called.contains(&std::ptr::from_ref(block)) {
                let env =
                    Rc::new(Env { scope: self.unknown(block), body: &block.body, outer: None });
                let values = Values::one("in", None, block.name.span);
                for param in &block.params {
                    self.check_parameter_name(&param.name, &env);
                }
                self.active.push(block);
                let mut frame = Frame { env, values, prefix: String::new(), cursor: None };
                self.body(&mut frame, &block.body);
                self.active.pop();
            }
        }
        self.detached = false;
    }

    /// A scope in which a block's parameters and size symbols exist with unknown values.
    fn unknown(&self, block: &Block) -> Scope {
        let mut scope = self.scope.emptied();
        scope.set_unknown("same");
        block.params.iter().for_each(|param| scope.set_unknown(param.name.node.clone()));
        let dims = |signature: &BlockSignature| signature.input.node.clone();
        let symbol = |dim: Expr| match dim.node {
            ExprKind::Name(name) => Some(name),
            _ => None,
        };
        block
            .signature
            .iter()
            .flat_map(dims)
            .filter_map(symbol)
            .for_each(|name| scope.set_unknown(name));
        scope
    }
}
