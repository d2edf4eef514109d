//! Norms of the matrices of transforms, from which the scales of integers follow.

use super::MOST;

/// The square root, by Newton's method.
const fn root(square: f64) -> f64 {
    let (mut root, mut i) = (square, 0);
    while i < 60 {
        root = 0.5 * (root + square / root);
        i += 1;
    }
    root
}

const fn norm<const N: usize>(row: &[f64; N]) -> f64 {
    let (mut square, mut i) = (0.0, 0);
    while i < N {
        square += row[i] * row[i];
        i += 1;
    }
    root(square)
}

/// The norms of the rows.
pub(super) const fn norms<const R: usize, const N: usize>(rows: &[[f64; N]; R]) -> [f32; MOST] {
    let (mut norms, mut i) = ([0.0; MOST], 0);
    while i < R {
        norms[i] = norm(&rows[i]) as f32;
        i += 1;
    }
    norms
}

/// The square of the largest of a row's sum of absolute values over its norm.
pub(super) const fn peak<const R: usize, const N: usize>(rows: &[[f64; N]; R]) -> f32 {
    let (mut most, mut i) = (0.0, 0);
    while i < R {
        let (mut sum, mut j) = (0.0, 0);
        while j < N {
            sum += rows[i][j].abs();
            j += 1;
        }
        let ratio = sum / norm(&rows[i]);
        if ratio > most {
            most = ratio;
        }
        i += 1;
    }
    (most * most) as f32
}

/// K of a point: what the weights' transform is divided by and the output's multiplied by. With it,
/// the norms of the rows of B^T times those of G are nearly the same for all points, so that one
/// scale does for all integers of a filter: the geometric mean of two points stands for these.
pub(super) const fn balance<const R: usize, const N: usize, const W: usize>(
    b: &[[f64; N]; R],
    g: &[[f64; W]; R],
    point: usize,
    [first, last]: [usize; 2],
) -> f64 {
    let product = norm(&b[first]) * norm(&g[first]) * norm(&b[last]) * norm(&g[last]);
    norm(&b[point]) * norm(&g[point]) / root(product)
}
