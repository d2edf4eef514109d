/// A piecewise linear learning rate.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    /// Epochs, in increasing order, and the learning rate at each. Not empty.
    knots: Vec<(f64, f64)>,
}

impl Schedule {
    /// A schedule through `knots`: epochs, in increasing order, and the learning rate at each.
    pub fn new(knots: Vec<(f64, f64)>) -> Schedule {
        Schedule { knots }
    }

    /// The peak learning rate.
    pub fn peak(&self) -> f64 {
        self.knots.iter().map(|&(_, rate)| rate).fold(0.0, f64::max)
    }

    /// The learning rate `epoch` epochs into the training, which may be a fraction. It is constant
    /// before the first knot and after the last one.
    pub fn at(&self, epoch: f64) -> f64 {
        let after = self.knots.partition_point(|&(e, _)| e <= epoch);
        match (after.checked_sub(1).map(|i| self.knots[i]), self.knots.get(after)) {
            (Some((e0, r0)), Some(&(e1, r1))) => r0 + (r1 - r0) * (epoch - e0) / (e1 - e0),
            (Some((_, rate)), None) | (None, Some(&(_, rate))) => rate,
            (None, None) => 0.0,
        }
    }
}
