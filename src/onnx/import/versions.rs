//! The supported versions of each op. An op has the semantics of the model's opset.

use crate::onnx::proto::{ModelProto, NodeProto};

use super::error::{Fault, Result, shown};
use crate::graph::op::Activation;

/// The supported opsets.
pub(super) const OPSETS: std::ops::RangeInclusive<i64> = 1..=28;

/// An ONNX op and its versions, each named after the opset that introduced it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Versions {
    /// Its name.
    pub op: &'static str,
    /// The supported versions.
    pub read: &'static [i64],
    /// The unsupported versions.
    pub refused: &'static [i64],
}

const fn all(op: &'static str, read: &'static [i64]) -> Versions {
    Versions { op, read, refused: &[] }
}

/// Every supported op, by name.
pub fn ops() -> Vec<Versions> {
    let mut ops: Vec<Versions> = OPS.iter().copied().chain(activations()).collect();
    ops.sort_by_key(|versions| versions.op);
    ops
}

fn activations() -> impl Iterator<Item = Versions> {
    Activation::onnx_equivalents().map(|known| all(known.op, known.versions))
}

const OPS: &[Versions] = &[
    all("Abs", &[1, 6, 13]),
    all("Add", &[1, 6, 7, 13, 14]),
    all("AveragePool", &[1, 7, 10, 11, 19, 22]),
    all("BatchNormalization", &[1, 6, 7, 9, 14, 15]),
    all("Cast", &[1, 6, 9, 13, 19, 21, 23, 24, 25, 28]),
    all("Ceil", &[1, 6, 13]),
    all("Clip", &[1, 6, 11, 12, 13]),
    all("Concat", &[1, 4, 11, 13]),
    all("Constant", &[1, 9, 11, 12, 13, 19, 21, 23, 24, 25]),
    all("ConstantOfShape", &[9, 20, 21, 23, 24, 25]),
    all("Conv", &[1, 11, 22]),
    all("Div", &[1, 6, 7, 13, 14]),
    all("Dropout", &[1, 6, 7, 10, 12, 13, 22]),
    all("Equal", &[1, 7, 11, 13, 19]),
    all("Erf", &[9, 13]),
    all("Exp", &[1, 6, 13]),
    all("Expand", &[8, 13]),
    all("Flatten", &[1, 9, 11, 13, 21, 23, 24, 25]),
    all("Floor", &[1, 6, 13]),
    all("Gather", &[1, 11, 13]),
    all("Gelu", &[20]),
    all("Gemm", &[1, 6, 7, 9, 11, 13]),
    all("GlobalAveragePool", &[1, 22]),
    all("GlobalMaxPool", &[1, 22]),
    all("HardSigmoid", &[1, 6, 22]),
    all("Identity", &[1, 13, 14, 16, 19, 21, 23, 24, 25]),
    all("MatMul", &[1, 9, 13]),
    all("MaxPool", &[1, 8, 10, 11, 12, 22]),
    all("Mul", &[1, 6, 7, 13, 14]),
    all("Neg", &[1, 6, 13]),
    all("Pad", &[1, 2, 11, 13, 18, 19, 21, 23, 24, 25]),
    all("Range", &[11, 27]),
    all("Reciprocal", &[1, 6, 13]),
    all("ReduceMax", &[1, 11, 12, 13, 18, 20]),
    all("ReduceMean", &[1, 11, 13, 18]),
    all("Reshape", &[1, 5, 13, 14, 19, 21, 23, 24, 25]),
    all("Resize", &[10, 11, 13, 18, 19]),
    all("Shape", &[1, 13, 15, 19, 21, 23, 24, 25]),
    all("Slice", &[1, 10, 11, 13]),
    all("Softmax", &[1, 11, 13]),
    all("Sqrt", &[1, 6, 13]),
    all("Squeeze", &[1, 11, 13, 21, 23, 24, 25]),
    all("Sub", &[1, 6, 7, 13, 14]),
    all("Sum", &[1, 6, 8, 13]),
    all("Swish", &[24]),
    all("Transpose", &[1, 13, 21, 23, 24, 25]),
    all("Unsqueeze", &[1, 11, 13, 21, 23, 24, 25]),
    Versions { op: "Upsample", read: &[7, 9], refused: &[1, 10] },
    all("Where", &[9, 16]),
];

/// How many operands an op has at least.
pub(super) fn fewest(op: &str, version: i64) -> usize {
    match (op, version) {
        ("Constant", _) => 0,
        ("BatchNormalization", _) => 5,
        ("Range" | "Where", _) | ("Slice", 10..) | ("Gemm", ..11) => 3,
        ("Add" | "Sub" | "Mul" | "Div" | "Equal" | "Gather" | "Expand", _) => 2,
        ("Conv" | "Gemm" | "MatMul", _) | ("Reshape", 5..) | ("Unsqueeze", 13..) => 2,
        ("Pad", 11..) | ("Upsample", 9..) | ("Resize", 10) => 2,
        _ => 1,
    }
}

/// The opset of a model.
pub(super) fn opset(model: &ModelProto) -> std::result::Result<i64, String> {
    let opset = model.opset_import.iter().find(|set| ["", "ai.onnx"].contains(&set.domain()));
    let opset = opset.ok_or("it states no version of ONNX's operators")?.version();
    match OPSETS.contains(&opset) {
        true => Ok(opset),
        false => Err(format!("opset {opset}; netc reads {} to {}", OPSETS.start(), OPSETS.end())),
    }
}

/// The version of a node's op in an opset.
pub(super) fn version(node: &NodeProto, opset: i64) -> Result<i64> {
    if !["", "ai.onnx"].contains(&node.domain()) {
        return Err(Fault::Unsupported(format!("of {}", shown(node.domain()))));
    }
    let found =
        OPS.iter().copied().chain(activations()).find(|versions| versions.op == node.op_type());
    let Versions { read, refused, .. } = found.ok_or_else(|| Fault::Unsupported(String::new()))?;
    let newest = read.iter().chain(refused).copied().filter(|&version| version <= opset).max();
    match newest {
        Some(version) if read.contains(&version) => Ok(version),
        Some(version) => {
            let read: Vec<String> = read.iter().map(i64::to_string).collect();
            let read = read.join(", ");
            Err(Fault::Unsupported(format!("version {version}; netc reads {read}")))
        }
        None => Err(Fault::Unsupported(format!("which opset {opset} does not have"))),
    }
}
