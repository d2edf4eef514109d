use super::{ArgError, Args, Default, Kind, Parameter, Rule, Signature};
use crate::graph::{Shape, ShapeError, Value};

/// An op without arguments that changes numbers but not the shape.
macro_rules! elementwise {
    ($(#[doc = $doc:literal])+ $op:ident, $name:literal, $line:literal) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, PartialEq)]
        pub struct $op;

        impl Rule for $op {
            const SIGNATURE: Signature = Signature { name: $name, doc: $line, args: &[], operands: (1, 1) };

            fn build(_args: &Args) -> Result<$op, ArgError> {
                Ok($op)
            }

            fn arguments(&self) -> Vec<Option<Value>> {
                Vec::new()
            }

            fn shape(&self, operands: &[&Shape]) -> Result<Shape, ShapeError> {
                Ok(operands[0].clone())
            }
        }
    };
}

elementwise! {
    /// Gaussian error linear unit, exact form.
    Gelu, "gelu", "x * Phi(x), exact"
}
elementwise! {
    /// Sigmoid linear unit.
    Silu, "silu", "x * sigmoid(x)"
}
elementwise! {
    /// Logistic function.
    Sigmoid, "sigmoid", "1 / (1 + exp(-x))"
}
elementwise! {
    /// Softmax over the channels.
    Softmax, "softmax", "softmax over the channels"
}
elementwise! {
    /// Gives back what it gets.
    Identity, "identity", "the value itself"
}

/// Rectified linear unit, optionally cut off above.
#[derive(Debug, Clone, PartialEq)]
pub struct Relu {
    /// The largest value let through: 6 in MobileNetV2.
    pub max: Option<f64>,
}

impl Rule for Relu {
    const SIGNATURE: Signature = Signature {
        name: "relu",
        doc: "max(x, 0), at most `max` if given",
        args: &[Parameter { name: "max", kind: Kind::Number, default: Default::Rule("none") }],
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

    fn shape(&self, operands: &[&Shape]) -> Result<Shape, ShapeError> {
        Ok(operands[0].clone())
    }
}

/// Continuously differentiable exponential linear unit.
#[derive(Debug, Clone, PartialEq)]
pub struct Celu {
    /// How far below zero it goes.
    pub alpha: f64,
}

impl Rule for Celu {
    const SIGNATURE: Signature = Signature {
        name: "celu",
        doc: "max(x, 0) + min(0, alpha * (exp(x / alpha) - 1))",
        args: &[Parameter { name: "alpha", kind: Kind::Number, default: Default::Value(Value::Float(1.0)) }],
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

    fn shape(&self, operands: &[&Shape]) -> Result<Shape, ShapeError> {
        Ok(operands[0].clone())
    }
}

/// Sets a random part to zero while training, and scales the rest up.
#[derive(Debug, Clone, PartialEq)]
pub struct Dropout {
    /// The part set to zero.
    pub p: f64,
}

impl Rule for Dropout {
    const SIGNATURE: Signature = Signature {
        name: "dropout",
        doc: "zeroes each element with probability p while training",
        args: &[Parameter { name: "p", kind: Kind::Number, default: Default::Value(Value::Float(0.5)) }],
        operands: (1, 1),
    };

    fn build(args: &Args) -> Result<Dropout, ArgError> {
        match args.number("p")? {
            p if (0.0..1.0).contains(&p) => Ok(Dropout { p }),
            p => Err(ArgError::new("p", format!("expected `p` from 0 to below 1, got {p}"))),
        }
    }

    fn arguments(&self) -> Vec<Option<Value>> {
        vec![Some(Value::Float(self.p))]
    }

    fn shape(&self, operands: &[&Shape]) -> Result<Shape, ShapeError> {
        Ok(operands[0].clone())
    }
}
