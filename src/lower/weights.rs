//! The weights and buffers of a net as plain arrays, for exporters and importers, without libtorch.

use std::collections::HashMap;

use super::tensor_file::{Entry, TensorFileError, most_bytes, open, write};
use super::{WeightsError, init, plan};
use crate::check::Checked;
use crate::graph::op;

/// All weights and buffers of a net, in the order of its plan.
#[derive(Debug, Clone, Default)]
pub struct Weights {
    tensors: Vec<Numbers>,
}

/// One tensor.
#[derive(Debug, Clone, PartialEq)]
pub struct Numbers {
    /// The node's path, a dot, and the tensor's name: `layer1.conv_bn_1.bn.running_mean`.
    pub name: String,
    /// Its sizes, in PyTorch's order.
    pub dims: Vec<u64>,
    /// The values, row-major.
    pub values: Vec<f32>,
}

impl Weights {
    /// Initial weights from a seed: those that training starts from.
    ///
    /// # Errors
    /// Out of memory.
    pub fn initial(net: &Checked, seed: u64) -> Result<Weights, WeightsError> {
        let mut tensors = Vec::new();
        for (name, spec) in specs(net) {
            let elements = spec.elements();
            let room = usize::try_from(elements)
                .is_ok_and(|elements| Vec::<f32>::new().try_reserve_exact(elements).is_ok());
            if !room {
                return Err(WeightsError::OutOfMemory { name, elements });
            }
            let dims: Vec<i64> = spec.dims.iter().map(|&size| size as i64).collect();
            let values = init::draw(spec.init, &dims, seed, &name);
            tensors.push(Numbers { name, dims: spec.dims, values });
        }
        Ok(Weights { tensors })
    }

    /// The maximum size of a file with the weights of a net and its training state.
    pub fn most_bytes(net: &Checked) -> u64 {
        most_bytes(specs(net).iter().fold(0, |all, (_, spec)| spec.elements().saturating_add(all)))
    }

    /// Reads a `safetensors` file; if it has a moving average of the weights, that average. It must
    /// have exactly the net's names and shapes, in fp32, and may contain training state.
    ///
    /// # Errors
    /// The first difference, as a message.
    pub fn of_safetensors(net: &Checked, bytes: &[u8]) -> Result<Weights, WeightsError> {
        let file = open(bytes)?;
        let prefix = file.eval_prefix();
        let mut tensors = Vec::new();
        for (name, spec) in specs(net) {
            let dims: Vec<i64> = spec.dims.iter().map(|&size| size as i64).collect();
            let values = file.floats(&format!("{prefix}{name}"), &dims)?;
            tensors.push(Numbers { name, dims: spec.dims, values });
        }
        match file.extra(|name| tensors.iter().any(|t| t.name == name)) {
            Some(extra) => Err(WeightsError::Extra(extra.into())),
            None => Ok(Weights { tensors }),
        }
    }

    /// The weights that `get` returns by name.
    ///
    /// # Errors
    /// The first one that is missing or has the wrong number of elements.
    pub fn of(
        net: &Checked,
        mut get: impl FnMut(&str) -> Option<Vec<f32>>,
    ) -> Result<Weights, WeightsError> {
        let mut tensors = Vec::new();
        for (name, spec) in specs(net) {
            let Some(values) = get(&name) else { return Err(WeightsError::Missing(name)) };
            let (found, expected) = (values.len(), spec.elements());
            if found as u64 != expected {
                return Err(WeightsError::Elements { name, found, expected });
            }
            tensors.push(Numbers { name, dims: spec.dims, values });
        }
        Ok(Weights { tensors })
    }

    /// The same weights for a net with the same graph and other node names.
    ///
    /// # Errors
    /// A net with another graph.
    pub fn renamed(&self, from: &Checked, to: &Checked) -> Result<Weights, WeightsError> {
        let (old, new) = (from.graph().canonical_order(), to.graph().canonical_order());
        if from.graph().canonical() != to.graph().canonical() {
            return Err(WeightsError::OtherNet);
        }
        let paths: HashMap<&str, &str> = new
            .iter()
            .zip(&old)
            .map(|(&n, &o)| (to.node(n).path.as_str(), from.node(o).path.as_str()))
            .collect();
        let by_name: HashMap<&str, &Numbers> =
            self.tensors.iter().map(|t| (t.name.as_str(), t)).collect();
        Weights::of(to, |name| {
            let (path, tensor) = name.rsplit_once('.')?;
            let old = format!("{}.{tensor}", paths.get(path)?);
            by_name.get(old.as_str()).map(|numbers| numbers.values.clone())
        })
    }

    /// These weights as a `safetensors` file; under the metadata key `netc` the checksum of all its
    /// bytes, a space, and `facts` as JSON. The same content gives the same bytes.
    ///
    /// # Errors
    /// Tensors that the format cannot represent.
    pub fn to_safetensors(
        &self,
        facts: Option<&serde_json::Value>,
    ) -> Result<Vec<u8>, TensorFileError> {
        let entry = |tensor: &Numbers| {
            let shape = tensor.dims.iter().map(|&size| size as usize).collect();
            (tensor.name.clone(), Entry::floats(shape, &tensor.values))
        };
        write(&self.tensors.iter().map(entry).collect::<Vec<_>>(), facts)
    }

    /// The tensors, in the order of the plan.
    pub fn tensors(&self) -> &[Numbers] {
        &self.tensors
    }

    /// The tensor with this name.
    pub fn get(&self, name: &str) -> Option<&Numbers> {
        self.tensors.iter().find(|tensor| tensor.name == name)
    }
}

/// The tensors of a net with their full names.
pub(super) fn specs(net: &Checked) -> Vec<(String, op::TensorSpec)> {
    let mut specs = Vec::new();
    for step in plan(net).steps() {
        let shapes: Vec<_> = step.operand_shapes.iter().collect();
        let named = |spec: op::TensorSpec| (format!("{}.{}", step.path, spec.name), spec);
        specs.extend(step.op.tensors(&shapes).into_iter().map(named));
    }
    specs
}
