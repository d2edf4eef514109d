use super::args::{ArgError, ArgKind, Args, Default, Parameter, Signature, int_pair};
use super::image::image;
use super::rule::Rule;
use super::traits::{Alias, Category, Saved, Traits};
use crate::graph::{Shape, ShapeError, Value};

/// The input of a net.
#[derive(Debug, Clone, PartialEq)]
pub struct Input(
    /// Its shape.
    pub Shape,
);

impl Rule for Input {
    const SIGNATURE: Signature = Signature {
        name: "input",
        doc: "a value from outside",
        shape: "as declared",
        args: &[],
        operands: (0, 0),
    };

    fn build(_args: &Args) -> Result<Input, ArgError> {
        Err(ArgError::new(
            None,
            "an input is a statement of its own: `input image: [N, 3, 32, 32]`",
        ))
    }

    fn arguments(&self) -> Vec<Option<Value>> {
        Vec::new()
    }

    fn traits(&self) -> Traits {
        Traits { category: Category::Io, pure: false, ..Traits::PURE }
    }

    fn shape(&self, _operands: &[&Shape]) -> Result<Shape, ShapeError> {
        Ok(self.0.clone())
    }
}

/// Flattens all dimensions of an example into one.
#[derive(Debug, Clone, PartialEq)]
pub struct Flatten;

impl Rule for Flatten {
    const SIGNATURE: Signature = Signature {
        name: "flatten",
        doc: "an image as a vector",
        shape: "`[N, C, H, W]` to `[N, C * H * W]`",
        args: &[],
        operands: (1, 1),
    };

    fn build(_args: &Args) -> Result<Flatten, ArgError> {
        Ok(Flatten)
    }

    fn arguments(&self) -> Vec<Option<Value>> {
        Vec::new()
    }

    fn traits(&self) -> Traits {
        Traits { category: Category::Linear, reshapes: true, alias: Alias::Flat, ..Traits::PURE }
    }

    fn shape(&self, operands: &[&Shape]) -> Result<Shape, ShapeError> {
        Shape::new([operands[0].elements()])
    }
}

/// The padding mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PadMode {
    /// Zeros.
    Zeros,
    /// The image mirrored at its edge, the edge itself not repeated.
    Reflect,
}

/// Pads rows above and below, and columns left and right.
#[derive(Debug, Clone, PartialEq)]
pub struct Pad {
    /// Rows and columns on each side.
    pub amount: [u64; 2],
    /// The padding mode.
    pub mode: PadMode,
}

impl Rule for Pad {
    const SIGNATURE: Signature = Signature {
        name: "pad",
        doc: "rows and columns around an image",
        shape: "`[N, C, H, W]` to `[N, C, H + 2 * p, W + 2 * p]`",
        args: &[
            Parameter::new("p", ArgKind::Amount, Default::Required),
            Parameter::new("mode", ArgKind::Word(&["zeros", "reflect"]), Default::Word("zeros")),
        ],
        operands: (1, 1),
    };

    fn build(args: &Args) -> Result<Pad, ArgError> {
        let mode = if args.word("mode")? == 0 { PadMode::Zeros } else { PadMode::Reflect };
        Ok(Pad { amount: args.amount("p")?, mode })
    }

    fn arguments(&self) -> Vec<Option<Value>> {
        let mode = match self.mode {
            PadMode::Zeros => "zeros",
            PadMode::Reflect => "reflect",
        };
        vec![int_pair(self.amount), Some(Value::Str(mode.into()))]
    }

    fn traits(&self) -> Traits {
        let saved = match self.mode {
            PadMode::Zeros => Saved::NOTHING,
            PadMode::Reflect => Saved::OPERANDS,
        };
        let identity = self.amount == [0, 0];
        Traits {
            category: Category::Linear,
            identity,
            alias: Alias::Possible,
            saved,
            ..Traits::PURE
        }
    }

    fn shape(&self, operands: &[&Shape]) -> Result<Shape, ShapeError> {
        let [channels, h, w] = image("pad", operands[0])?;
        if self.mode == PadMode::Reflect && (self.amount[0] >= h || self.amount[1] >= w) {
            return Err(ShapeError::new(format!(
                "reflection expected less than the image on each side, got {:?} for {}",
                self.amount, operands[0]
            )));
        }
        Shape::new([channels, h + 2 * self.amount[0], w + 2 * self.amount[1]])
    }
}

/// The interpolation mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpsampleMode {
    /// Nearest neighbour.
    Nearest,
    /// Bilinear between pixel centres (PyTorch's `align_corners = false`).
    Bilinear,
}

/// Upsamples an image by integer factors.
#[derive(Debug, Clone, PartialEq)]
pub struct Upsample {
    /// Vertical and horizontal factor.
    pub factor: [u64; 2],
    /// The interpolation mode.
    pub mode: UpsampleMode,
}

impl Rule for Upsample {
    const SIGNATURE: Signature = Signature {
        name: "upsample",
        doc: "an image made larger by a whole factor",
        shape: "`[N, C, H, W]` to `[N, C, factor * H, factor * W]`",
        args: &[
            Parameter::new("factor", ArgKind::Size, Default::Value(Value::Int(2))),
            Parameter::new(
                "mode",
                ArgKind::Word(&["nearest", "bilinear"]),
                Default::Word("nearest"),
            ),
        ],
        operands: (1, 1),
    };

    fn build(args: &Args) -> Result<Upsample, ArgError> {
        let mode =
            if args.word("mode")? == 0 { UpsampleMode::Nearest } else { UpsampleMode::Bilinear };
        Ok(Upsample { factor: args.size("factor")?, mode })
    }

    fn arguments(&self) -> Vec<Option<Value>> {
        let mode = match self.mode {
            UpsampleMode::Nearest => "nearest",
            UpsampleMode::Bilinear => "bilinear",
        };
        vec![int_pair(self.factor), Some(Value::Str(mode.into()))]
    }

    fn traits(&self) -> Traits {
        Traits { category: Category::Linear, identity: self.factor == [1, 1], ..Traits::PURE }
    }

    fn shape(&self, operands: &[&Shape]) -> Result<Shape, ShapeError> {
        let [channels, h, w] = image("upsample", operands[0])?;
        Shape::new([channels, h.saturating_mul(self.factor[0]), w.saturating_mul(self.factor[1])])
    }
}
