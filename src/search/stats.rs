//! Statistics of small samples: confidence intervals of means, and tests for differences.

use serde::Serialize;
use statrs::distribution::{Binomial, ContinuousCDF as _, DiscreteCDF as _, StudentsT};

/// The family-wise significance level of the comparisons in a table.
pub const ALPHA: f64 = 0.05;
/// The statistical power for [`runs_needed`].
pub const POWER: f64 = 0.8;
/// A deviation below this fraction of the largest value is a rounding error.
const ROUNDING: f64 = 1e-12;

/// Summary statistics of a sample, in the unit of its values.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Sample {
    /// How many values.
    pub n: usize,
    /// Their mean.
    pub mean: f64,
    /// Their standard deviation, with n - 1; 0 for one value.
    pub std: f64,
}

impl Sample {
    /// The statistics of these values, in any order; `None` if there are none, or if their sum or
    /// squares overflow.
    pub fn of(values: &[f64]) -> Option<Sample> {
        Sample::rounded_at(values, values.iter().fold(0.0, |most, x| x.abs().max(most)))
    }

    /// The same for values computed from numbers as large as `largest`.
    fn rounded_at(values: &[f64], largest: f64) -> Option<Sample> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let n = sorted.len();
        let mean = sorted.iter().sum::<f64>() / n as f64;
        let squares: f64 = sorted.iter().map(|x| (x - mean).powi(2)).sum();
        let std = if n > 1 { (squares / (n - 1) as f64).sqrt() } else { 0.0 };
        let std = if std <= largest * ROUNDING { 0.0 } else { std };
        (mean.is_finite() && std.is_finite()).then_some(Sample { n, mean, std })
    }

    /// The standard error of the mean; `None` below two values.
    pub fn std_error(&self) -> Option<f64> {
        (self.n > 1).then(|| self.std / (self.n as f64).sqrt())
    }

    /// The 95% confidence interval of the mean by Student's t. `None` below two values, and for
    /// identical values, which have no variance.
    pub fn interval(&self) -> Option<[f64; 2]> {
        let error = self.std_error().filter(|error| *error > 0.0)?;
        let half = t_quantile(0.975, (self.n as f64) - 1.0)? * error;
        Some([self.mean - half, self.mean + half])
    }

    /// The two-sided p-value of the one-sample t-test against `expected`. `None` below two values,
    /// and for identical values.
    pub fn differs_from(&self, expected: f64) -> Option<f64> {
        let error = self.std_error().filter(|error| *error > 0.0)?;
        t_tails((self.mean - expected) / error, (self.n as f64) - 1.0)
    }

    /// The difference from an expected mean that a sample of this size and deviation detects with
    /// [`POWER`] at the level `alpha`. `None` as for [`Sample::differs_from`].
    pub fn detectable(&self, alpha: f64) -> Option<f64> {
        let error = self.std_error().filter(|error| *error > 0.0)?;
        let df = (self.n as f64) - 1.0;
        Some((t_quantile(1.0 - alpha / 2.0, df)? + t_quantile(POWER, df)?) * error)
    }
}

/// Robust statistics of a sample, in the unit of its values.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spread {
    /// How many values.
    pub n: usize,
    /// Their median.
    pub median: f64,
    /// The minimum.
    pub min: f64,
    /// The maximum.
    pub max: f64,
    /// The 95% confidence interval of the median by order statistics. Below six values there is
    /// none, and it is the range, which is a 94% interval for five values.
    pub interval: [f64; 2],
}

impl Spread {
    /// The statistics of these values, in any order; `None` if there are none.
    pub fn of(values: &[f64]) -> Option<Spread> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let n = sorted.len();
        let (min, max) = (*sorted.first()?, *sorted.last()?);
        let rank = Binomial::new(0.5, n as u64).ok()?.inverse_cdf(0.025).max(1) as usize;
        Some(Spread {
            n,
            median: f64::midpoint(sorted[(n - 1) / 2], sorted[n / 2]),
            min,
            max,
            interval: [sorted[rank - 1], sorted[n - rank]],
        })
    }

    /// Whether the intervals overlap, so that the medians may be equal or in the other order.
    pub fn overlaps(&self, other: &Spread) -> bool {
        self.interval[0] <= other.interval[1] && other.interval[0] <= self.interval[1]
    }
}

/// The estimated difference of two means.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Difference {
    /// The second mean minus the first.
    pub mean: f64,
    /// Its 95% confidence interval; `None` if there is no p-value.
    pub interval: Option<[f64; 2]>,
    /// The two-sided p-value.
    pub p: Option<f64>,
}

