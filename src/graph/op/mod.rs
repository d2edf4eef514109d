//! The ops. Everything about an op is in one place: its arguments, the operands it accepts, its
//! output shape, its weights and buffers, and its cost.
//!
//! [`Op`] is a closed enum that is always matched exhaustively: a new op does not compile until
//! every stage handles it.

mod activation;
mod args;
mod conv;
mod dropout;
mod foreign;
mod image;
mod join;
mod label;
mod norm;
mod pool;
mod reshape;
mod rule;
mod tensor;
mod traits;

pub use activation::{
    Activation, Celu, Elu, Gelu, HardSigmoid, HardSwish, LeakyRelu, Mish, Relu, Sigmoid, Silu, Tanh,
};
pub use args::{ArgError, ArgKind, Args, Default, Parameter, Signature};
pub use conv::{Conv, Linear};
pub use dropout::{Dropout, Identity};
pub use foreign::{OnnxEquivalent, OnnxNode, PytorchArgument, PytorchModule};
pub use image::outputs;
pub use join::{Add, Concat, Mul, Offset, Scale, Sub};
pub use norm::{BatchNorm, Softmax};
pub use pool::{AvgPool, GlobalAvgPool, GlobalMaxPool, MaxPool, Window};
pub use reshape::{Flatten, Input, Pad, PadMode, Upsample, UpsampleMode};
pub use tensor::{Role, TensorSpec};
pub use traits::{Alias, Category, Demand, Saved, Traits};

use super::{Shape, ShapeError, Value};
use rule::Rule;

macro_rules! ops {
    ($($op:ident,)+) => {
        /// An op with its attributes.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Op {
            /// An elementwise activation function.
            Activation(Activation),
            $(#[allow(missing_docs)] $op($op),)+
        }

        $(impl From<$op> for Op { fn from(op: $op) -> Op { Op::$op(op) } })+

        impl Op {
            fn signature(&self) -> &'static Signature {
                match self {
                    Op::Activation(op) => op.signature(),
                    $(Op::$op(_) => &<$op as Rule>::SIGNATURE,)+
                }
            }

            fn arguments(&self) -> Vec<Option<Value>> {
                match self {
                    Op::Activation(op) => op.arguments(),
                    $(Op::$op(op) => op.arguments(),)+
                }
            }

            /// A short label for drawings: `conv 128 3×3 /2`. Details of initialisation are left
            /// out.
            pub fn label(&self) -> String {
                match self {
                    Op::Activation(op) => op.label(),
                    $(Op::$op(op) => op.label(),)+
                }
            }

            /// Its properties for the stages after the check.
            pub fn traits(&self) -> Traits {
                match self {
                    Op::Activation(op) => op.traits(),
                    $(Op::$op(op) => op.traits(),)+
                }
            }

            /// The output shape for one example, or why the operands do not fit.
            pub fn shape(&self, operands: &[&Shape]) -> Result<Shape, ShapeError> {
                match self {
                    Op::Activation(op) => op.shape(operands),
                    $(Op::$op(op) => op.shape(operands),)+
                }
            }

            /// Its weights and buffers, for operands that [`Op::shape`] accepts.
            pub fn tensors(&self, operands: &[&Shape]) -> Vec<TensorSpec> {
                match self {
                    Op::Activation(_) => Vec::new(),
                    $(Op::$op(op) => op.tensors(operands),)+
                }
            }

            /// Multiply-accumulate operations for one example, for operands that [`Op::shape`]
            /// accepts.
            pub fn macs(&self, operands: &[&Shape], output: &Shape) -> u64 {
                match self {
                    Op::Activation(_) => 0,
                    $(Op::$op(op) => op.macs(operands, output),)+
                }
            }
        }
    };
}

ops! {
    Input, Conv, Linear, BatchNorm, Softmax, Dropout, Identity,
    MaxPool, AvgPool, GlobalMaxPool, GlobalAvgPool,
    Add, Offset, Sub, Mul, Scale, Concat,
    Flatten, Pad, Upsample,
}

impl<A: Into<Activation>> From<A> for Op {
    fn from(op: A) -> Op {
        Op::Activation(op.into())
    }
}

type Build = fn(&Args) -> Result<Op, ArgError>;

macro_rules! buildable {
    ($($op:ident,)+) => {
        &[$((&<$op as Rule>::SIGNATURE, |args| <$op as Rule>::build(args).map(Op::$op)),)+]
    };
}

