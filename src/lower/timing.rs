//! Timings of the algorithms of a convolution.

use serde::{Deserialize, Serialize};

use super::{ConvAlgorithm, ConvAlgorithms, ConvDirection};

/// Timings of a convolution by several algorithms.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Times {
    /// The number of images.
    pub images: u64,
    /// How many times each was measured; more than [`ROUNDS`](Times::ROUNDS) if times varied.
    pub rounds: usize,
    /// The algorithms, libtorch's first.
    pub candidates: Vec<Candidate>,
}

/// The times of one algorithm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// The algorithm.
    pub algorithm: ConvAlgorithm,
    /// Seconds in each direction, in the order of [`ConvDirection::ALL`]; none in those that it
    /// does not compute or that nobody needed.
    pub seconds: [Option<f64>; 3],
}

/// Why a convolution has its algorithms.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reason {
    /// They are the fastest of those that were timed.
    Timed(Times),
    /// A [choice](super::ConvChoice) that is not made by timing.
    Rule,
    /// It is too small for the choice to matter.
    Small,
    /// Only libtorch computes it.
    Library,
}

impl Times {
    /// How many times each candidate is measured, if all times are similar.
    pub const ROUNDS: usize = 3;
    /// How many times at most.
    pub const MOST_ROUNDS: usize = 12;

    /// Times candidates in turns, so that a burst of load slows all of them and none finds the
    /// caches warmer than the others do; again while the times of one vary. The fastest counts:
    /// load only ever adds to it. `run` returns the seconds of one run, or none if the algorithm
    /// does not compute the direction.
    ///
    /// # Errors
    /// Those of `run`.
    pub fn in_turns<E>(
        images: u64,
        candidates: &[ConvAlgorithm],
        directions: &[ConvDirection],
        mut run: impl FnMut(ConvAlgorithm, ConvDirection) -> Result<Option<f64>, E>,
    ) -> Result<Times, E> {
        let mut samples = vec![vec![Vec::new(); candidates.len()]; directions.len()];
        let mut rounds = 0;
        let steady = |samples: &[Vec<Vec<f64>>]| samples.iter().flatten().all(|of| is_steady(of));
        while rounds < Times::ROUNDS || (rounds < Times::MOST_ROUNDS && !steady(&samples)) {
            for (&direction, samples) in directions.iter().zip(&mut samples) {
                for (&algorithm, samples) in candidates.iter().zip(samples) {
                    if rounds == 0 {
                        // The first run allocates memory and transforms weights.
                        run(algorithm, direction)?;
                    }
                    samples.extend(run(algorithm, direction)?);
                }
            }
            rounds += 1;
        }
        let timed = |(i, &algorithm): (usize, &ConvAlgorithm)| {
            let seconds = ConvDirection::ALL.map(|direction| {
                let at = directions.iter().position(|&timed| timed == direction)?;
                best(&samples[at][i])
            });
            Candidate { algorithm, seconds }
        };
        let candidates = candidates.iter().enumerate().map(timed).collect();
        Ok(Times { images, rounds, candidates })
    }

    /// Whether exactly these were timed.
    pub fn are_of(&self, candidates: &[ConvAlgorithm]) -> bool {
        self.candidates.iter().map(|timed| timed.algorithm).eq(candidates.iter().copied())
    }

    /// Whether a direction was timed.
    pub fn has(&self, direction: ConvDirection) -> bool {
        self.candidates.iter().any(|timed| timed.of(direction).is_some())
    }

    /// The fastest algorithm in each direction; libtorch's in one that was not timed.
    pub fn algorithms(&self) -> ConvAlgorithms {
        let [forward, input, weights] = ConvDirection::ALL.map(|direction| {
            let timed = self.candidates.iter();
            let timed = timed.filter_map(|timed| Some((timed.of(direction)?, timed)));
            let fastest = timed.min_by(|(a, _), (b, _)| a.total_cmp(b));
            fastest.map_or(ConvAlgorithm::Library, |(_, timed)| timed.algorithm)
        });
        ConvAlgorithms { forward, input, weights }
    }
}

impl Candidate {
    /// Seconds in a direction.
    pub fn of(&self, direction: ConvDirection) -> Option<f64> {
        self.seconds[direction as usize]
    }
}

fn best(seconds: &[f64]) -> Option<f64> {
    seconds.iter().copied().min_by(f64::total_cmp)
}

/// Whether the median is near the fastest.
fn is_steady(seconds: &[f64]) -> bool {
    let mut sorted = seconds.to_vec();
    sorted.sort_by(f64::total_cmp);
    let ends = sorted.first().zip(sorted.get(sorted.len() / 2));
    ends.is_none_or(|(best, median)| *median <= 1.5 * best)
}
