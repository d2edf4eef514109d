//! What stages after the check ask of an op, answered beside its shape.

/// What an op is to those who optimise, schedule, repair or draw a net.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Traits {
    /// What it is for.
    pub category: Category,
    /// Whether its value depends on its operands alone: no weights, nothing drawn at random.
    pub pure: bool,
    /// Whether a larger number never gives a smaller one, number by number, and unequal numbers
    /// that become equal have no gradient: then it may change places with a maximum, to the bit.
    pub monotone: bool,
    /// Whether its value is its operand, whatever that is.
    pub identity: bool,
    /// Whether it may share memory with its operands.
    pub alias: Alias,
    /// What its gradient is computed from, besides the gradient by its value.
    pub saved: Saved,
    /// What its operands must be.
    pub demand: Demand,
}

impl Traits {
    /// A function of its operands with memory of its own, whose gradient needs nothing.
    pub(super) const PURE: Traits = Traits {
        category: Category::Activation,
        pure: true,
        monotone: false,
        identity: false,
        alias: Alias::Never,
        saved: Saved::NOTHING,
        demand: Demand::Nothing,
    };
}

/// What an op is for.
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
    /// Ops that join values.
    Join,
    /// Linear layers, scaling and changes of shape.
    Linear,
}

/// Whether the value of an op may be its operand's memory, and the gradient by an operand that by
/// the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alias {
    /// Neither.
    Never,
    /// The gradient alone.
    Gradient,
    /// Either, in some uses: whoever gives memory away must expect it, whoever counts memory must
    /// not.
    Possible,
    /// Both, if the operand is a vector or a single pixel: channels are innermost in memory.
    Flat,
    /// Both, always.
    Always,
}

impl Alias {
    /// Whether the value may be the operand's memory.
    pub fn of_value(self) -> bool {
        matches!(self, Alias::Possible | Alias::Flat | Alias::Always)
    }

    /// Whether the gradient by an operand may be the memory of that by the value.
    pub fn of_gradient(self) -> bool {
        self != Alias::Never
    }
}

/// What the backward direction of an op needs besides the gradient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Saved {
    /// Its operands.
    pub operands: bool,
    /// Its value.
    pub value: bool,
    /// For each number of the value, the place of the largest, in 64 bits.
    pub indices: bool,
    /// For each number of the value, one that was drawn.
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

/// What operands an op refuses, for repairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Demand {
    /// None that a repair is known for.
    Nothing,
    /// All but vectors.
    Vector,
    /// Images smaller than its window, the argument `k`, which is of this position.
    Window {
        /// Counted from 0.
        position: usize,
    },
    /// Those of several shapes.
    OneShape,
}
