//! TorchScript: the net as one method over modules named as in the net, for evaluation.

use std::collections::BTreeMap;

use netc::check::Checked;
use netc::graph::Op;
use netc::graph::op::{PadMode, UpsampleMode, Window};
use netc::lower::identifier::identifier;
use netc::lower::{Plan, Step, TorchError, Weights, plan};
use tch::{TchError, Tensor};

use super::attributes::Attributes;
use super::{At, weights};
use crate::lower::kernels::script::{Held, archive};

/// A net for evaluation with its weights as a TorchScript archive, which libtorch loads by itself. The batch is of
/// any size; images and result are fp32.
///
/// # Errors
/// Weights that are not there, and what libtorch refuses.
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
    let held: Vec<Held<'_>> = tensors
        .iter()
        .map(|(name, trained, tensor)| Held { name: names.place(name), trained: *trained, tensor })
        .collect();
    let facts = facts(net, held.iter().map(|held| held.name.as_str()).zip(tensors.iter().map(|t| &t.0)));
    let class = identifier(&net.graph().name);
    archive(&class, &source(&plan, &names), (&held, &facts)).at("TorchScript")
}

/// What the archive says about itself in `extra/netc.json`: the net, and what netc calls each tensor of
/// another name.
fn facts<'n>(net: &Checked, names: impl Iterator<Item = (&'n str, &'n String)>) -> String {
    let moved: BTreeMap<&str, &str> =
        names.filter(|(place, name)| place != name).map(|(place, name)| (place, name.as_str())).collect();
    serde_json::json!({
        "netc": env!("CARGO_PKG_VERSION"),
        "net": net.graph().name,
        "graph": net.graph().hash(),
        "names": moved,
    })
    .to_string()
}

fn tensor(weights: &Weights, name: &str) -> Result<Tensor, TchError> {
    let found = weights.get(name).ok_or_else(|| TchError::Shape(format!("there is no weight `{name}`")))?;
    Tensor::f_from_slice(&found.values)?.f_reshape(weights::sizes(&found.dims)?)
}

/// The method.
fn source(plan: &Plan, names: &Attributes) -> String {
    let mut text = "def forward(self, x0):\n".to_string();
    let steps = plan.steps();
    for (i, step) in steps.iter().enumerate().skip(1) {
        let operands: Vec<String> = step.operands.iter().map(|operand| format!("x{operand}")).collect();
        text += &format!("    x{i} = {}\n", expression(step, &operands, names));
    }
    text + &format!("    return x{}\n", steps.len() - 1)
}

fn expression(step: &Step, operands: &[String], names: &Attributes) -> String {
    let x = operands.first().map_or("", String::as_str);
    let of = |name: &str| format!("self.{}", names.place(&format!("{}.{name}", step.path)));
    let biased = |bias: bool| if bias { of("bias") } else { "None".to_string() };
    match &step.op {
        Op::Input(_) | Op::Dropout(_) | Op::Identity(_) => x.to_string(),
        Op::Conv(op) => format!(
            "torch.conv2d({x}, {}, {}, {:?}, {:?}, {:?}, {})",
            of("weight"),
            biased(op.bias),
            op.stride,
            op.pad,
            op.dilation,
            op.groups
        ),
        Op::Linear(op) => format!("torch.linear({x}, {}, {})", of("weight"), biased(op.bias)),
        Op::BatchNorm(op) => {
            let owned = ["weight", "bias", "running_mean", "running_var"].map(of).join(", ");
            format!("torch.batch_norm({x}, {owned}, False, {:?}, {:?}, True)", op.momentum, op.eps)
        }
        Op::Relu(op) => match op.max {
            None => format!("torch.relu({x})"),
            Some(max) => format!("torch.clamp_max(torch.relu({x}), {max:?})"),
        },
        Op::Gelu(_) => format!("torch.gelu({x})"),
        Op::Celu(op) => format!("torch.celu({x}, {:?})", op.alpha),
        Op::Silu(_) => format!("torch.silu({x})"),
        Op::Sigmoid(_) => format!("torch.sigmoid({x})"),
        Op::Softmax(_) => format!("torch.softmax({x}, 1)"),
        Op::MaxPool(op) => {
            let Window { kernel, stride, pad, ceil } = &op.0;
            format!("torch.max_pool2d({x}, {kernel:?}, {stride:?}, {pad:?}, [1, 1], {})", truth(*ceil))
        }
        Op::AvgPool(op) => {
            let Window { kernel, stride, pad, ceil } = &op.0;
            format!("torch.avg_pool2d({x}, {kernel:?}, {stride:?}, {pad:?}, {}, True)", truth(*ceil))
        }
        Op::GlobalMaxPool(_) => format!("torch.amax({x}, [2, 3], True)"),
        Op::GlobalAvgPool(_) => format!("torch.adaptive_avg_pool2d({x}, [1, 1])"),
        Op::Add(_) => operands.join(" + "),
        Op::Mul(_) => operands.join(" * "),
        Op::Scale(op) => format!("{x} * {:?}", op.by),
        Op::Concat(_) => format!("torch.cat([{}], 1)", operands.join(", ")),
        Op::Flatten(_) => format!("torch.flatten({x}, 1)"),
        Op::Pad(op) => {
            let [h, w] = op.amount;
            match op.mode {
                PadMode::Zeros => format!("torch.constant_pad_nd({x}, [{w}, {w}, {h}, {h}])"),
                PadMode::Reflect => format!("torch.reflection_pad2d({x}, [{w}, {w}, {h}, {h}])"),
            }
        }
        Op::Upsample(op) => {
            let sizes = step.shape.dims().iter().skip(1).map(u64::to_string).collect::<Vec<_>>().join(", ");
            match op.mode {
                UpsampleMode::Nearest => format!("torch.upsample_nearest2d({x}, [{sizes}])"),
                UpsampleMode::Bilinear => format!("torch.upsample_bilinear2d({x}, [{sizes}], False)"),
            }
        }
    }
}

fn truth(value: bool) -> &'static str {
    if value { "True" } else { "False" }
}
