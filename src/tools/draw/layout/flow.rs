//! Which way a picture is read.

/// Where the trunk of a net leads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Direction {
    /// Downwards, in columns.
    #[default]
    Down,
    /// To the right, in rows.
    Right,
}

/// The way of a part. Positions are computed across it and along it, as if it led downwards; what
/// leads back is turned around, and what leads to the right is transposed, when it is placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Flow {
    pub direction: Direction,
    /// Whether the part leads back: upwards, or to the left.
    pub back: bool,
}

impl Flow {
    pub fn ahead(direction: Direction) -> Flow {
        Flow { direction, back: false }
    }

    pub fn down(self) -> bool {
        self.direction == Direction::Down
    }

    /// Whether boxes are read from their last row to their first.
    pub fn up(self) -> bool {
        self.down() && self.back
    }

    /// What is measured from left to right and from top to bottom, across and along.
    pub fn across_and_along(self, [w, h]: [f64; 2]) -> [f64; 2] {
        if self.down() { [w, h] } else { [h, w] }
    }
}
