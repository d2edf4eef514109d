//! The statistics of reports: against SciPy, against their definitions, and for any numbers at all.

use netc::search::stats::{Difference, Sample, Spread, holm, runs_needed, welch};
use proptest::prelude::*;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, Normal};
use serde_json::Value;

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

fn close(found: Option<f64>, expected: &Value, what: &str) {
    match (found, expected.as_f64()) {
        (Some(found), Some(expected)) => {
            assert!(
                (found - expected).abs() < 1e-8 * expected.abs().max(1.0),
                "{what}: {found}, {expected}"
            );
        }
        (found, expected) => assert_eq!(found, expected, "{what}"),
    }
}

fn close_ends(found: Option<[f64; 2]>, expected: &Value, what: &str) {
    close(found.map(|[low, _]| low), &expected[0], what);
    close(found.map(|[_, high]| high), &expected[1], what);
}

/// `scripts/vectors/statistics.py` wrote them.
#[test]
fn samples_of_all_sizes_are_those_of_scipy() {
    let text = include_str!("../vectors/statistics.json");
    let cases: Vec<Value> = serde_json::from_str(text).unwrap();
    assert!(cases.len() > 10);
    for case in &cases {
        let (a, b) = (numbers(&case["a"]), numbers(&case["b"]));
        let what = |name: &str| format!("{name} of {a:?} and {b:?}");
        let [first, second] = [&a, &b].map(|values| Sample::of(values).unwrap());
        close_ends(first.interval(), &case["mean_interval"], &what("interval"));
        close(first.differs_from(b[0]), &case["one_sample_p"], &what("one sample"));
        close(first.detectable(0.05), &case["detectable"], &what("detectable"));
        close(welch(&first, &second), &case["welch_p"], &what("welch"));
        let unpaired = Difference::unpaired(&first, &second);
        close(unpaired.p, &case["welch_p"], &what("welch"));
        close_ends(unpaired.interval, &case["welch_interval"], &what("welch's interval"));
        let pairs: Vec<(f64, f64)> = a.iter().copied().zip(b.iter().copied()).collect();
        let paired = Difference::paired(&pairs).unwrap();
        close(paired.p, &case["paired_p"], &what("paired"));
        close_ends(paired.interval, &case["paired_interval"], &what("paired interval"));
        let spread = Spread::of(&a).unwrap();
        close(Some(spread.median), &case["median"], &what("median"));
        // Below six values SciPy has no interval, and netc shows the range.
        match &case["median_interval"] {
            Value::Null => assert_eq!(spread.interval, [spread.min, spread.max]),
            interval => {
                close_ends(Some(spread.interval), interval, &what("interval of the median"))
            }
        }
    }
}

#[test]
fn values_that_are_all_the_same_are_no_evidence() {
    for value in [94.1, 0.1, 1e-3, 33.333_333_333_333_336] {
        for n in 2..12 {
            let same = Sample::of(&vec![value; n]).unwrap();
            assert_eq!(
                (same.std, same.interval(), same.differs_from(50.0)),
                (0.0, None, None),
                "{n} {value}"
            );
            let pairs: Vec<(f64, f64)> =
                (0..n).map(|i| (i as f64 / 7.0, i as f64 / 7.0 + value)).collect();
            assert_eq!(Difference::paired(&pairs).unwrap().p, None, "{n} {value}");
        }
    }
    assert_eq!(Difference::paired(&[]), None);
    assert_eq!(
        Difference::paired(&[(1.0, 2.0)]).map(|d| (d.mean, d.interval, d.p)),
        Some((1.0, None, None))
    );
    assert_eq!(Spread::of(&[]), None);
}

#[test]
fn one_far_off_value_moves_no_median() {
    let quiet = Spread::of(&[5.0, 5.1, 4.9, 5.0, 5.2]).unwrap();
    let busy = Spread::of(&[5.0, 5.1, 4.9, 5.0, 73.0]).unwrap();
    assert_eq!((quiet.median, busy.median, busy.max), (5.0, 5.0, 73.0));
    assert!(busy.overlaps(&quiet) && !quiet.overlaps(&Spread::of(&[6.0, 6.1]).unwrap()));
}

