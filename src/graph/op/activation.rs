//! Elementwise activation functions. Everything about one is here, except its computation:
//! with libtorch (`netc-torch`, `lower/torch/activation.rs`) and by netc's kernels
//! (`lower/schedule/activations.rs`).

use super::args::{ArgError, ArgKind, Args, Default, Parameter, Signature, UNCHANGED};
use super::foreign::{OnnxEquivalent, OnnxNode, PytorchArgument, PytorchModule};
use super::rule::Rule;
use super::traits::{Saved, Traits};
use crate::graph::{Shape, ShapeError, Value};

/// An activation in other formats and frameworks.
trait Elsewhere: Rule {
    /// What is saved for its backward pass.
    const SAVED: Saved;

    /// See [`Traits::monotone`].
    const MONOTONE: bool = false;

    /// The ONNX op that is always equivalent.
    fn equivalent() -> Option<OnnxEquivalent>;

    fn onnx(&self) -> OnnxNode;

    fn pytorch(&self) -> PytorchModule;

    /// As a TorchScript expression.
    fn torchscript(&self, x: &str) -> String;
}

macro_rules! activations {
    ($($op:ident,)+) => {
        /// An elementwise activation function.
        #[derive(Debug, Clone, Copy, PartialEq)]
        pub enum Activation { $(#[allow(missing_docs)] $op($op),)+ }

        $(impl From<$op> for Activation { fn from(op: $op) -> Self { Activation::$op(op) } })+

        impl Activation {
            /// The ONNX ops that are always equivalent to one of these.
            pub fn onnx_equivalents() -> impl Iterator<Item = OnnxEquivalent> {
                [$(<$op as Elsewhere>::equivalent(),)+].into_iter().flatten()
            }

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

activations! {
    Relu, LeakyRelu, Elu, Celu, Gelu, Silu, Mish, Sigmoid, Tanh, HardSigmoid, HardSwish,
}

/// An activation without arguments: its name and formula, what it saves for the backward pass, its
/// PyTorch class, its TorchScript function, its ONNX node, and the versions of that node's op if it
/// always means the same.
macro_rules! plain {
    (
        $(#[doc = $doc:literal])+ $op:ident, $name:literal, $line:literal,
        $saved:ident, $class:literal, $function:literal, $node:expr, $versions:expr
    ) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, PartialEq)]
        pub struct $op;

        impl Rule for $op {
            const SIGNATURE: Signature = Signature { name: $name, doc: $line, shape: UNCHANGED, args: &[], operands: (1, 1) };

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
            fn equivalent() -> Option<OnnxEquivalent> {
                let versions: Option<&'static [i64]> = $versions;
                let op = $node.op;
                versions.map(|versions| OnnxEquivalent { op, versions, name: $name, number: None })
            }

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

/// An activation of a number: its name, the number with its default and the condition on it, its
/// formula, its PyTorch class and what that calls the number, its TorchScript function, and the
/// ONNX op that is always equivalent, with its versions and its default of `alpha`. Its operand is
/// saved for the backward pass.
macro_rules! of_a_number {
    (
        $(#[doc = $doc:literal])+ $op:ident, $name:literal,
        $(#[doc = $about:literal])+ $number:ident = $default:literal $(above $bound:literal)?,
        $line:literal, $class:literal, $setting:literal, $function:literal,
        $node:literal, $versions:expr, $alpha:literal
    ) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, PartialEq)]
        pub struct $op {
            $(#[doc = $about])+
            pub $number: f64,
        }

        impl Rule for $op {
            const SIGNATURE: Signature = Signature {
                name: $name,
                doc: $line,
                shape: UNCHANGED,
                args: &[Parameter::new(
                    stringify!($number), ArgKind::Number, Default::Value(Value::Float($default)),
                )],
                operands: (1, 1),
            };

            fn build(args: &Args) -> Result<$op, ArgError> {
                let name = stringify!($number);
                let $number = args.number(name)?;
                $(if $number <= $bound as f64 {
                    let bound = $bound;
                    let message = format!("expected `{name}` above {bound}, got {}", $number);
                    return Err(ArgError::new(name, message));
                })?
                Ok($op { $number })
            }

            fn arguments(&self) -> Vec<Option<Value>> {
                vec![Some(Value::Float(self.$number))]
            }

            fn traits(&self) -> Traits {
                traits::<$op>()
            }

            fn shape(&self, operands: &[&Shape]) -> Result<Shape, ShapeError> {
                Ok(operands[0].clone())
            }
        }

        impl Elsewhere for $op {
            const SAVED: Saved = Saved::OPERANDS;
            fn equivalent() -> Option<OnnxEquivalent> {
                Some(OnnxEquivalent {
                    op: $node,
                    versions: $versions,
                    name: $name,
                    number: Some(("alpha", $alpha, stringify!($number))),
                })
            }

            fn onnx(&self) -> OnnxNode {
                OnnxNode { attributes: vec![("alpha", self.$number)], ..OnnxNode::plain($node) }
            }

            fn pytorch(&self) -> PytorchModule {
                let number =
                    PytorchArgument { name: $setting, value: self.$number, default: $default };
                PytorchModule { class: $class, arguments: vec![number] }
            }

            fn torchscript(&self, x: &str) -> String {
                format!(concat!($function, "({}, {:?})"), x, self.$number)
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
    /// Mish.
    Mish, "mish", "x * tanh(log(1 + exp(x)))",
    OPERANDS, "nn.Mish", "torch.mish", OnnxNode::plain("Mish"), Some(&[18, 22])
}
plain! {
    /// Logistic function.
    Sigmoid, "sigmoid", "1 / (1 + exp(-x))",
    VALUE, "nn.Sigmoid", "torch.sigmoid", OnnxNode::plain("Sigmoid"), Some(&[1, 6, 13])
}
plain! {
    /// Hyperbolic tangent.
    Tanh, "tanh", "(exp(x) - exp(-x)) / (exp(x) + exp(-x))",
    VALUE, "nn.Tanh", "torch.tanh", OnnxNode::plain("Tanh"), Some(&[1, 6, 13])
}
plain! {
    /// Logistic function, piecewise linear.
    HardSigmoid, "hardsigmoid", "min(max(x + 3, 0), 6) / 6",
    OPERANDS, "nn.Hardsigmoid", "torch.hardsigmoid",
    OnnxNode { attributes: vec![("alpha", 1.0 / 6.0)], ..OnnxNode::plain("HardSigmoid") }, None
}
plain! {
    /// Sigmoid linear unit, piecewise quadratic.
    HardSwish, "hardswish", "x * hardsigmoid(x)",
    OPERANDS, "nn.Hardswish", "torch.hardswish", OnnxNode::plain("HardSwish"), Some(&[14, 22])
}

of_a_number! {
    /// Rectified linear unit with a slope below 0.
    LeakyRelu, "leakyrelu",
    /// The slope below 0.
    slope = 0.01,
    "x above 0, slope * x below",
    "nn.LeakyReLU", "negative_slope", "torch.leaky_relu", "LeakyRelu", &[1, 6, 16], 0.01
}
of_a_number! {
    /// Exponential linear unit.
    Elu, "elu",
    /// The alpha of ELU: its values are above -alpha.
    alpha = 1.0,
    "x above 0, alpha * (exp(x) - 1) below",
    "nn.ELU", "alpha", "torch.elu", "Elu", &[1, 6, 22], 1.0
}
of_a_number! {
    /// Continuously differentiable exponential linear unit.
    Celu, "celu",
    /// The alpha of CELU: its values are above -alpha.
    alpha = 1.0 above 0,
    "max(x, 0) + min(0, alpha * (exp(x / alpha) - 1))",
    "nn.CELU", "alpha", "torch.celu", "Celu", &[12, 28], 1.0
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
        shape: UNCHANGED,
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

    fn equivalent() -> Option<OnnxEquivalent> {
        let versions = &[1, 6, 13, 14];
        Some(OnnxEquivalent { op: "Relu", versions, name: "relu", number: None })
    }

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

impl Activation {
    /// Whether it leaves each value of another activation as it is.
    pub(super) fn keeps(&self, before: &Activation) -> bool {
        let fixed = match self {
            Activation::Relu(op) => op.max.unwrap_or(f64::INFINITY),
            Activation::LeakyRelu(_) | Activation::Elu(_) | Activation::Celu(_) => f64::INFINITY,
            _ => return false,
        };
        let greatest = match before {
            Activation::Relu(op) => op.max.unwrap_or(f64::INFINITY),
            Activation::Sigmoid(_) | Activation::HardSigmoid(_) => 1.0,
            _ => return false,
        };
        greatest <= fixed
    }
}
