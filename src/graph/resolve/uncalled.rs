//! Blocks that nothing calls: their names and arguments are checked all the same.

use std::rc::Rc;

use super::env::Env;
use super::resolver::{Frame, Resolver};
use super::values::Values;
use crate::graph::Scope;
use crate::syntax::ast::{Block, BlockSignature, Expr, ExprKind};

impl<'a> Resolver<'a> {
    /// Reads each block of the root file that nothing calls, with values and parameters unknown:
    /// what depends on them stays silent, and no node comes of it.
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

    /// A scope in which a block's parameters and the sizes of its signature are there, their values
    /// not.
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
