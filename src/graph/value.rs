use std::cmp::Ordering;
use std::fmt;

use super::number::{self, Fraction};
use crate::diag::Span;

/// The value of an expression of the language.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A whole number.
    Int(i64),
    /// An exact number that is not whole, or that is written as a decimal.
    Fraction(Fraction),
    /// A finite number that is not exact: no fraction of moderate size has its value.
    Float(f64),
    /// `true` or `false`.
    Bool(bool),
    /// Text.
    Str(String),
    /// A list.
    List(Vec<Value>),
    /// A distribution: `uniform(0, 1)`.
    Dist(Init),
    /// An op or a block, for a parameter that is called: `act = relu`.
    Callee(Callee),
    /// The channel count of the incoming value; replaced by a number when an element is expanded.
    Same,
}

/// An op or a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Callee {
    /// Its name.
    pub name: String,
    /// Where the block is defined; `None` for an op.
    pub block: Option<Span>,
}

impl Value {
    /// The type of the value, for messages: "an integer".
    pub fn kind(&self) -> &'static str {
        match self {
            Value::Int(_) => "an integer",
            Value::Fraction(_) | Value::Float(_) => "a number",
            Value::Bool(_) => "a boolean",
            Value::Str(_) => "a string",
            Value::List(_) => "a list",
            Value::Dist(_) => "a distribution",
            Value::Callee(_) => "an op or a block",
            Value::Same => "`same`",
        }
    }

    /// The number of values that it consists of.
    pub fn items(&self) -> usize {
        match self {
            Value::List(items) => 1 + items.iter().map(Value::items).sum::<usize>(),
            Value::Int(_)
            | Value::Fraction(_)
            | Value::Float(_)
            | Value::Bool(_)
            | Value::Str(_)
            | Value::Dist(_)
            | Value::Callee(_)
            | Value::Same => 1,
        }
    }

    /// The number, if it is one.
    pub fn number(&self) -> Option<f64> {
        match *self {
            Value::Int(i) => Some(i as f64),
            Value::Fraction(x) => Some(x.float()),
            Value::Float(x) => Some(x),
            _ => None,
        }
    }

    /// The whole number, if it is one, however it is written.
    pub fn whole(&self) -> Option<i64> {
        match *self {
            Value::Int(i) => Some(i),
            Value::Fraction(x) => x.whole(),
            _ => None,
        }
    }

    /// Whether both are the same value: numbers by what they are worth, not by how they are
    /// written.
    pub fn equals(&self, other: &Value) -> bool {
        match (self, other) {
            (Value::List(a), Value::List(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.equals(b))
            }
            _ => match number::compare(self, other) {
                Some(order) => order == Ordering::Equal,
                None => self == other,
            },
        }
    }
}

/// The value in the language's syntax.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Int(i) => write!(f, "{i}"),
            Value::Fraction(x) => write!(f, "{x}"),
            Value::Float(x) => write!(f, "{x:?}"),
            Value::Bool(b) => write!(f, "{b}"),
            Value::Str(s) => write!(f, "\"{s}\""),
            Value::List(items) => {
                let items: Vec<String> = items.iter().map(Value::to_string).collect();
                write!(f, "[{}]", items.join(", "))
            }
            Value::Dist(init) => write!(f, "{init}"),
            Value::Callee(callee) => write!(f, "{}", callee.name),
            Value::Same => write!(f, "same"),
        }
    }
}

/// How a tensor is initialised.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Init {
    /// Every element has the same value.
    Constant(f64),
    /// Uniform between two bounds.
    Uniform(f64, f64),
    /// Normal with a mean and a standard deviation.
    Normal(f64, f64),
    /// Dirac initialisation of a convolution: the first filters each pass one channel through; the
    /// others are uniform within 1 / sqrt(fan_in).
    Dirac,
    /// Whitening initialisation of a convolution: filters that decorrelate its outputs on the
    /// training images, and with twice as many their negatives. Uniform within 1 / sqrt(fan_in)
    /// until training images are available.
    Whiten,
}

impl Init {
    /// The numbers that it is given.
    pub fn numbers(self) -> Vec<f64> {
        match self {
            Init::Constant(value) => vec![value],
            Init::Uniform(a, b) | Init::Normal(a, b) => vec![a, b],
            Init::Dirac | Init::Whiten => Vec::new(),
        }
    }
}

impl fmt::Display for Init {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Init::Constant(x) => write!(f, "{x:?}"),
            Init::Uniform(low, high) => write!(f, "uniform({low}, {high})"),
            Init::Normal(mean, std) => write!(f, "normal({mean}, {std})"),
            Init::Dirac => write!(f, "\"dirac\""),
            Init::Whiten => write!(f, "\"whiten\""),
        }
    }
}
