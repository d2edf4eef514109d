//! Numbers as people write them: `1M`, `1,000,000`, `0x10`, `3x3`.

use super::{Slip, tokens};
use crate::syntax::hint::Failure;

pub(super) fn slip(failure: &Failure<'_>) -> Option<Slip> {
    let Failure { at, token, before, code, .. } = *failure;
    let claimed = before.starts_with("expect ");
    let (start, end, text) = match token {
        "," if claimed => {
            let digits = before.bytes().rev().take_while(u8::is_ascii_digit).count();
            let end = groups(code, at).filter(|_| (1..=3).contains(&digits))?;
            (at - digits, end, code[at - digits..end].replace(',', "_"))
        }
        // No statement begins with a number.
        _ if before.is_empty() => return None,
        _ => {
            let text = shortened(token, claimed).or_else(|| based(token))?;
            (at, at + token.len(), text)
        }
    };
    let help = format!("A number is written in digits, which `_` may group: `{text}`.");
    let slip = Slip::new([(start..end, text.clone())], help, format!("write `{text}`"));
    Some(slip.safe_if(claimed || based(token).is_some()))
}

/// The end of `,000,000` behind a number that ends the statement.
fn groups(code: &str, at: usize) -> Option<usize> {
    let all: Vec<(usize, &str, usize)> = tokens(code, at).collect();
    let group = |pair: &[(usize, &str, usize)]| {
        let [(comma, ",", _), (start, digits, _)] = pair else { return false };
        *start == comma + 1 && digits.len() == 3 && digits.bytes().all(|b| b.is_ascii_digit())
    };
    let (last, digits, _) = all.last()?;
    all.chunks(2).all(group).then_some(last + digits.len())
}

/// `1M`, `400k`, and in claims also `1B`.
fn shortened(token: &str, claimed: bool) -> Option<String> {
    let digits = token.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let zeros = match &token[digits.len()..] {
        "k" | "K" => "_000",
        "m" | "M" => "_000_000",
        "b" | "B" | "g" | "G" if claimed => "_000_000_000",
        _ => return None,
    };
    let number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    number.then(|| format!("{digits}{zeros}"))
}

/// `0x10`
fn based(token: &str) -> Option<String> {
    let (base, digits) = [("0x", 16), ("0b", 2), ("0o", 8)]
        .into_iter()
        .find_map(|(mark, base)| Some((base, token.strip_prefix(mark)?)))?;
    i64::from_str_radix(digits, base).ok().map(|number| number.to_string())
}

/// `k = 3x3`
pub(super) fn sides(failure: &Failure<'_>) -> Option<Slip> {
    let Failure { at, token, before, .. } = *failure;
    let (down, across) = token.split_once('x')?;
    let number = |side: &str| !side.is_empty() && side.bytes().all(|b| b.is_ascii_digit());
    let inside = before.matches('(').count() > before.matches(')').count();
    if !number(down) || !number(across) || down == "0" || !inside {
        return None;
    }
    let text = if down == across { down.to_owned() } else { format!("[{down}, {across}]") };
    let help = "One number is that of both directions; two are a list: `k = [1, 7]`.";
    Some(Slip::new([(at..at + token.len(), text.clone())], help, format!("write `{text}`")))
}
