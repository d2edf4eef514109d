//! Elementwise activation functions. Everything about one is here, except its computation with
//! libtorch (`netc-torch`, `lower/torch/activation.rs`).

use super::args::{ArgError, ArgKind, Args, Default, Parameter, Signature};
use super::rule::Rule;
use super::traits::{Saved, Traits};
use crate::graph::{Shape, ShapeError, Value};

/// An activation in other formats and frameworks.
trait Elsewhere: Rule {
    /// What is saved for its backward pass.
    const SAVED: Saved;

    /// See [`Traits::monotone`].
    const MONOTONE: bool = false;

    /// The ONNX op that is always equivalent, and its versions.
    const ONNX: Option<(&'static str, &'static [i64])>;

    fn onnx(&self) -> OnnxNode;

    fn pytorch(&self) -> PytorchModule;

    /// As a TorchScript expression.
    fn torchscript(&self, x: &str) -> String;
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
    fn plain(op: &'static str) -> OnnxNode {
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
    fn plain(class: &'static str) -> PytorchModule {
        PytorchModule { class, arguments: Vec::new() }
    }
}

macro_rules! activations {
    ($($op:ident),+) => {
        /// An elementwise activation function.
        #[derive(Debug, Clone, Copy, PartialEq)]
        pub enum Activation { $(#[allow(missing_docs)] $op($op),)+ }

        $(impl From<$op> for Activation { fn from(op: $op) -> Self { Activation::$op(op) } })+

        impl Activation {
            /// The ONNX ops that are always equivalent to one of these: the op, its versions, and
            /// its name here.
            pub const ONNX: &'static [Option<(&'static str, &'static [i64], &'static str)>] = &[$(
                match <$op as Elsewhere>::ONNX {
                    Some((op, versions)) => Some((op, versions, <$op as Rule>::SIGNATURE.name)),
                    None => None,
                },
            )+];

            /// Their names in the language.
            pub fn names() -> impl Iterator<Item = &'static str> {
                Self::signatures().map(|signature| signature.name)
            }

            pub(super) fn signatures() -> impl Iterator<Item = &'static Signature> {
                [$(&<$op as Rule>::SIGNATURE,)+].into_iter()
            }

            /// The activation of a name, if there is one.
            pub(super) fn build(name: &str, args: &Args) -> Option<Result<Activation, ArgError>> {
                $(if name == <$op as Rule>::SIGNATURE.name {
                    return Some(<$op as Rule>::build(args).map(Activation::$op));
                })+
                None
            }

            pub(super) fn signature(&self) -> &'static Signature {
                match self { $(Activation::$op(_) => &<$op as Rule>::SIGNATURE,)+ }
            }

            pub(super) fn arguments(&self) -> Vec<Option<Value>> {
                match self { $(Activation::$op(op) => op.arguments(),)+ }
            }

            pub(super) fn label(&self) -> String {
                match self { $(Activation::$op(op) => op.label(),)+ }
            }

            pub(super) fn traits(&self) -> Traits {
                match self { $(Activation::$op(op) => op.traits(),)+ }
            }

            pub(super) fn shape(&self, operands: &[&Shape]) -> Result<Shape, ShapeError> {
                match self { $(Activation::$op(op) => op.shape(operands),)+ }
            }

            /// As an ONNX node.
            pub fn onnx(&self) -> OnnxNode {
                match self { $(Activation::$op(op) => op.onnx(),)+ }
            }

            /// As a PyTorch module.
            pub fn pytorch(&self) -> PytorchModule {
                match self { $(Activation::$op(op) => op.pytorch(),)+ }
            }

            /// Applied to `x`, as a TorchScript expression.
            pub fn torchscript(&self, x: &str) -> String {
                match self { $(Activation::$op(op) => op.torchscript(x),)+ }
            }
        }
    };
}

activations! { Relu, Gelu, Celu, Silu, Sigmoid }

/// An activation without arguments: its name and formula, what it saves for the backward pass, its
/// PyTorch class, its TorchScript function, its ONNX node, and the ONNX op that is always
/// equivalent.
macro_rules! plain {
    (
        $(#[doc = $doc:literal])+ $op:ident, $name:literal, $line:literal,
        $saved:ident, $class:literal, $function:literal, $node:expr, $onnx:expr
    ) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, PartialEq)]
        pub struct $op;

        impl Rule for $op {
            const SIGNATURE: Signature = Signature { name: $name, doc: $line, args: &[], operands: (1, 1) };

            fn build(_args: &Args) -> Result<$op, ArgError> {
                Ok($op)
            }

            fn arguments(&self) -> Vec<Option<Value>> {
                Vec::new()
            }

            fn traits(&self) -> Traits {
                traits::<$op>()
            }

            fn shape(&self, operands: &[&Shape]) -> Result<Shape, ShapeError> {
                Ok(operands[0].clone())
            }
        }

        impl Elsewhere for $op {
            const SAVED: Saved = Saved::$saved;
            const ONNX: Option<(&'static str, &'static [i64])> = $onnx;

            fn onnx(&self) -> OnnxNode {
                $node
            }

            fn pytorch(&self) -> PytorchModule {
                PytorchModule::plain($class)
            }

            fn torchscript(&self, x: &str) -> String {
                format!(concat!($function, "({})"), x)
            }
        }
    };
}

fn traits<T: Elsewhere>() -> Traits {
    Traits { saved: T::SAVED, monotone: T::MONOTONE, ..Traits::PURE }
}

