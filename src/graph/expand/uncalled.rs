//! Checks the names and arguments in blocks that are never called.

use std::rc::Rc;

use super::env::Env;
use super::expander::{Expander, Frame};
use super::values::Values;
use crate::graph::Scope;
use crate::syntax::ast::{Block, ExprKind};

impl<'a> Expander<'a> {
    /// Checks each uncalled block of the root file with unknown values and parameters: nothing that
    /// depends on them is reported, and no node is added.
    pub(super) fn uncalled_blocks(&mut self) {
        self.detached = true;
        // Edits are those of the net.
        self.edits_at.clear();
        self.patterns.clear();
        let project = self.project;
        for block in project.file(project.root).blocks() {
            if !self.called.contains(&std::ptr::from_ref(block)) {
                let env =
                    Rc::new(Env { scope: self.unknown(block), body: &block.body, outer: None });
                let values = Values::one("in", None, block.name.span);
                for param in &block.params {
                    self.check_parameter_name(&param.name, &env);
                }
                self.sizes_taken(block);
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
        let dims = block.signature.iter().flat_map(|signature| &signature.input.node);
        for name in dims.flat_map(|dim| dim.names()) {
            if let ExprKind::Name(name) = &name.node {
                scope.set_unknown(name);
            }
        }
        scope
    }
}
