//! A formula through some values.

use super::given::Assumed;

/// The highest power of a symbol in a product.
const MAX_POWER: i32 = 2;

/// A fraction in lowest terms, with a positive denominator.
#[derive(Clone, Copy, PartialEq)]
struct Ratio {
    up: i128,
    down: i128,
}

impl Ratio {
    fn new(up: i128, down: i128) -> Ratio {
        let (mut a, mut b) = (up.abs(), down.abs());
        while b != 0 {
            (a, b) = (b, a % b);
        }
        let divisor = a.max(1) * down.signum();
        Ratio { up: up / divisor, down: down / divisor }
    }

    fn times(self, up: i128, down: i128) -> Option<Ratio> {
        Some(Ratio::new(self.up.checked_mul(up)?, self.down.checked_mul(down)?))
    }

    fn plus(self, other: Ratio) -> Option<Ratio> {
        let left = self.up.checked_mul(other.down)?;
        let up = left.checked_add(other.up.checked_mul(self.down)?)?;
        Some(Ratio::new(up, self.down.checked_mul(other.down)?))
    }
}

/// A symbol with the values that it is tried with.
struct Variable<'s> {
    name: &'s str,
    values: [i128; 3],
}

/// A product of symbols, or a sum of multiples of them, that has these values: the first where all
/// symbols have their first values, then one for each symbol that has its second value instead, and
/// the last where all have their third.
pub(super) fn formula<'s>(symbols: &[&'s Assumed], values: &[u64]) -> Option<String> {
    let values: Vec<i128> = values.iter().map(|value| i128::from(*value)).collect();
    let variable = |symbol: &&'s Assumed| {
        Some(Variable { name: symbol.name.as_str(), values: symbol.values()?.map(i128::from) })
    };
    let variables: Vec<Variable<'s>> = symbols.iter().filter_map(variable).collect();
    let (first, rest) = values.split_first()?;
    let (last, changed) = rest.split_last()?;
    product(&variables, *first, changed, *last).or_else(|| sum(&variables, *first, changed, *last))
}

fn product(
    variables: &[Variable<'_>],
    first: i128,
    changed: &[i128],
    last: i128,
) -> Option<String> {
    let mut factors: Vec<(&str, i32)> = Vec::new();
    // The coefficient, and the value where all symbols have their third values.
    let (mut coefficient, mut end) = (Ratio::new(first, 1), Ratio::new(first, 1));
    for (Variable { name, values: [a, b, c] }, value) in variables.iter().zip(changed) {
        let raised = |x: &i128, power: i32| x.pow(power.unsigned_abs());
        let is = |power: &i32| match *power < 0 {
            true => value * raised(b, *power) == first * raised(a, *power),
            false => value * raised(a, *power) == first * raised(b, *power),
        };
        let power = (-MAX_POWER..=MAX_POWER).find(is)?;
        let (one, two) = (raised(a, power), raised(c, power));
        (coefficient, end) = match power < 0 {
            true => (coefficient.times(one, 1)?, end.times(one, two)?),
            false => (coefficient.times(1, one)?, end.times(two, one)?),
        };
        factors.push((name, power));
    }
    (end == Ratio::new(last, 1)).then(|| term(coefficient, &factors))
}

fn sum(variables: &[Variable<'_>], first: i128, changed: &[i128], last: i128) -> Option<String> {
    let mut terms: Vec<(&str, Ratio)> = Vec::new();
    // The rest, and the value where all symbols have their third values.
    let (mut rest, mut end) = (Ratio::new(first, 1), Ratio::new(first, 1));
    for (Variable { name, values: [a, b, c] }, value) in variables.iter().zip(changed) {
        let slope = Ratio::new(value - first, b - a);
        if slope.up != 0 {
            rest = rest.plus(slope.times(-a, 1)?)?;
            end = end.plus(slope.times(c - a, 1)?)?;
            terms.push((name, slope));
        }
    }
    if end != Ratio::new(last, 1) {
        return None;
    }
    terms.push(("", rest));
    let mut text = String::new();
    for (name, slope) in terms.into_iter().filter(|(_, slope)| slope.up != 0) {
        text += match (text.is_empty(), slope.up < 0) {
            (true, false) => "",
            (true, true) => "-",
            (false, false) => " + ",
            (false, true) => " - ",
        };
        let factors = [(name, 1)];
        let size = Ratio { up: slope.up.abs(), ..slope };
        text += &term(size, if name.is_empty() { &[] } else { &factors });
    }
    Some(text)
}

/// `3*c/(2*stride)`
fn term(coefficient: Ratio, factors: &[(&str, i32)]) -> String {
    let of = |number: i128, sign: i32| {
        let number = (number != 1).then(|| number.to_string());
        let names = factors.iter().flat_map(|(name, power)| {
            std::iter::repeat_n((*name).to_owned(), (power * sign).max(0) as usize)
        });
        number.into_iter().chain(names).collect::<Vec<String>>()
    };
    let (above, below) = (of(coefficient.up, 1), of(coefficient.down, -1));
    let above = if above.is_empty() { "1".to_owned() } else { above.join("*") };
    match below.as_slice() {
        [] => above,
        [one] => format!("{above}/{one}"),
        several => format!("{above}/({})", several.join("*")),
    }
}
