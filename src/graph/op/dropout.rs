use super::args::{ArgError, ArgKind, Args, Default, Parameter, Signature, UNCHANGED};
use super::rule::Rule;
use super::traits::{Alias, Saved, Traits};
use crate::graph::{Shape, ShapeError, Value};

/// Sets random elements to zero in training, and scales up the others.
#[derive(Debug, Clone, PartialEq)]
pub struct Dropout {
    /// The probability of setting an element to zero.
    pub p: f64,
}

impl Rule for Dropout {
    const SIGNATURE: Signature = Signature {
        name: "dropout",
        doc: "zeroes each element with probability p while training",
        shape: UNCHANGED,
        args: &[Parameter::new("p", ArgKind::Number, Default::Value(Value::Float(0.5)))],
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

    fn traits(&self) -> Traits {
        let identity = self.p == 0.0;
        Traits {
            pure: false,
            identity,
            alias: Alias::Possible,
            saved: Saved::NOISE,
            ..Traits::PURE
        }
    }

    fn shape(&self, operands: &[&Shape]) -> Result<Shape, ShapeError> {
        Ok(operands[0].clone())
    }
}

/// Returns its operand.
#[derive(Debug, Clone, PartialEq)]
pub struct Identity;

impl Rule for Identity {
    const SIGNATURE: Signature = Signature {
        name: "identity",
        doc: "the value itself",
        shape: UNCHANGED,
        args: &[],
        operands: (1, 1),
    };

    fn build(_args: &Args) -> Result<Identity, ArgError> {
        Ok(Identity)
    }

    fn arguments(&self) -> Vec<Option<Value>> {
        Vec::new()
    }

    fn traits(&self) -> Traits {
        Traits { identity: true, alias: Alias::Always, ..Traits::PURE }
    }

    fn shape(&self, operands: &[&Shape]) -> Result<Shape, ShapeError> {
        Ok(operands[0].clone())
    }
}
