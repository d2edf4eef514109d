//! A model node after node.

use std::collections::HashMap;

use crate::graph::Graph;
use crate::onnx::proto::NodeProto;

use super::attributes::Node;
use super::builder::Builder;
use super::error::{Fault, ImportError, shown};
use super::known::Known;
use super::{ops, versions};

impl<'m> Builder<'m> {
    /// Translates node after node; an error does not stop it from seeing the others. `sizes` are
    /// those of the input, where the model leaves them open.
    pub fn build(
        mut self,
        sizes: Option<&[u64]>,
    ) -> Result<(Graph, HashMap<String, Vec<f32>>), ImportError> {
        self.input(sizes)?;
        for (at, proto) in std::mem::take(&mut self.nodes) {
            let made = versions::version(proto, self.opset).and_then(|version| {
                let node = Node::new(proto, version);
                let known = ops::translate(&mut self, &node)?;
                match node.unread() {
                    None => Ok(known),
                    Some(what) => Err(Fault::Unsupported(what)),
                }
            });
            let made = match made {
                Ok(known) => known,
                Err(fault) => self.fault(at, proto, fault)?,
            };
            self.bind(at, proto, made)?;
        }
        match self.open.take() {
            Some((input, sizes)) => {
                Err(ImportError::Open { input, sizes, missing: self.unsupported })
            }
            None if !self.unsupported.is_empty() => Err(ImportError::Unsupported(self.unsupported)),
            None => self.finish(),
        }
    }

    /// Records an error after which translation continues; other errors end it.
    fn fault(&mut self, at: usize, node: &NodeProto, fault: Fault) -> Result<Known, ImportError> {
        match fault {
            Fault::Malformed(what) => {
                let place = match shown(node.name()) {
                    name if name.is_empty() => format!("graph.node[{at}]"),
                    name => format!("the node `{name}`"),
                };
                let op = shown(node.op_type());
                return Err(ImportError::Malformed(format!("{place} ({op}): {what}")));
            }
            Fault::Unsupported(reason) => {
                let kind = shown(node.op_type());
                let what = if reason.is_empty() { kind } else { format!("{kind} ({reason})") };
                *self.unsupported.entry(what).or_default() += 1;
            }
            Fault::Known => {}
        }
        Ok(Known::Unknown)
    }

    /// Sets the meaning of the first result; the others must not be read.
    fn bind(&mut self, at: usize, node: &'m NodeProto, made: Known) -> Result<(), ImportError> {
        for (i, name) in node.output.iter().enumerate().filter(|(_, name)| !name.is_empty()) {
            let known = match i {
                0 => made.clone(),
                _ if self.reads(name) == 0 => Known::Unknown,
                _ => self.fault(at, node, Fault::Unsupported("its further results".into()))?,
            };
            self.known.insert(name, known);
        }
        Ok(())
    }
}
