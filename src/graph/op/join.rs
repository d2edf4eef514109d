use super::args::{ArgError, ArgKind, Args, Default, Parameter, Signature, UNCHANGED};
use super::rule::Rule;
use super::traits::{Alias, Category, Demand, Saved, Traits};
use crate::graph::{Shape, ShapeError, Value};
use crate::limits::MAX_OPERANDS;

/// The sum of values of the same shape.
#[derive(Debug, Clone, PartialEq)]
pub struct Add;

impl Rule for Add {
    const SIGNATURE: Signature = Signature {
        name: "add",
        doc: "sum with a number or with other values",
        shape: "values of one shape, unchanged",
        args: &[Parameter::new("by", ArgKind::Number, Default::Rule("the values given"))],
        operands: (1, MAX_OPERANDS),
    };

    fn build(args: &Args) -> Result<Add, ArgError> {
        match args.has("by") {
            true => Err(ArgError::new("by", "add takes a number or values, not both")),
            false => Ok(Add),
        }
    }

    fn arguments(&self) -> Vec<Option<Value>> {
        vec![None]
    }

    fn traits(&self) -> Traits {
        Traits {
            category: Category::Join,
            alias: Alias::Gradient,
            demand: Demand::Together,
            ..Traits::PURE
        }
    }

    fn shape(&self, operands: &[&Shape]) -> Result<Shape, ShapeError> {
        one_shape("add", operands)
    }
}

/// The shape of all operands of an op.
fn one_shape(op: &str, operands: &[&Shape]) -> Result<Shape, ShapeError> {
    match operands.iter().find(|s| **s != operands[0]) {
        None => Ok(operands[0].clone()),
        Some(other) => Err(ShapeError::new(format!(
            "{op} expected operands of one shape, got {} and {other}",
            operands[0]
        ))
        .help(format!("bring both to one shape: {}", bridge(operands[0], other)))),
    }
}

/// Advice on how to change a value of shape `from` to shape `to`.
fn bridge(to: &Shape, from: &Shape) -> String {
    match (to.image(), from.image()) {
        (Some([c, h, w]), Some([d, y, x])) if (h, w) == (y, x) => {
            format!("`conv({c}, k = 1)` takes {d} channels to {c}")
        }
        (Some([c, h, w]), Some([_, y, x]))
            if h > 0 && w > 0 && y % h == 0 && y / h == x / w && x % w == 0 =>
        {
            format!("`conv({c}, k = 1, stride = {})` takes {from} to {to}", y / h)
        }
        _ => "the sizes must be equal".into(),
    }
}

/// The difference of two values of the same shape.
#[derive(Debug, Clone, PartialEq)]
pub struct Sub;

impl Rule for Sub {
    const SIGNATURE: Signature = Signature {
        name: "sub",
        doc: "this less another value; a number is subtracted by `add(-0.5)`",
        shape: "two values of one shape, unchanged",
        args: &[],
        operands: (2, 2),
    };

    fn build(_args: &Args) -> Result<Sub, ArgError> {
        Ok(Sub)
    }

    fn arguments(&self) -> Vec<Option<Value>> {
        Vec::new()
    }

    fn traits(&self) -> Traits {
        // The gradient with respect to the first operand is that with respect to the value.
        Traits {
            category: Category::Join,
            alias: Alias::Possible,
            demand: Demand::Together,
            ..Traits::PURE
        }
    }

    fn shape(&self, operands: &[&Shape]) -> Result<Shape, ShapeError> {
        one_shape("sub", operands)
    }
}

/// The sum with a number.
#[derive(Debug, Clone, PartialEq)]
pub struct Offset {
    /// The number.
    pub by: f64,
}

impl Rule for Offset {
    const SIGNATURE: Signature = Signature {
        name: "add",
        doc: "sum with a number",
        shape: UNCHANGED,
        args: &[Parameter::new("by", ArgKind::Number, Default::Required)],
        operands: (1, 1),
    };

    fn build(args: &Args) -> Result<Offset, ArgError> {
        Ok(Offset { by: args.number("by")? })
    }

    fn arguments(&self) -> Vec<Option<Value>> {
        vec![Some(Value::Float(self.by))]
    }

    fn traits(&self) -> Traits {
        Traits {
            category: Category::Linear,
            identity: self.by == 0.0,
            alias: Alias::Gradient,
            ..Traits::PURE
        }
    }

    fn label(&self) -> String {
        format!("+ {}", self.by)
    }

    fn shape(&self, operands: &[&Shape]) -> Result<Shape, ShapeError> {
        Ok(operands[0].clone())
    }
}