impl Difference {
    /// For paired values: the paired t-test. `None` without a pair; no p-value below two pairs, or
    /// if all differences are equal.
    pub fn paired(pairs: &[(f64, f64)]) -> Option<Difference> {
        let apart: Vec<f64> = pairs.iter().map(|(first, second)| second - first).collect();
        let largest = pairs.iter().fold(0.0_f64, |most, (a, b)| most.max(a.abs()).max(b.abs()));
        let apart = Sample::rounded_at(&apart, largest)?;
        Some(Difference {
            mean: apart.mean,
            interval: apart.interval(),
            p: apart.differs_from(0.0),
        })
    }

    /// For independent samples: [`welch`].
    pub fn unpaired(first: &Sample, second: &Sample) -> Difference {
        let mean = second.mean - first.mean;
        let interval = spread_of_means(first, second).and_then(|(error, df)| {
            let half = t_quantile(0.975, df)? * error;
            Some([mean - half, mean + half])
        });
        Difference { mean, interval, p: welch(first, second) }
    }
}

/// The two-sided p-value of Welch's t-test, which does not assume equal variances. `None` below two
/// values each, or if neither sample has any variance.
///
/// Source: B. L. Welch, "The generalization of Student's problem when several different population
/// variances are involved", Biometrika 34 (1947).
pub fn welch(a: &Sample, b: &Sample) -> Option<f64> {
    let (error, df) = spread_of_means(a, b)?;
    t_tails((a.mean - b.mean) / error, df)
}

/// The standard error of the difference of two means, with its degrees of freedom.
fn spread_of_means(a: &Sample, b: &Sample) -> Option<(f64, f64)> {
    let [va, vb] = [a.std_error()?.powi(2), b.std_error()?.powi(2)];
    let error = (va + vb).sqrt();
    (error > 0.0).then(|| (error, freedom(va, vb, a.n as f64, b.n as f64)))
}

/// Adjusts p-values with Holm's step-down procedure, for comparison with the family-wise level; in
/// the given order.
///
/// Source: S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal
/// of Statistics 6 (1979).
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
    let mut adjusted = vec![1.0; p.len()];
    let mut least: f64 = 0.0;
    for (place, &i) in order.iter().enumerate() {
        least = least.max((p[i] * (p.len() - place) as f64).min(1.0));
        adjusted[i] = least;
    }
    adjusted
}

/// The number of runs of each of two variants needed to detect the observed difference with
/// [`POWER`] at the level `alpha`, if means and deviations are as measured. `None` below two values
/// each, without a difference, or above a million.
///
/// It is the smallest n with `n >= (t(1 - alpha/2) + t(power))^2 (sa^2 + sb^2) / difference^2`, the
/// quantiles taken at the degrees of freedom that n gives.
pub fn runs_needed(a: &Sample, b: &Sample, alpha: f64) -> Option<u64> {
    const MOST: u64 = 1_000_000;
    let [va, vb] = [a.std_error().map(|_| a.std.powi(2))?, b.std_error().map(|_| b.std.powi(2))?];
    let difference = a.mean - b.mean;
    if difference == 0.0 || va + vb == 0.0 {
        return None;
    }
    let enough = |n: u64| {
        let n = n as f64;
        let df = freedom(va / n, vb / n, n, n);
        let sum = t_quantile(1.0 - alpha / 2.0, df).zip(t_quantile(POWER, df)).map(|(a, b)| a + b);
        sum.is_some_and(|sum| n >= sum.powi(2) * (va + vb) / difference.powi(2))
    };
    if !enough(MOST) {
        return None;
    }
    let (mut low, mut high) = (1, MOST);
    while high - low > 1 {
        let middle = u64::midpoint(low, high);
        if enough(middle) { high = middle } else { low = middle }
    }
    Some(high)
}

/// Degrees of freedom by Welch-Satterthwaite, from squared standard errors.
fn freedom(va: f64, vb: f64, na: f64, nb: f64) -> f64 {
    (va + vb).powi(2) / (va.powi(2) / (na - 1.0) + vb.powi(2) / (nb - 1.0))
}

fn t_quantile(p: f64, df: f64) -> Option<f64> {
    Some(StudentsT::new(0.0, 1.0, df).ok()?.inverse_cdf(p))
}

/// The two-sided tail probability of `t`.
fn t_tails(t: f64, df: f64) -> Option<f64> {
    let distribution = StudentsT::new(0.0, 1.0, df).ok()?;
    t.is_finite().then(|| 2.0 * distribution.cdf(-t.abs()))
}
