//! Ops as other formats and frameworks have them.

/// The ONNX op that always means the same as an activation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OnnxEquivalent {
    /// Its name there.
    pub op: &'static str,
    /// Its versions.
    pub versions: &'static [i64],
    /// Its name in the language.
    pub name: &'static str,
    /// The number that it takes: its name there, its default there, and its name in the language.
    pub number: Option<(&'static str, f32, &'static str)>,
}

/// An activation as an ONNX node.
#[derive(Debug, Clone, PartialEq)]
pub struct OnnxNode {
    /// The op.
    pub op: &'static str,
    /// Attributes.
    pub attributes: Vec<(&'static str, f64)>,
    /// Constants after its operand.
    pub constants: Vec<(&'static str, f64)>,
    /// Whether the operand is multiplied by the value of this node, as in SiLU.
    pub gates: bool,
}

impl OnnxNode {
    pub(super) fn plain(op: &'static str) -> OnnxNode {
        OnnxNode { op, attributes: Vec::new(), constants: Vec::new(), gates: false }
    }
}

/// An activation as a PyTorch module.
#[derive(Debug, Clone, PartialEq)]
pub struct PytorchModule {
    /// The class.
    pub class: &'static str,
    /// Its arguments.
    pub arguments: Vec<PytorchArgument>,
}

/// A numeric argument of a PyTorch module.
#[derive(Debug, Clone, PartialEq)]
pub struct PytorchArgument {
    /// Its name.
    pub name: &'static str,
    /// Its value.
    pub value: f64,
    /// Its default value.
    pub default: f64,
}

impl PytorchModule {
    pub(super) fn plain(class: &'static str) -> PytorchModule {
        PytorchModule { class, arguments: Vec::new() }
    }
}