/// The elementwise product with a value of the same shape, or one that broadcasts to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Mul;

impl Rule for Mul {
    const SIGNATURE: Signature = Signature {
        name: "mul",
        doc: "product with a number or with another value",
        shape: "any, unchanged; another value is of the same shape, or 1 in some places",
        args: &[Parameter::new("by", ArgKind::Number, Default::Rule("the value given"))],
        operands: (1, 2),
    };

    fn build(args: &Args) -> Result<Mul, ArgError> {
        match args.has("by") {
            true => Err(ArgError::new("by", "mul takes a number or a value, not both")),
            false => Ok(Mul),
        }
    }

    fn arguments(&self) -> Vec<Option<Value>> {
        vec![None]
    }

    fn traits(&self) -> Traits {
        Traits {
            category: Category::Join,
            saved: Saved::OPERANDS,
            demand: Demand::Together,
            ..Traits::PURE
        }
    }

    fn shape(&self, operands: &[&Shape]) -> Result<Shape, ShapeError> {
        let (a, b) = (operands[0].dims(), operands[1].dims());
        if a.len() == b.len() && a.iter().zip(b).all(|(x, y)| x == y || *y == 1) {
            return Ok(operands[0].clone());
        }
        let error = ShapeError::new(format!(
            "mul expected a second value of shape {} (or 1 in some places), got {}",
            operands[0], operands[1]
        ));
        Err(match (operands[0].image(), operands[1].image()) {
            (Some([gates, 1, 1]), Some([channels, ..])) if gates == channels => {
                error.help("the value that is scaled comes first: `in -> mul(gate)`")
            }
            (Some(_), None) | (None, Some(_)) => error.help(
                "the gate of an image keeps its two dimensions: leave out `flatten`, and write \
                 `conv(c, k = 1)` for `linear(c)`",
            ),
            (Some([gates, 1, 1]), Some([channels, ..])) => error.help(format!(
                "the value that is scaled comes first, `in -> mul(gate)`, and has as many \
                 channels as its gate: {channels}, got {gates}"
            )),
            _ => error,
        })
    }
}

/// The product with a number.
#[derive(Debug, Clone, PartialEq)]
pub struct Scale {
    /// The number.
    pub by: f64,
}

impl Rule for Scale {
    const SIGNATURE: Signature = Signature {
        name: "mul",
        doc: "product with a number",
        shape: UNCHANGED,
        args: &[Parameter::new("by", ArgKind::Number, Default::Required)],
        operands: (1, 1),
    };

    fn build(args: &Args) -> Result<Scale, ArgError> {
        Ok(Scale { by: args.number("by")? })
    }

    fn arguments(&self) -> Vec<Option<Value>> {
        vec![Some(Value::Float(self.by))]
    }

    fn traits(&self) -> Traits {
        // Monotone for factors above 0, but rounding can make two values equal, and a max pool
        // would then pass the gradient to a different one.
        Traits { category: Category::Linear, identity: self.by == 1.0, ..Traits::PURE }
    }

    fn label(&self) -> String {
        format!("× {}", self.by)
    }

    fn shape(&self, operands: &[&Shape]) -> Result<Shape, ShapeError> {
        Ok(operands[0].clone())
    }
}

/// The concatenation of values along the channels.
#[derive(Debug, Clone, PartialEq)]
pub struct Concat;

impl Rule for Concat {
    const SIGNATURE: Signature = Signature {
        name: "concat",
        doc: "this and other values along the channels",
        shape: "values alike but for their channels, whose sum the result has",
        args: &[],
        operands: (2, MAX_OPERANDS),
    };

    fn build(_args: &Args) -> Result<Concat, ArgError> {
        Ok(Concat)
    }

    fn arguments(&self) -> Vec<Option<Value>> {
        Vec::new()
    }

    fn traits(&self) -> Traits {
        Traits {
            category: Category::Join,
            alias: Alias::Gradient,
            demand: Demand::Together,
            ..Traits::PURE
        }
    }

    fn shape(&self, operands: &[&Shape]) -> Result<Shape, ShapeError> {
        let first = operands[0].dims();
        if let Some(other) = operands.iter().find(|s| s.dims().get(1..) != first.get(1..)) {
            return Err(ShapeError::new(format!(
                "concat expected operands that differ in their channels alone, got {} and {other}",
                operands[0]
            )));
        }
        let mut dims = first.to_vec();
        if let Some(channels) = dims.first_mut() {
            *channels = operands.iter().map(|s| s.channels()).sum();
        }
        Shape::new(dims)
    }
}
