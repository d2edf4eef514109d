use std::fmt;

use crate::limits::{MAX_DIM, MAX_ELEMENTS, MAX_RANK};

/// The sizes of a value without its batch dimension, which is always first and always symbolic:
/// `[channels, height, width]` of an image, `[features]` of a vector.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Shape(Vec<u64>);

impl Shape {
    /// A shape. An error if a size is zero, or beyond [`MAX_DIM`] or [`MAX_ELEMENTS`].
    pub fn new(dims: impl Into<Vec<u64>>) -> Result<Shape, ShapeError> {
        let dims = dims.into();
        if dims.len() > MAX_RANK {
            let message = format!(
                "a shape has at most {MAX_RANK} sizes beside the batch, got {}",
                dims.len()
            );
            return Err(ShapeError::new(message));
        }
        if let Some(zero) = dims.iter().position(|&d| d == 0) {
            return Err(ShapeError::new(format!(
                "dimension {} would be 0 in {}",
                zero + 1,
                Shape(dims)
            )));
        }
        let product = dims.iter().try_fold(1u64, |p, &d| {
            p.checked_mul(d).filter(|&p| d <= MAX_DIM && p <= MAX_ELEMENTS)
        });
        match product {
            Some(_) => Ok(Shape(dims)),
            None => Err(ShapeError::new(format!("{} is too large", Shape(dims))).help(format!(
                "one dimension may be at most {MAX_DIM}, all together {MAX_ELEMENTS}"
            ))),
        }
    }

    /// The sizes, batch excluded.
    pub fn dims(&self) -> &[u64] {
        &self.0
    }

    /// Channels of an image, features of a vector.
    pub fn channels(&self) -> u64 {
        self.0.first().copied().unwrap_or(1)
    }

    /// Channels, height and width, if this is an image.
    pub fn image(&self) -> Option<[u64; 3]> {
        self.0.as_slice().try_into().ok()
    }

    /// The number of elements of one example.
    pub fn elements(&self) -> u64 {
        self.0.iter().product()
    }
}

/// With the batch: `[N, 64, 32, 32]`.
impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[N")?;
        self.0.iter().try_for_each(|d| write!(f, ", {d}"))?;
        write!(f, "]")
    }
}

/// Why an op does not accept its operands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShapeError {
    /// "expected X, got Y", with both shapes.
    pub message: String,
    /// How to correct it.
    pub help: Option<String>,
}

impl ShapeError {
    /// An error without help.
    pub fn new(message: impl Into<String>) -> ShapeError {
        ShapeError { message: message.into(), help: None }
    }

    /// Adds how to correct it.
    pub fn help(mut self, help: impl Into<String>) -> ShapeError {
        self.help = Some(help.into());
        self
    }
}
