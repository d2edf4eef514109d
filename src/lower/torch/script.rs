//! TorchScript: the net as one method over modules named as in the net, for evaluation.

use std::path::Path;

use tch::{TchError, Tensor};

use super::{At, weights};
use crate::check::Checked;
use crate::graph::Op;
use crate::graph::op::{PadMode, UpsampleMode, Window};
use crate::lower::kernels::script::{Held, save};
use crate::lower::{Plan, Step, TorchError, Weights, plan};

/// Writes a net for evaluation with its weights as a TorchScript archive, which libtorch loads by itself. The batch is of
/// any size; images and result are fp32.
///
/// # Errors
/// Weights that are not there, and what libtorch refuses.
pub fn save_script(net: &Checked, weights: &Weights, path: &Path) -> Result<(), TorchError> {
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
    let held: Vec<Held<'_>> = tensors
        .iter()
        .map(|(name, trained, tensor)| Held { name: place(name), trained: *trained, tensor })
        .collect();
    let name = &net.graph().name;
    let class: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    save(&class, &source(&plan), &held, path).at("TorchScript")
}

fn tensor(weights: &Weights, name: &str) -> Result<Tensor, TchError> {
    let found = weights.get(name).ok_or_else(|| TchError::Shape(format!("there is no weight `{name}`")))?;
    Tensor::f_from_slice(&found.values)?.f_reshape(weights::sizes(&found.dims)?)
}

/// The method.
fn source(plan: &Plan) -> String {
    let mut text = "def forward(self, x0):\n".to_string();
    let steps = plan.steps();
    for (i, step) in steps.iter().enumerate().skip(1) {
        let operands: Vec<String> = step.operands.iter().map(|operand| format!("x{operand}")).collect();
        text += &format!("    x{i} = {}\n", expression(step, &operands));
    }
    text + &format!("    return x{}\n", steps.len() - 1)
}

/// A path as attributes of modules. TorchScript reads as Python does, and so has its keywords; `forward` is taken.
fn place(path: &str) -> String {
    let segment = |segment: &str| {
        let clean: String =
            segment.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        let clean = if clean.starts_with(|c: char| c.is_ascii_digit()) { format!("n{clean}") } else { clean };
        if TAKEN.contains(&clean.as_str()) { clean + "_" } else { clean }
    };
    path.split('.').map(segment).collect::<Vec<_>>().join(".")
}

#[rustfmt::skip]
const TAKEN: &[&str] = &[
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del", "elif",
    "else", "except", "finally", "for", "forward", "from", "global", "if", "import", "in", "inf", "is", "lambda", "nan",
    "nonlocal", "not", "or", "pass", "raise", "return", "self", "training", "try", "while", "with", "yield",
];

fn expression(step: &Step, operands: &[String]) -> String {
    let x = operands.first().map_or("", String::as_str);
    let of = |name: &str| format!("self.{}", place(&format!("{}.{name}", step.path)));
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