plain! {
    /// Gaussian error linear unit, exact form.
    Gelu, "gelu", "x * Phi(x), exact",
    OPERANDS, "nn.GELU", "torch.gelu", OnnxNode::plain("Gelu"), None
}
plain! {
    /// Sigmoid linear unit.
    Silu, "silu", "x * sigmoid(x)",
    OPERANDS, "nn.SiLU", "torch.silu", OnnxNode { gates: true, ..OnnxNode::plain("Sigmoid") }, None
}
plain! {
    /// Logistic function.
    Sigmoid, "sigmoid", "1 / (1 + exp(-x))",
    VALUE, "nn.Sigmoid", "torch.sigmoid", OnnxNode::plain("Sigmoid"), Some(("Sigmoid", &[1, 6, 13]))
}

/// Rectified linear unit, optionally clipped from above.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Relu {
    /// The upper bound: 6 in MobileNetV2.
    pub max: Option<f64>,
}

impl Rule for Relu {
    const SIGNATURE: Signature = Signature {
        name: "relu",
        doc: "max(x, 0), at most `max` if given",
        args: &[Parameter::new("max", ArgKind::Number, Default::Rule("none"))],
        operands: (1, 1),
    };

    fn build(args: &Args) -> Result<Relu, ArgError> {
        let max = args.has("max").then(|| args.number("max")).transpose()?;
        match max {
            Some(max) if max <= 0.0 => {
                Err(ArgError::new("max", format!("expected `max` above 0, got {max}")))
            }
            max => Ok(Relu { max }),
        }
    }

    fn arguments(&self) -> Vec<Option<Value>> {
        vec![self.max.map(Value::Float)]
    }

    fn traits(&self) -> Traits {
        traits::<Relu>()
    }

    fn shape(&self, operands: &[&Shape]) -> Result<Shape, ShapeError> {
        Ok(operands[0].clone())
    }
}

impl Elsewhere for Relu {
    const SAVED: Saved = Saved::OPERANDS;
    const MONOTONE: bool = true;
    const ONNX: Option<(&'static str, &'static [i64])> = Some(("Relu", &[1, 6, 13, 14]));

    fn onnx(&self) -> OnnxNode {
        match self.max {
            None => OnnxNode::plain("Relu"),
            Some(max) => {
                OnnxNode { constants: vec![("min", 0.0), ("max", max)], ..OnnxNode::plain("Clip") }
            }
        }
    }

    fn pytorch(&self) -> PytorchModule {
        match self.max {
            None => PytorchModule::plain("nn.ReLU"),
            Some(6.0) => PytorchModule::plain("nn.ReLU6"),
            Some(max) => PytorchModule {
                class: "nn.Hardtanh",
                arguments: vec![
                    PytorchArgument { name: "min_val", value: 0.0, default: -1.0 },
                    PytorchArgument { name: "max_val", value: max, default: 1.0 },
                ],
            },
        }
    }

    fn torchscript(&self, x: &str) -> String {
        match self.max {
            None => format!("torch.relu({x})"),
            Some(max) => format!("torch.clamp_max(torch.relu({x}), {max:?})"),
        }
    }
}

/// Continuously differentiable exponential linear unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Celu {
    /// The alpha of CELU: its values are above -alpha.
    pub alpha: f64,
}

impl Rule for Celu {
    const SIGNATURE: Signature = Signature {
        name: "celu",
        doc: "max(x, 0) + min(0, alpha * (exp(x / alpha) - 1))",
        args: &[Parameter::new("alpha", ArgKind::Number, Default::Value(Value::Float(1.0)))],
        operands: (1, 1),
    };

    fn build(args: &Args) -> Result<Celu, ArgError> {
        match args.number("alpha")? {
            alpha if alpha > 0.0 => Ok(Celu { alpha }),
            alpha => Err(ArgError::new("alpha", format!("expected `alpha` above 0, got {alpha}"))),
        }
    }

    fn arguments(&self) -> Vec<Option<Value>> {
        vec![Some(Value::Float(self.alpha))]
    }

    fn traits(&self) -> Traits {
        traits::<Celu>()
    }

    fn shape(&self, operands: &[&Shape]) -> Result<Shape, ShapeError> {
        Ok(operands[0].clone())
    }
}

impl Elsewhere for Celu {
    const SAVED: Saved = Saved::OPERANDS;
    const ONNX: Option<(&'static str, &'static [i64])> = None;

    fn onnx(&self) -> OnnxNode {
        OnnxNode { attributes: vec![("alpha", self.alpha)], ..OnnxNode::plain("Celu") }
    }

    fn pytorch(&self) -> PytorchModule {
        let alpha = PytorchArgument { name: "alpha", value: self.alpha, default: 1.0 };
        PytorchModule { class: "nn.CELU", arguments: vec![alpha] }
    }

    fn torchscript(&self, x: &str) -> String {
        format!("torch.celu({x}, {:?})", self.alpha)
    }
}

/// The activations that netc's kernels for GPUs have, which number them from 1 in this order.
const ON_GPUS: [&str; 5] = ["relu", "gelu", "celu", "silu", "sigmoid"];

impl Activation {
    /// Its number in netc's kernels for GPUs, if they have it.
    pub fn gpu_code(&self) -> Option<u32> {
        let name = self.signature().name;
        (1..).zip(ON_GPUS).find(|(_, known)| *known == name).map(|(code, _)| code)
    }

    /// The number that it takes there: an upper bound, an alpha.
    pub fn gpu_parameter(&self) -> f64 {
        match self {
            Activation::Relu(op) => op.max.unwrap_or(0.0),
            Activation::Celu(op) => op.alpha,
            _ => 0.0,
        }
    }
}
