//! TorchScript export: the net in evaluation mode as a single method, with modules named as in the
//! net.

use std::collections::BTreeMap;

use netc::check::Checked;
use netc::lower::identifier::identifier;
use netc::lower::{Plan, TorchError, Weights, plan, torchscript};
use tch::{TchError, Tensor};

use super::at::At;
use super::attributes::Attributes;
use super::weights::sizes;
use crate::lower::kernels::script::{HeldTensor, archive};

/// A net in evaluation mode with its weights as a TorchScript archive, which libtorch can load
/// without netc. The batch size is free; images and result are fp32.
///
/// # Errors
/// Missing weights, and errors of libtorch.
pub fn script(net: &Checked, weights: &Weights) -> Result<Vec<u8>, TorchError> {
    let plan = plan(net);
    let mut tensors = Vec::new();
    for step in plan.steps() {
        let shapes: Vec<_> = step.operand_shapes.iter().collect();
        for spec in step.op.tensors(&shapes) {
            let name = format!("{}.{}", step.path, spec.name);
            let tensor = tensor(weights, &name).at(&step.path)?;
            tensors.push((name, spec.trained, tensor));
        }
    }
    let names = Attributes::new(tensors.iter().map(|(name, ..)| name.as_str()));
    let held: Vec<HeldTensor<'_>> = tensors
        .iter()
        .map(|(name, trained, tensor)| HeldTensor {
            name: names.place(name),
            trained: *trained,
            tensor,
        })
        .collect();
    let facts =
        facts(net, held.iter().map(|held| held.name.as_str()).zip(tensors.iter().map(|t| &t.0)));
    let class = identifier(&net.graph().name);
    archive(&class, &source(&plan, &names), &held, &facts).at("TorchScript")
}

/// The metadata in `extra/netc.json`: the net, and netc's name of each renamed tensor.
fn facts<'n>(net: &Checked, names: impl Iterator<Item = (&'n str, &'n String)>) -> String {
    let moved: BTreeMap<&str, &str> = names
        .filter(|(place, name)| place != name)
        .map(|(place, name)| (place, name.as_str()))
        .collect();
    serde_json::json!({
        "netc": env!("CARGO_PKG_VERSION"),
        "net": net.graph().name,
        "graph": net.graph().hash(),
        "names": moved,
    })
    .to_string()
}

fn tensor(weights: &Weights, name: &str) -> Result<Tensor, TchError> {
    let found =
        weights.get(name).ok_or_else(|| TchError::Shape(format!("there is no weight `{name}`")))?;
    Tensor::f_from_slice(&found.values)?.f_reshape(sizes(&found.dims)?)
}

/// The source of the method.
fn source(plan: &Plan, names: &Attributes) -> String {
    let mut text = "def forward(self, x0):\n".to_string();
    let steps = plan.steps();
    for (i, step) in steps.iter().enumerate().skip(1) {
        let operands: Vec<String> =
            step.operands.iter().map(|operand| format!("x{operand}")).collect();
        let of = |name: &str| format!("self.{}", names.place(&format!("{}.{name}", step.path)));
        text += &format!("    x{i} = {}\n", torchscript(step, &operands, &of));
    }
    text + &format!("    return x{}\n", steps.len() - 1)
}
