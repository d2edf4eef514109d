use netc::lower::winograd::Winograd;
use tch::Kind;

use super::pool::{Scratch, Shared};

/// Which way a convolution is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// The output from the input.
    Forward,
    /// The gradient by the input from that by the output.
    Backward,
}

/// How weights are to be transformed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packing {
    /// For this algorithm.
    pub algorithm: Winograd,
    /// For this direction.
    pub direction: Direction,
    /// For images of this kind.
    pub kind: Kind,
}

/// Weights that were transformed, and for what: nothing else can be computed with them.
#[derive(Debug, Default)]
pub struct Packed {
    words: Scratch,
    purpose: Option<PackedFor>,
}

/// What packed weights are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PackedFor {
    pub packing: Packing,
    /// From so many channels to so many, in this direction.
    pub channels: [usize; 2],
}

impl Packed {
    /// What the weights are for; `None` before they are packed.
    pub(super) fn purpose(&self) -> Option<PackedFor> {
        self.purpose
    }

    /// Makes room for weights that the caller packs right away. What lies between them is zero and
    /// is to stay so.
    pub(super) fn renew(&mut self, purpose: PackedFor) {
        if self.purpose != Some(purpose) {
            *self = Packed { words: Scratch::default(), purpose: Some(purpose) };
        }
    }

    /// So many words.
    pub(super) fn words(&mut self, count: usize) -> Shared<u32> {
        self.words.words(count)
    }
}
