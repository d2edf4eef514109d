//! The ONNX nodes of each op.

use super::{ExportForm, GraphWriter, entry};
use crate::graph::op::{BatchNorm, Conv, OnnxNode, PadMode, UpsampleMode, Window};
use crate::graph::{Op, Shape, Value};
use crate::lower::{Step, WeightsError};
use crate::onnx::arguments::{OF_TRAINING, decimal, rate};
use crate::onnx::proto::attribute_proto::AttributeType;
use crate::onnx::proto::{AttributeProto, NodeProto, StringStringEntryProto};

impl GraphWriter<'_> {
    /// Adds the nodes of a step whose value should be called `result`, and returns its actual name.
    pub(super) fn step(&mut self, step: &Step, result: String) -> Result<String, WeightsError> {
        let operands: Vec<String> = step.operands.iter().map(|&o| self.values[o].clone()).collect();
        let x = operands.first().cloned().unwrap_or_default();
        let mut inputs = operands.clone();
        inputs.extend(self.owned(step)?);
        let (kind, attributes) = match &step.op {
            Op::Input(_) => return Ok(result),
            Op::Dropout(_) if self.form == ExportForm::Folded => return Ok(x),
            Op::Conv(op) => ("Conv", conv(op)),
            Op::Linear(_) => ("Gemm", vec![int("transB", 1)]),
            Op::BatchNorm(op) => ("BatchNormalization", batch_norm(op)),
            Op::Activation(op) => {
                let OnnxNode { op, attributes, constants, gates } = op.onnx();
                let attributes =
                    attributes.into_iter().map(|(name, value)| float(name, value)).collect();
                for (name, value) in constants {
                    inputs.push(self.floats(
                        &format!("{}.{name}", step.path),
                        &[],
                        &[value as f32],
                    ));
                }
                match gates {
                    false => (op, attributes),
                    true => {
                        let path = format!("{}.{}", step.path, op.to_lowercase());
                        let gate = self.unused(&path);
                        self.node(op, &path, &[&x], gate.clone(), attributes);
                        inputs.push(gate);
                        ("Mul", vec![])
                    }
                }
            }
            Op::Softmax(_) => ("Softmax", vec![int("axis", 1)]),
            Op::Dropout(op) => {
                inputs.push(self.floats(&format!("{}.ratio", step.path), &[], &[op.p as f32]));
                ("Dropout", vec![])
            }
            Op::Identity(_) => ("Identity", vec![]),
            Op::MaxPool(op) => ("MaxPool", window(&op.0, step)),
            Op::AvgPool(op) => {
                let mut attributes = window(&op.0, step);
                attributes.push(int("count_include_pad", 1));
                ("AveragePool", attributes)
            }
            Op::GlobalMaxPool(_) => ("GlobalMaxPool", vec![]),
            Op::GlobalAvgPool(_) => ("GlobalAveragePool", vec![]),
            Op::Add(_) => (if operands.len() == 2 { "Add" } else { "Sum" }, vec![]),
            Op::Offset(op) => {
                inputs.push(self.floats(&format!("{}.by", step.path), &[], &[op.by as f32]));
                ("Add", vec![])
            }
            Op::Sub(_) => ("Sub", vec![]),
            Op::Mul(_) => ("Mul", vec![]),
            Op::Scale(op) => {
                inputs.push(self.floats(&format!("{}.by", step.path), &[], &[op.by as f32]));
                ("Mul", vec![])
            }
            Op::Concat(_) => ("Concat", vec![int("axis", 1)]),
            Op::Flatten(_) => ("Flatten", vec![int("axis", 1)]),
            Op::Pad(op) => {
                let [h, w] = op.amount.map(signed);
                inputs
                    .push(self.integers(&format!("{}.pads", step.path), &[0, 0, h, w, 0, 0, h, w]));
                let mode = match op.mode {
                    PadMode::Zeros => "constant",
                    PadMode::Reflect => "reflect",
                };
                ("Pad", vec![text("mode", mode)])
            }
            Op::Upsample(op) => {
                let [h, w] = op.factor.map(|f| f as f32);
                let scales = self.floats(&format!("{}.scales", step.path), &[4], &[1.0, 1.0, h, w]);
                inputs.extend([String::new(), scales]);
                ("Resize", resize(op.mode))
            }
        };
        let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
        self.node(kind, &step.path, &inputs, result.clone(), attributes);
        if let Some(node) = self.nodes.last_mut() {
            node.metadata_props = facts(&step.op);
        }
        Ok(result)
    }

    /// Adds the tensors of a step as initializers, and returns their names in the order of the ONNX
    /// inputs.
    fn owned(&mut self, step: &Step) -> Result<Vec<String>, WeightsError> {
        let shapes: Vec<_> = step.operand_shapes.iter().collect();
        let mut names = Vec::new();
        for spec in step.op.tensors(&shapes) {
            let name = format!("{}.{}", step.path, spec.name);
            let found = self
                .weights
                .get(name.as_str())
                .copied()
                .ok_or_else(|| WeightsError::Missing(name.clone()))?;
            names.push(self.floats(&name, &found.dims, &found.values));
        }
        Ok(names)
    }

    pub(super) fn node(
        &mut self,
        kind: &str,
        name: &str,
        inputs: &[&str],
        output: String,
        attribute: Vec<AttributeProto>,
    ) {
        self.nodes.push(NodeProto {
            op_type: Some(kind.into()),
            name: Some(name.into()),
            input: inputs.iter().map(|name| name.to_string()).collect(),
            output: vec![output],
            attribute,
            ..NodeProto::default()
        });
    }
}