/// Intervals hold the true value about as often as they say. The draws are the same each time.
#[test]
fn intervals_cover() {
    let mut random = ChaCha8Rng::seed_from_u64(7);
    let normal = Normal::new(94.0, 0.3).unwrap();
    let other = Normal::new(94.5, 1.0).unwrap();
    let rounds = 4_000;
    let mut held = [0; 4];
    for _ in 0..rounds {
        let a: Vec<f64> = (0..5).map(|_| normal.sample(&mut random)).collect();
        let b: Vec<f64> = (0..8).map(|_| other.sample(&mut random)).collect();
        let [first, second] = [&a, &b].map(|values| Sample::of(values).unwrap());
        // What a pair has in common.
        let pairs: Vec<(f64, f64)> = a.iter().zip(&b).map(|(a, b)| (a + b, a + 2.0 * b)).collect();
        let found = [
            (first.interval(), 94.0),
            (Difference::unpaired(&first, &second).interval, 0.5),
            (Difference::paired(&pairs).unwrap().interval, 94.5),
            (Spread::of(&b).map(|spread| spread.interval), 94.5),
        ];
        for (held, (interval, truth)) in held.iter_mut().zip(found) {
            let [low, high] = interval.unwrap();
            *held += usize::from(low <= truth && truth <= high);
        }
    }
    let parts = held.map(|held| held as f64 / f64::from(rounds));
    assert!(parts[..3].iter().all(|part| (0.94..0.96).contains(part)), "{parts:?}");
    assert!(parts[3] >= 0.95, "{parts:?}");
}

/// Holm's procedure is the closed test of Bonferroni's: the largest corrected p-value of all sets
/// of hypotheses that hold the one in question.
fn closed(p: &[f64]) -> Vec<f64> {
    let sets = 1..1_usize << p.len();
    let of = |set: usize| (0..p.len()).filter(move |i| set >> i & 1 == 1);
    let corrected = |set: usize| {
        let least = of(set).map(|i| p[i]).fold(f64::INFINITY, f64::min);
        (least * set.count_ones() as f64).min(1.0)
    };
    let adjusted =
        |i: usize| sets.clone().filter(|set| set >> i & 1 == 1).map(corrected).fold(0.0, f64::max);
    (0..p.len()).map(adjusted).collect()
}

proptest! {
    #[test]
    fn holm_is_its_definition_and_keeps_the_order(p in prop::collection::vec(0.0..=1.0_f64, 0..8)) {
        let adjusted = holm(&p);
        for (found, expected) in adjusted.iter().zip(closed(&p)) {
            prop_assert!((found - expected).abs() < 1e-12, "{adjusted:?}");
        }
        for (a, x) in p.iter().zip(&adjusted) {
            prop_assert!(x >= a && *x <= 1.0);
            prop_assert!(p.iter().zip(&adjusted).all(|(b, y)| a > b || x <= y));
        }
    }

    #[test]
    fn both_orders_of_a_comparison_say_the_same(
        a in prop::collection::vec(0.0..100.0_f64, 2..9),
        b in prop::collection::vec(0.0..100.0_f64, 2..9),
    ) {
        let [a, b] = [a, b].map(|values| Sample::of(&values).unwrap());
        prop_assert_eq!(welch(&a, &b), welch(&b, &a));
        prop_assert_eq!(runs_needed(&a, &b, 0.05), runs_needed(&b, &a, 0.05));
        let (there, back) = (Difference::unpaired(&a, &b), Difference::unpaired(&b, &a));
        prop_assert_eq!(there.mean, -back.mean);
        if let (Some(interval), Some(p)) = (there.interval, there.p) {
            // The interval holds no difference at all exactly where the test sees none at 5%.
            prop_assert_eq!(interval[0] <= 0.0 && 0.0 <= interval[1], p >= 0.05);
        }
    }

    #[test]
    fn any_numbers_have_statistics_or_none(
        a in prop::collection::vec(prop::num::f64::NORMAL | prop::num::f64::SUBNORMAL | prop::num::f64::ZERO, 0..6),
        b in prop::collection::vec(prop::num::f64::NORMAL | prop::num::f64::SUBNORMAL | prop::num::f64::ZERO, 0..6),
    ) {
        let pairs: Vec<(f64, f64)> = a.iter().copied().zip(b.iter().copied()).collect();
        let mut all = vec![Difference::paired(&pairs).and_then(|d| d.p)];
        if let (Some(a), Some(b)) = (Sample::of(&a), Sample::of(&b)) {
            all.extend([welch(&a, &b), a.differs_from(b.mean), Difference::unpaired(&a, &b).p]);
            let _ = (a.interval(), a.detectable(0.05), runs_needed(&a, &b, 0.05));
        }
        prop_assert!(all.iter().flatten().all(|p| (0.0..=1.0).contains(p)), "{all:?}");
        if let Some(s) = Spread::of(&a) {
            let [low, high] = s.interval;
            prop_assert!(s.min <= low && low <= s.median && s.median <= high && high <= s.max);
        }
    }
}
