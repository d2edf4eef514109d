//! Properties of ops for the stages after the check, defined next to the shape rules.

/// The properties of an op that optimising, scheduling, repairing and drawing rely on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Traits {
    /// Its category.
    pub category: Category,
    /// Whether its value depends only on its operands: no weights, no randomness.
    pub pure: bool,
    /// Whether it is elementwise and non-decreasing, with a zero gradient wherever unequal inputs
    /// become equal: then it can be swapped with a max pool, bit for bit.
    pub monotone: bool,
    /// Whether its value always equals its operand.
    pub identity: bool,
    /// Whether its value equals its operand where both have one shape.
    pub reshapes: bool,
    /// Whether it may share memory with its operands.
    pub alias: Alias,
    /// What its backward pass needs besides the gradient with respect to its value.
    pub saved: Saved,
    /// Its constraint on operands.
    pub demand: Demand,
}

impl Traits {
    /// A pure function that writes to new memory and whose backward pass needs nothing saved.
    pub(super) const PURE: Traits = Traits {
        category: Category::Activation,
        pure: true,
        monotone: false,
        identity: false,
        reshapes: false,
        alias: Alias::Never,
        saved: Saved::NOTHING,
        demand: Demand::Nothing,
    };
}

/// The category of an op.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Category {
    /// Input and output.
    Io,
    /// Convolutions.
    Conv,
    /// Normalisations and activations.
    Activation,
    /// Pooling.
    Pool,
    /// Ops with several operands.
    Join,
    /// Linear layers, scaling and changes of shape.
    Linear,
}

/// Whether the value of an op may alias its operand, and the gradient with respect to the operand
/// that with respect to the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alias {
    /// Neither.
    Never,
    /// Only the gradient.
    Gradient,
    /// Either, in some uses: reusing memory must assume aliasing, predicting memory must not.
    Possible,
    /// Both, if the operand is a vector or a single pixel, because of the channels-last layout.
    Flat,
    /// Both, always.
    Always,
}

impl Alias {
    /// Whether the value may alias the operand.
    pub fn of_value(self) -> bool {
        matches!(self, Alias::Possible | Alias::Flat | Alias::Always)
    }

    /// Whether the gradient with respect to an operand may alias that with respect to the value.
    pub fn of_gradient(self) -> bool {
        self != Alias::Never
    }
}

/// What the backward pass of an op needs besides the incoming gradient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Saved {
    /// Its operands.
    pub operands: bool,
    /// Its value.
    pub value: bool,
    /// The index of the maximum for each element of the value, in 64 bits.
    pub indices: bool,
    /// A random number for each element of the value.
    pub noise: bool,
}

impl Saved {
    pub(super) const NOTHING: Saved =
        Saved { operands: false, value: false, indices: false, noise: false };
    pub(super) const OPERANDS: Saved = Saved { operands: true, ..Saved::NOTHING };
    pub(super) const VALUE: Saved = Saved { value: true, ..Saved::NOTHING };
    pub(super) const INDICES: Saved = Saved { indices: true, ..Saved::OPERANDS };
    pub(super) const NOISE: Saved = Saved { noise: true, ..Saved::NOTHING };
}

/// Which operands an op rejects, for repairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Demand {
    /// None with a known repair.
    Nothing,
    /// Everything except vectors.
    Vector,
    /// Images smaller than its window, the argument `k` at this position.
    Window {
        /// Counted from 0.
        position: usize,
    },
    /// Operands whose shapes do not fit together.
    Together,
}
