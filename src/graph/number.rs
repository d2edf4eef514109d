//! Exact arithmetic: a number is a fraction as long as floats hold its two parts exactly.

use std::cmp::Ordering;
use std::fmt;

use super::Value;
use crate::syntax::ast::BinaryOp;

/// Floats hold all whole numbers up to here, so that a fraction of two of them is rounded once.
const MAX_PART: i128 = 1 << 53;

/// A fraction in lowest terms: `0.125`, `1/3`. It is whole only if it is written that way: `1.0`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fraction {
    over: i64,
    /// Above 0.
    under: i64,
}

impl Fraction {
    /// The value of a decimal number as written, if it is held exactly.
    pub(super) fn decimal(text: &str) -> Option<Fraction> {
        let text = text.replace('_', "").to_ascii_lowercase();
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let (whole, rest) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let rest = rest.trim_end_matches('0');
        let digits: i128 = format!("{whole}{rest}").parse().ok().filter(|d| *d <= MAX_PART)?;
        let shift = exponent.parse::<i32>().ok()?.checked_sub(i32::try_from(rest.len()).ok()?)?;
        let power = 10i128.checked_pow(shift.unsigned_abs())?;
        match shift < 0 {
            true => Fraction::new(digits, power),
            false => Fraction::new(digits.checked_mul(power)?, 1),
        }
    }

    fn new(over: i128, under: i128) -> Option<Fraction> {
        let (over, under) = lowest(over, under)?;
        let held = over.abs() <= MAX_PART && under <= MAX_PART;
        let part = |x: i128| i64::try_from(x).ok();
        held.then_some(Fraction { over: part(over)?, under: part(under)? })
    }

    /// The nearest float.
    pub fn float(self) -> f64 {
        self.over as f64 / self.under as f64
    }

    /// The whole number, if it is one.
    pub fn whole(self) -> Option<i64> {
        (self.under == 1).then_some(self.over)
    }

    /// The same on the other side of 0, which has no other side.
    pub(super) fn negated(self) -> Option<Fraction> {
        (self.over != 0).then_some(Fraction { over: -self.over, ..self })
    }
}

/// As a decimal if that is exact, as in `0.125`, or else as `1/3`.
impl fmt::Display for Fraction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimal = format!("{:?}", self.float());
        match Fraction::decimal(decimal.trim_start_matches('-')) {
            Some(same) if (same.over, same.under) == (self.over.abs(), self.under) => {
                f.write_str(&decimal)
            }
            _ => write!(f, "{}/{}", self.over, self.under),
        }
    }
}

/// In lowest terms, with the sign above; `None` for a division by 0.
fn lowest(over: i128, under: i128) -> Option<(i128, i128)> {
    let (mut a, mut b) = (over.checked_abs()?, under.checked_abs()?);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    let divisor = if under < 0 { -a } else { a };
    (under != 0).then(|| (over / divisor, under / divisor))
}

/// Both parts of an exact number.
fn parts(value: &Value) -> Option<(i128, i128)> {
    match value {
        Value::Int(i) => Some(((*i).into(), 1)),
        Value::Fraction(x) => Some((x.over.into(), x.under.into())),
        _ => None,
    }
}

/// Compares two numbers; `None` if one is none.
pub(super) fn compare(a: &Value, b: &Value) -> Option<Ordering> {
    match (parts(a), parts(b)) {
        (Some((x, under_x)), Some((y, under_y))) => Some((x * under_y).cmp(&(y * under_x))),
        _ => a.number()?.partial_cmp(&b.number()?),
    }
}

/// The result of `+ - * / // %`, for a divisor that is not 0. `None` if it is too large.
pub(super) fn arithmetic(op: BinaryOp, a: &Value, b: &Value) -> Option<Value> {
    let exact = parts(a).zip(parts(b)).and_then(|(a, b)| exact(op, a, b));
    let both_whole = matches!((a, b), (Value::Int(_), Value::Int(_)));
    match exact.and_then(|(over, under)| value(over, under)) {
        Some(value) => Some(value),
        // A whole result is never rounded.
        None if both_whole && op != BinaryOp::Div => None,
        None => inexact(op, a.number()?, b.number()?),
    }
}

/// Whole numbers become integers, however they were written.
fn value(over: i128, under: i128) -> Option<Value> {
    match lowest(over, under)? {
        (whole, 1) => i64::try_from(whole).ok().map(Value::Int),
        (over, under) => Fraction::new(over, under).map(Value::Fraction),
    }
}

fn exact(
    op: BinaryOp,
    (x, under_x): (i128, i128),
    (y, under_y): (i128, i128),
) -> Option<(i128, i128)> {
    let below = under_x.checked_mul(under_y)?;
    let (left, right) = (x.checked_mul(under_y)?, y.checked_mul(under_x)?);
    match op {
        BinaryOp::Add => Some((left.checked_add(right)?, below)),
        BinaryOp::Sub => Some((left.checked_sub(right)?, below)),
        BinaryOp::Mul => Some((x.checked_mul(y)?, below)),
        BinaryOp::FloorDiv => Some((floored(left, right)?, 1)),
        BinaryOp::Rem => {
            Some((left.checked_sub(right.checked_mul(floored(left, right)?)?)?, below))
        }
        _ => Some((left, right)),
    }
}

fn floored(over: i128, under: i128) -> Option<i128> {
    let (over, under) = lowest(over, under)?;
    Some(over.div_euclid(under))
}

fn inexact(op: BinaryOp, x: f64, y: f64) -> Option<Value> {
    let result = match op {
        BinaryOp::Add => x + y,
        BinaryOp::Sub => x - y,
        BinaryOp::Mul => x * y,
        BinaryOp::FloorDiv => (x / y).floor(),
        BinaryOp::Rem => x - y * (x / y).floor(),
        _ => x / y,
    };
    result.is_finite().then_some(Value::Float(result))
}

/// How a number becomes whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rounding {
    /// To the nearest; a half goes away from 0.
    Nearest,
    /// Down.
    Floor,
    /// Up.
    Ceil,
}

/// A number made whole; `None` if it is no number, or too large.
pub(super) fn rounded(value: &Value, rounding: Rounding) -> Option<Value> {
    let whole = match parts(value) {
        Some((over, under)) => match rounding {
            Rounding::Floor => over.div_euclid(under),
            Rounding::Ceil => -(-over).div_euclid(under),
            Rounding::Nearest => over.signum() * (2 * over.abs() + under).div_euclid(2 * under),
        },
        None => {
            let x = value.number()?;
            let whole = match rounding {
                Rounding::Floor => x.floor(),
                Rounding::Ceil => x.ceil(),
                Rounding::Nearest => x.round(),
            };
            (whole.abs() < i64::MAX as f64).then_some(whole as i128)?
        }
    };
    i64::try_from(whole).ok().map(Value::Int)
}
