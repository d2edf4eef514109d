use std::collections::BTreeSet;

use crate::limits::MAX_COMPARED;

/// Longer names are not compared; comparing takes quadratic time in the length.
const MAX_WORD: usize = 64;
/// How many names are suggested that are equally near.
const MAX_NEAREST: usize = 4;
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

/// `1 run`, `2 runs`.
pub fn number_of(count: usize, what: &str) -> String {
    format!("{count} {}", plural(count as u64, what))
}

/// A noun as it follows a number.
pub fn plural(count: u64, what: &str) -> String {
    if count == 1 { what.to_owned() } else { format!("{what}s") }
}

/// The candidates that are nearest to a misspelt name, all equally near.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Nearest {
    names: Vec<String>,
    sure: bool,
}

impl Nearest {
    /// The one name that is meant.
    pub fn one(name: impl Into<String>) -> Nearest {
        Nearest { names: vec![name.into()], sure: true }
    }

    /// The names, sorted.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The name, if there is only one.
    pub fn only(&self) -> Option<&str> {
        if let [name] = &self.names[..] { Some(name) } else { None }
    }

    /// Whether no name is near.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Whether one name is surely meant, so that it may be written unasked.
    pub fn is_sure(&self) -> bool {
        self.sure
    }

    /// These names, or others if there are none.
    pub fn or_else(self, others: impl FnOnce() -> Nearest) -> Nearest {
        if self.is_empty() { others() } else { self }
    }

    /// The same names, each written in another way.
    pub fn map(self, write: impl Fn(&str) -> String) -> Nearest {
        Nearest { names: self.names.iter().map(|name| write(name)).collect(), ..self }
    }

    /// "did you mean `b1` or `b2`?"; `None` without a name.
    pub fn question(&self) -> Option<String> {
        let quoted = |name: &String| match name.starts_with('"') {
            true => name.clone(),
            false => format!("`{name}`"),
        };
        let names: Vec<String> = self.names.iter().map(quoted).collect();
        let (last, others) = names.split_last()?;
        Some(match others {
            [] => format!("did you mean {last}?"),
            others => format!("did you mean {} or {last}?", others.join(", ")),
        })
    }
}

/// The candidates nearest to a misspelt `name`, if any is near enough.
///
/// Near enough is an edit distance (with transpositions) of at most a third of the longer name's
/// length, and at least 1, that leaves something of the name. Of those that are equally near, the
/// first four are given.
///
/// Long names are not compared, nor more than [`MAX_COMPARED`] candidates of similar length.
pub fn did_you_mean<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>) -> Nearest {
    let length = name.len();
    let alike = |c: &&str| c.len().abs_diff(length) <= (c.len().max(length) / 3).max(1);
    let compared: Vec<(usize, &str)> = candidates
        .into_iter()
        .filter(|c| *c != name && length.max(c.len()) <= MAX_WORD)
        .filter(alike)
        .take(MAX_COMPARED)
        .filter_map(|c| Some((near(name, c)?, c)))
        .collect();
    let least = compared.iter().map(|(distance, _)| *distance).min();
    let nearest = compared.into_iter().filter(|(distance, _)| Some(*distance) == least);
    let nearest: BTreeSet<&str> = nearest.map(|(_, c)| c).collect();
    Nearest {
        sure: nearest.len() == 1 && nearest.iter().all(|c| is_slip(name, c)),
        names: nearest.into_iter().take(MAX_NEAREST).map(str::to_owned).collect(),
    }
}

/// How far a word is from another, if that is near enough.
fn near(word: &str, name: &str) -> Option<usize> {
    let longer = word.chars().count().max(name.chars().count());
    let distance = strsim::damerau_levenshtein(&word.to_lowercase(), &name.to_lowercase());
    (distance <= (longer / 3).max(1) && distance < longer).then_some(distance)
}

/// Whether a word that is near a name is surely the name misspelt, each part of a path by itself.
fn is_slip(word: &str, name: &str) -> bool {
    word.split('.').count() == name.split('.').count()
        && word.split('.').zip(name.split('.')).all(|(word, name)| is_slip_of_a_part(word, name))
}

/// The same of a part. One of one or two letters could be anything unless its letters are the same,
/// and another number is another thing.
fn is_slip_of_a_part(word: &str, name: &str) -> bool {
    let letters = |text: &str| -> BTreeSet<char> { text.to_lowercase().chars().collect() };
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let short = word.chars().count() <= 2 && letters(word) != letters(name);
    word == name || (!short && digits(word) == digits(name) && near(word, name).is_some())
}