fn conv(op: &Conv) -> Vec<AttributeProto> {
    let [h, w] = op.pad;
    vec![
        ints("dilations", &op.dilation),
        int("group", signed(op.groups)),
        ints("kernel_shape", &op.kernel),
        ints("pads", &[h, w, h, w]),
        ints("strides", &op.stride),
    ]
}

fn batch_norm(op: &BatchNorm) -> Vec<AttributeProto> {
    // ONNX's momentum is the weight of the old value.
    vec![float("epsilon", op.eps), float("momentum", 1.0 - op.momentum)]
}

/// In this opset a last window of `ceil_mode` counts even if it begins in the padding behind the
/// image, where netc and PyTorch leave it out: that padding ends with the last window that counts.
fn window(window: &Window, step: &Step) -> Vec<AttributeProto> {
    let size =
        |shape: Option<&Shape>| shape.and_then(Shape::image).map_or([1; 2], |[_, h, w]| [h, w]);
    let (image, windows) = (size(step.operand_shapes.first()), size(Some(&step.shape)));
    let end = |i: usize| (windows[i] - 1) * window.stride[i] + window.kernel[i];
    let ends_over = [0, 1].map(|i| end(i) > image[i] + 2 * window.pad[i]);
    let ceil = ends_over.contains(&true);
    let behind = |i: usize| match ceil && !ends_over[i] {
        true => end(i).saturating_sub(image[i] + window.pad[i]),
        false => window.pad[i],
    };
    let [h, w] = window.pad;
    vec![
        int("ceil_mode", ceil.into()),
        ints("kernel_shape", &window.kernel),
        ints("pads", &[h, w, behind(0), behind(1)]),
        ints("strides", &window.stride),
    ]
}

fn resize(mode: UpsampleMode) -> Vec<AttributeProto> {
    match mode {
        UpsampleMode::Nearest => vec![
            text("mode", "nearest"),
            text("coordinate_transformation_mode", "asymmetric"),
            text("nearest_mode", "floor"),
        ],
        UpsampleMode::Bilinear => {
            vec![text("mode", "linear"), text("coordinate_transformation_mode", "half_pixel")]
        }
    }
}

/// What ONNX cannot represent of an op: its name in netc, initialisation, and numbers beyond fp32
/// precision.
fn facts(op: &Op) -> Vec<StringStringEntryProto> {
    let mut facts = vec![entry("netc.op", op.name().into())];
    for (name, value) in op.attributes() {
        let said = match (name, &value) {
            ("gamma", value) => *value == Value::Float(1.0),
            ("beta", value) => *value == Value::Float(0.0),
            ("ceil", value) => *value == Value::Bool(false),
            (name, _) if OF_TRAINING.contains(&name) => false,
            ("momentum", Value::Float(x)) => rate((1.0 - x) as f32) == *x,
            (_, Value::Float(x)) => decimal(*x as f32) == *x,
            _ => true,
        };
        if !said {
            facts.push(entry(&format!("netc.{name}"), value.to_string()));
        }
    }
    facts
}

fn signed(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

fn attribute(name: &str, kind: AttributeType) -> AttributeProto {
    AttributeProto {
        name: Some(name.into()),
        r#type: Some(kind.into()),
        ..AttributeProto::default()
    }
}

fn int(name: &str, i: i64) -> AttributeProto {
    AttributeProto { i: Some(i), ..attribute(name, AttributeType::Int) }
}

fn float(name: &str, f: f64) -> AttributeProto {
    AttributeProto { f: Some(f as f32), ..attribute(name, AttributeType::Float) }
}

fn text(name: &str, s: &str) -> AttributeProto {
    AttributeProto { s: Some(s.to_string().into()), ..attribute(name, AttributeType::String) }
}

fn ints(name: &str, values: &[u64]) -> AttributeProto {
    let ints = values.iter().map(|&n| signed(n)).collect();
    AttributeProto { ints, ..attribute(name, AttributeType::Ints) }
}
