//! Patterns of paths: `**.relu`, `layer*.residual`.

/// A pattern, part by part.
#[derive(Debug)]
pub struct Pattern<'a>(Vec<&'a str>);

impl<'a> Pattern<'a> {
    /// The pattern that a text is.
    pub fn new(text: &'a str) -> Pattern<'a> {
        Pattern(text.split('.').collect())
    }

    /// How many comparisons a path takes.
    pub fn steps(&self, path: &str) -> usize {
        self.0.len() * path.split('.').count()
    }

    /// Whether it is a pattern of `path` or of what `path` lies in: `layer1` of `layer1.conv`.
    pub fn holds(&self, path: &str) -> bool {
        let ends = path.match_indices('.').map(|(dot, _)| dot).chain([path.len()]);
        ends.into_iter().any(|end| self.matches(&path[..end], None))
    }

    /// Whether it is a pattern of `path`, where the op or block `called` stands.
    pub fn matches(&self, path: &str, called: Option<&str>) -> bool {
        let parts: Vec<&str> = path.split('.').collect();
        // Whether the pattern up to here is one of the first `i` parts.
        let mut reached = vec![false; parts.len() + 1];
        reached[0] = true;
        for pattern in &self.0 {
            let mut next = vec![false; parts.len() + 1];
            if *pattern == "**" {
                let first = reached.iter().position(|r| *r).unwrap_or(parts.len() + 1);
                next.iter_mut().skip(first).for_each(|n| *n = true);
            } else {
                for (i, part) in parts.iter().enumerate().filter(|(i, _)| reached[*i]) {
                    let last = i + 1 == parts.len();
                    let by_name = last && called.is_some_and(|name| fits(pattern, name));
                    next[i + 1] |=
                        fits(pattern, part) || fits(pattern, unnumbered(part)) || by_name;
                }
            }
            reached = next;
        }
        reached[parts.len()]
    }
}

/// `relu` of `relu_2`.
fn unnumbered(part: &str) -> &str {
    match part.rsplit_once('_') {
        Some((name, number)) if number.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => part,
    }
}

/// Whether a word is that of a pattern, in which `*` stands for any characters.
fn fits(pattern: &str, word: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == word };
    let Some(mut left) = word.strip_prefix(first) else { return false };
    let mut pieces: Vec<&str> = rest.split('*').collect();
    let last = pieces.pop().unwrap_or_default();
    for piece in pieces {
        match left.find(piece) {
            Some(at) => left = &left[at + piece.len()..],
            None => return false,
        }
    }
    left.ends_with(last)
}