/// The ops that a file can name. In the reference, activations stand between these two lists.
const BUILDABLE: [&[(&Signature, Build)]; 2] = [
    buildable! { Conv, Linear, BatchNorm, },
    buildable! {
        Softmax, MaxPool, AvgPool, GlobalMaxPool, GlobalAvgPool,
        Add, Sub, Mul, Concat, Flatten, Dropout, Identity, Pad, Upsample,
    },
];

/// The signatures of all ops that a file can name.
pub fn signatures() -> impl Iterator<Item = &'static Signature> {
    let [layers, others] = BUILDABLE.map(|ops| ops.iter().map(|(signature, _)| *signature));
    layers.chain(Activation::signatures()).chain(others)
}

/// The signature of the op with this name.
pub fn signature(name: &str) -> Option<&'static Signature> {
    signatures().find(|s| s.name == name)
}

/// Builds the op that a file names.
pub fn build(name: &str, args: &Args) -> Result<Op, ArgError> {
    // With a number in place of another value, `add` and `mul` are ops of one operand.
    if args.operands() == 1 {
        match name {
            "add" => return Offset::build(args).map(Op::Offset),
            "mul" => return Scale::build(args).map(Op::Scale),
            _ => {}
        }
    }
    match BUILDABLE.into_iter().flatten().find(|(s, _)| s.name == name) {
        Some((_, build)) => build(args),
        None => match Activation::build(name, args) {
            Some(built) => built.map(Op::Activation),
            None => Err(ArgError::new(None, format!("there is no op `{name}`"))),
        },
    }
}

impl Op {
    /// Its name in the language.
    pub fn name(&self) -> &'static str {
        self.signature().name
    }

    /// Minimum and maximum number of operands.
    pub fn operand_range(&self) -> (usize, usize) {
        match self {
            // In text, one operand and a number are `Offset` or `Scale`.
            Op::Add(_) => (2, Add::SIGNATURE.operands.1),
            Op::Mul(_) => (2, 2),
            op => op.signature().operands,
        }
    }

    /// The number of trained parameters, for operands that [`Op::shape`] accepts.
    pub fn params(&self, operands: &[&Shape]) -> u64 {
        self.tensors(operands)
            .iter()
            .filter(|t| t.trained)
            .map(TensorSpec::elements)
            .fold(0, u64::saturating_add)
    }

    /// Whether it returns its one operand as it is, by what is known: the op `before` it, and the
    /// shapes of its operand and its value.
    pub fn is_idle(&self, before: Option<&Op>, shapes: Option<[&Shape; 2]>) -> bool {
        let traits = self.traits();
        let kept = match (self, before) {
            (Op::Activation(after), Some(Op::Activation(before))) => after.keeps(before),
            _ => false,
        };
        traits.identity || kept || (traits.reshapes && shapes.is_some_and(|[from, to]| from == to))
    }

    /// Every argument by name, in the order of the signature.
    pub fn attributes(&self) -> Vec<(&'static str, Value)> {
        let names = self.signature().args.iter().map(|p| p.name);
        names.zip(self.arguments()).filter_map(|(n, v)| Some((n, v?))).collect()
    }

    /// The minimal arguments that rebuild this op with this many operands; the others are defaults.
    pub fn stated(&self, operands: usize) -> Vec<(&'static str, Value)> {
        let mut kept = self.attributes();
        let mut i = kept.len();
        while i > 0 {
            i -= 1;
            let mut fewer = kept.clone();
            fewer.remove(i);
            if self.builds_again(&fewer, operands) {
                kept = fewer;
            }
        }
        kept
    }

    /// The shortest call that rebuilds this op, further operands first: `conv(64, stride = 2)`,
    /// `add(short)`.
    pub fn text(&self, more_operands: &[&str]) -> String {
        self.call(more_operands, &self.stated(more_operands.len() + 1))
    }

    /// The call with these arguments, further operands first.
    pub fn call(&self, more_operands: &[&str], kept: &[(&'static str, Value)]) -> String {
        let first = self.signature().args.first();
        let positional =
            first.filter(|p| matches!(p.default, Default::Required | Default::Value(Value::Same)));
        let mut args: Vec<String> = more_operands.iter().map(|s| s.to_string()).collect();
        args.extend(kept.iter().map(|(name, value)| {
            match positional.is_some_and(|p| p.name == *name) {
                true => value.to_string(),
                false => format!("{name} = {value}"),
            }
        }));
        if args.is_empty() {
            self.name().into()
        } else {
            format!("{}({})", self.name(), args.join(", "))
        }
    }

    fn builds_again(&self, attributes: &[(&'static str, Value)], operands: usize) -> bool {
        let args = Args::new(self.signature(), attributes.iter().cloned(), operands);
        build(self.name(), &args).as_ref() == Ok(self)
    }
}
