use crate::limits::MAX_COMPARED;

/// Longer names are not compared; comparing takes quadratic time in the length.
const MAX_WORD: usize = 64;
/// How many names are listed where a name is unknown.
pub const MAX_LISTED: usize = 40;

/// Names as a message lists them, the first of many.
pub fn listed(names: &[&str]) -> String {
    let first = names[..names.len().min(MAX_LISTED)].join(", ");
    match names.len().saturating_sub(MAX_LISTED) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

/// The candidate nearest to a misspelt `name`, if one is near enough.
///
/// Near enough is an edit distance (with transpositions) of at most a third of the longer name's
/// length, and at least 1. Ties go to the candidate that sorts first, so the answer never varies.
///
/// Long names are not compared, nor more than [`MAX_COMPARED`] candidates of similar length.
pub fn did_you_mean<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let length = name.len();
    let alike = |c: &&str| c.len().abs_diff(length) <= (c.len().max(length) / 3).max(1);
    candidates
        .into_iter()
        .filter(|c| *c != name && length.max(c.len()) <= MAX_WORD)
        .filter(alike)
        .take(MAX_COMPARED)
        .map(|c| (strsim::damerau_levenshtein(&name.to_lowercase(), &c.to_lowercase()), c))
        .filter(|(d, c)| *d <= (name.chars().count().max(c.chars().count()) / 3).max(1))
        .min()
        .map(|(_, c)| c)
}
