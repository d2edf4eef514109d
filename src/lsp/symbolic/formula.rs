//! A formula through some values.

use super::given::Given;

/// The highest power of a symbol in a product.
const MAX_POWER: i32 = 2;

type Fraction = (i128, i128);

/// A product of symbols, or a sum of multiples of them, that has these values: the first where all
/// symbols have their first values, then one for each symbol that has its second value instead, and
/// the last where all have their third.
pub(super) fn formula(symbols: &[&Given], values: &[u64]) -> Option<String> {
    let values: Vec<i128> = values.iter().map(|value| i128::from(*value)).collect();
    let symbols: Vec<(&str, [i128; 3])> = symbols
        .iter()
        .filter_map(|symbol| Some((symbol.name.as_str(), symbol.values()?.map(i128::from))))
        .collect();
    let (first, rest) = values.split_first()?;
    let (last, changed) = rest.split_last()?;
    product(&symbols, *first, changed, *last).or_else(|| sum(&symbols, *first, changed, *last))
}

fn product(
    symbols: &[(&str, [i128; 3])],
    first: i128,
    changed: &[i128],
    last: i128,
) -> Option<String> {
    let mut factors: Vec<(&str, i32)> = Vec::new();
    // The coefficient, and the value where all symbols have their third values, as fractions.
    let (mut coefficient, mut end): (Fraction, Fraction) = ((first, 1), (first, 1));
    for ((name, [a, b, c]), value) in symbols.iter().zip(changed) {
        let is = |power: &i32| {
            let (x, y) = (a.pow(power.unsigned_abs()), b.pow(power.unsigned_abs()));
            if *power < 0 { value * y == first * x } else { value * x == first * y }
        };
        let power = (-MAX_POWER..=MAX_POWER).find(is)?;
        let (one, two) = (a.pow(power.unsigned_abs()), c.pow(power.unsigned_abs()));
        let (up, down) = if power < 0 { (one, two) } else { (two, one) };
        end = reduced((end.0.checked_mul(up)?, end.1.checked_mul(down)?));
        coefficient = match power < 0 {
            true => reduced((coefficient.0.checked_mul(one)?, coefficient.1)),
            false => reduced((coefficient.0, coefficient.1.checked_mul(one)?)),
        };
        factors.push((name, power));
    }
    (end == (last, 1)).then(|| term(coefficient, &factors))
}

fn sum(symbols: &[(&str, [i128; 3])], first: i128, changed: &[i128], last: i128) -> Option<String> {
    let mut terms: Vec<(&str, Fraction)> = Vec::new();
    // The rest, and the value where all symbols have their third values, as fractions.
    let (mut rest, mut end): (Fraction, Fraction) = ((first, 1), (first, 1));
    for ((name, [a, b, c]), value) in symbols.iter().zip(changed) {
        let slope = reduced((value - first, b - a));
        if slope.0 != 0 {
            rest = added(rest, (-slope.0 * a, slope.1))?;
            end = added(end, (slope.0 * (c - a), slope.1))?;
            terms.push((name, slope));
        }
    }
    if end != (last, 1) {
        return None;
    }
    terms.push(("", rest));
    let mut text = String::new();
    for (name, slope) in terms.into_iter().filter(|(_, slope)| slope.0 != 0) {
        let sign = match (text.is_empty(), slope.0 < 0) {
            (true, false) => "",
            (true, true) => "-",
            (false, false) => " + ",
            (false, true) => " - ",
        };
        text += sign;
        let factors = [(name, 1)];
        text += &term((slope.0.abs(), slope.1), if name.is_empty() { &[] } else { &factors });
    }
    Some(text)
}

/// `3*c/(2*stride)`
fn term((up, down): Fraction, factors: &[(&str, i32)]) -> String {
    let of = |number: i128, sign: i32| {
        let number = (number != 1).then(|| number.to_string());
        let names = factors.iter().flat_map(|(name, power)| {
            std::iter::repeat_n((*name).to_owned(), (power * sign).max(0) as usize)
        });
        number.into_iter().chain(names).collect::<Vec<String>>()
    };
    let (above, below) = (of(up, 1), of(down, -1));
    let above = if above.is_empty() { "1".to_owned() } else { above.join("*") };
    match below.as_slice() {
        [] => above,
        [one] => format!("{above}/{one}"),
        several => format!("{above}/({})", several.join("*")),
    }
}

fn added(a: Fraction, b: Fraction) -> Option<Fraction> {
    let up = a.0.checked_mul(b.1)?.checked_add(b.0.checked_mul(a.1)?)?;
    Some(reduced((up, a.1.checked_mul(b.1)?)))
}

/// In lowest terms, with a positive denominator.
fn reduced((up, down): Fraction) -> Fraction {
    let (mut a, mut b) = (up.abs(), down.abs());
    while b != 0 {
        (a, b) = (b, a % b);
    }
    let divisor = a.max(1) * down.signum();
    (up / divisor, down / divisor)
}
