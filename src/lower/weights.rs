//! The weights and buffers of a net as plain numbers: what exporters write and importers give,
//! without libtorch.

use std::collections::HashMap;

use super::sealed::{Entry, most_bytes, open, seal};
use super::{init, plan};
use crate::check::Checked;
use crate::graph::op;

/// Every weight and buffer that a net needs, in the order of its plan.
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
    /// The numbers, in the order of the dimensions.
    pub values: Vec<f32>,
}

impl Weights {
    /// First weights from a seed: the same that training starts from.
    ///
    /// # Errors
    /// More numbers than memory has room for.
    pub fn initial(net: &Checked, seed: u64) -> Result<Weights, String> {
        let mut tensors = Vec::new();
        for (name, spec) in specs(net) {
            let count = count(&spec)?;
            let room = Vec::<f32>::new().try_reserve_exact(count);
            room.map_err(|_| format!("there is no memory for the {count} numbers of `{name}`"))?;
            let dims: Vec<i64> = spec.dims.iter().map(|&size| size as i64).collect();
            let values = init::draw(spec.init, &dims, seed, &name);
            tensors.push(Numbers { name, dims: spec.dims, values });
        }
        Ok(Weights { tensors })
    }

    /// The most bytes of a file that holds those of a net, and the state of its training.
    pub fn most_bytes(net: &Checked) -> u64 {
        most_bytes(specs(net).iter().fold(0, |all, (_, spec)| spec.elements().saturating_add(all)))
    }

    /// Those that a `safetensors` file holds; of a training that keeps a running mean of them, that
    /// mean. It must have exactly the net's names, shapes and fp32, and may have the state of a
    /// training.
    ///
    /// # Errors
    /// The first difference, in words.
    pub fn of_safetensors(net: &Checked, bytes: &[u8]) -> Result<Weights, String> {
        let file = open(bytes)?;
        let prefix = file.tested();
        let mut tensors = Vec::new();
        for (name, spec) in specs(net) {
            let dims: Vec<i64> = spec.dims.iter().map(|&size| size as i64).collect();
            let values = file.floats(&format!("{prefix}{name}"), &dims)?;
            tensors.push(Numbers { name, dims: spec.dims, values });
        }
        match file.extra(|name| tensors.iter().any(|t| t.name == name)) {
            Some(extra) => Err(format!("it has a tensor `{extra}` that the net lacks")),
            None => Ok(Weights { tensors }),
        }
    }

    /// Those that `get` gives by name.
    ///
    /// # Errors
    /// The first one that it lacks, or that has another count of numbers than the net needs.
    pub fn of(
        net: &Checked,
        mut get: impl FnMut(&str) -> Option<Vec<f32>>,
    ) -> Result<Weights, String> {
        let mut tensors = Vec::new();
        for (name, spec) in specs(net) {
            let values = get(&name).ok_or_else(|| format!("there is no weight `{name}`"))?;
            if values.len() as u64 != spec.elements() {
                return Err(format!(
                    "`{name}` has {} numbers, not {}",
                    values.len(),
                    spec.elements()
                ));
            }
            tensors.push(Numbers { name, dims: spec.dims, values });
        }
        Ok(Weights { tensors })
    }

    /// The same for a net of the same graph whose nodes have other names.
    ///
    /// # Errors
    /// A net of another graph.
    pub fn renamed(&self, from: &Checked, to: &Checked) -> Result<Weights, String> {
        let (old, new) = (from.graph().canonical_order(), to.graph().canonical_order());
        if from.graph().canonical() != to.graph().canonical() {
            return Err("the nets differ in more than names".into());
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

    /// These as a `safetensors` file, `facts` as JSON under the metadata key `netc`. The same
    /// content gives the same bytes.
    ///
    /// # Errors
    /// What the format cannot hold.
    pub fn to_safetensors(&self, facts: Option<&serde_json::Value>) -> Result<Vec<u8>, String> {
        let entry = |tensor: &Numbers| {
            let shape = tensor.dims.iter().map(|&size| size as usize).collect();
            (tensor.name.clone(), Entry::floats(shape, &tensor.values))
        };
        seal(&self.tensors.iter().map(entry).collect::<Vec<_>>(), facts)
    }

    /// The tensors, in the order of the plan.
    pub fn tensors(&self) -> &[Numbers] {
        &self.tensors
    }

    /// The tensor of a name.
    pub fn get(&self, name: &str) -> Option<&Numbers> {
        self.tensors.iter().find(|tensor| tensor.name == name)
    }
}

/// The tensors that a net needs, each under its full name.
fn specs(net: &Checked) -> Vec<(String, op::TensorSpec)> {
    let mut specs = Vec::new();
    for step in plan(net).steps() {
        let shapes: Vec<_> = step.operand_shapes.iter().collect();
        let named = |spec: op::TensorSpec| (format!("{}.{}", step.path, spec.name), spec);
        specs.extend(step.op.tensors(&shapes).into_iter().map(named));
    }
    specs
}

fn count(spec: &op::TensorSpec) -> Result<usize, String> {
    usize::try_from(spec.elements())
        .map_err(|_| format!("{} numbers are too many", spec.elements()))
}
