/// The candidate nearest to a misspelt `name`, if one is near enough to be meant.
///
/// Near enough is an edit distance (with transpositions) of at most a third of the longer name's
/// length, and at least 1. Ties go to the candidate that sorts first, so the answer never varies.
pub fn did_you_mean<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .filter(|c| *c != name)
        .map(|c| (strsim::damerau_levenshtein(&name.to_lowercase(), &c.to_lowercase()), c))
        .filter(|(d, c)| *d <= (name.chars().count().max(c.chars().count()) / 3).max(1))
        .min()
        .map(|(_, c)| c)
}
