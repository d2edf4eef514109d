use std::collections::BTreeMap;

use super::code::{Code, Severity};
use super::source::Span;
use super::suggest::Nearest;
use crate::limits::{MAX_FOUND, MAX_PROBLEMS, MAX_SHOWN};

/// A change of the text that makes one problem go away. Computed from the graph, never guessed:
/// with it in place, the op that complained accepts its operands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// What it does, as an order: "replace `widht` by `width`".
    pub title: String,
    /// The spans to replace, none overlapping, and their new texts. An empty span inserts.
    pub edits: Vec<(Span, String)>,
    /// Whether it is surely what was meant, so that it may be applied unasked. One that is not is
    /// offered: the net would be another, or something else may be what is wrong.
    pub safe: bool,
}

/// One thing that is wrong, where, and what would be right.
#[derive(Debug, Clone)]
pub struct Problem {
    /// Which kind of problem.
    pub code: Code,
    /// One short sentence without a final stop: "expected X, got Y".
    pub message: String,
    /// The place. `None` for a graph built in code.
    pub span: Option<Span>,
    /// The label under the excerpt; the message's essence in a few words.
    pub label: String,
    /// Other places that matter, each with a few words.
    pub related: Vec<(Span, String)>,
    /// What would be right, in one or more plain sentences.
    pub help: Option<String>,
    /// Repairs, the best first.
    pub fixes: Vec<Fix>,
    /// How many nodes it concerns, of which the other fields describe the first; 0 if it is not
    /// about nodes.
    pub nodes: usize,
}

impl Problem {
    /// A problem at `span`, whose label is its message until [`Problem::label`] says otherwise.
    pub fn new(code: Code, span: impl Into<Option<Span>>, message: impl Into<String>) -> Problem {
        Problem {
            code,
            message: message.into(),
            span: span.into(),
            label: String::new(),
            related: Vec::new(),
            help: None,
            fixes: Vec::new(),
            nodes: 0,
        }
    }

    /// Marks it as the problem of a node, one of several if its place is expanded several times.
    pub fn of_node(mut self) -> Problem {
        self.nodes = 1;
        self
    }

    /// Sets the words under the excerpt.
    pub fn label(mut self, label: impl Into<String>) -> Problem {
        self.label = label.into();
        self
    }

    /// Adds another place that matters.
    pub fn related(mut self, span: impl Into<Option<Span>>, label: impl Into<String>) -> Problem {
        if let Some(span) = span.into() {
            self.related.push((span, label.into()));
        }
        self
    }

    /// Says what would be right.
    pub fn help(mut self, help: impl Into<String>) -> Problem {
        self.help = Some(help.into());
        self
    }

    /// Says what would be right, if anything is known.
    pub fn help_if(mut self, help: Option<String>) -> Problem {
        self.help = help.or(self.help);
        self
    }

    /// Adds a repair that a tool may apply unasked.
    pub fn fix(
        self,
        title: impl Into<String>,
        edits: impl IntoIterator<Item = (Span, String)>,
    ) -> Problem {
        self.repair(title, edits, true)
    }

    /// Adds a repair that a tool may offer.
    pub fn offer(
        self,
        title: impl Into<String>,
        edits: impl IntoIterator<Item = (Span, String)>,
    ) -> Problem {
        self.repair(title, edits, false)
    }

    fn repair(
        mut self,
        title: impl Into<String>,
        edits: impl IntoIterator<Item = (Span, String)>,
        safe: bool,
    ) -> Problem {
        self.fixes.push(Fix { title: title.into(), edits: edits.into_iter().collect(), safe });
        self
    }

    /// Adds the repairs of a misspelt name that stands at the problem's place: the names that are
    /// near. An empty place does not say where the name stands.
    pub fn respell(self, near: &Nearest) -> Problem {
        match self.span.filter(|span| span.start < span.end) {
            Some(span) => self.respell_at(span, near),
            None => self,
        }
    }

    /// Adds the repairs of a misspelt name that stands elsewhere.
    pub fn respell_at(self, span: Span, near: &Nearest) -> Problem {
        near.names().iter().fold(self, |problem, name| {
            problem.repair(format!("write `{name}`"), [(span, name.clone())], near.is_sure())
        })
    }

    /// Error or warning, as the code has it.
    pub fn severity(&self) -> Severity {
        self.code.severity()
    }

    /// Whether another problem has the same cause: it is of the same kind, at the same place, in
    /// another expansion of it.
    fn is_again(&self, other: &Problem) -> bool {
        let same = match self.code {
            // A value is judged once in an expansion, and messages about it differ in the value
            // alone.
            Code::Domain | Code::Expression => true,
            // What a block passes on may be refused by several ops.
            Code::Argument => self.reason() == other.reason(),
            _ => (self.nodes > 0 && other.nodes > 0) || self.message == other.message,
        };
        same && (self.code, self.span) == (other.code, other.span) && self.span.is_some()
    }

    /// The message up to the value that it is about.
    fn reason(&self) -> &str {
        let value = [", got ", ": "].iter().filter_map(|mark| self.message.find(mark)).min();
        &self.message[..value.unwrap_or(self.message.len())]
    }
}

/// All problems found so far, one for each place in the text and cause.
///
/// Of errors, and of warnings, the first [`MAX_PROBLEMS`] are kept, so that a file that is wrong
/// throughout costs no more than one that is not.
#[derive(Debug, Clone, Default)]
pub struct Problems {
    list: Vec<Problem>,
    errors: usize,
    /// The number of errors found, including those of a known cause.
    found: usize,
}

impl Problems {
    /// No problems yet.
    pub fn new() -> Problems {
        Problems::default()
    }

    /// Mutable access to each problem.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Problem> {
        self.list.iter_mut()
    }

    /// Adds a problem, or counts it if its cause is known.
    pub fn push(&mut self, problem: Problem) {
        let is_error = problem.severity() == Severity::Error;
        self.found += usize::from(is_error);
        if let Some(first) = self.list.iter_mut().find(|first| first.is_again(&problem)) {
            first.nodes += problem.nodes;
            return;
        }
        let alike = if is_error { self.errors } else { self.list.len() - self.errors };
        if alike < MAX_PROBLEMS {
            self.errors += usize::from(is_error);
            self.list.push(problem);
        }
    }

    /// Counts one more node with the problem that is known at a place; false if none is.
    pub fn again(&mut self, code: Code, span: Option<Span>) -> bool {
        let known = |p: &&mut Problem| span.is_some() && (p.code, p.span) == (code, span);
        let first = self.list.iter_mut().find(known);
        first.map(|first| first.nodes += 1).is_some()
    }

    /// Whether enough errors were found.
    pub fn is_full(&self) -> bool {
        self.errors >= MAX_PROBLEMS || self.found >= MAX_FOUND
    }

    /// Says in each message how many nodes it concerns, if there are several.
    pub fn count_nodes(&mut self) {
        for problem in self.list.iter_mut().filter(|problem| problem.nodes > 1) {
            problem.message += &format!("; concerns {} nodes", problem.nodes);
        }
    }

    /// Adds all problems of another collection.
    pub fn extend(&mut self, other: Problems) {
        other.list.into_iter().for_each(|problem| self.push(problem));
    }

    /// Keeps those that `keep` accepts.
    pub fn retain(&mut self, keep: impl FnMut(&Problem) -> bool) {
        self.list.retain(keep);
        self.errors = self.list.iter().filter(|p| p.severity() == Severity::Error).count();
    }

    /// The problems to show beside those of an earlier stage: if that stage left the graph
    /// `incomplete`, problems without a place in the text and warnings are consequences of the
    /// gaps, and left out.
    pub fn about_the_text(self, incomplete: bool) -> Problems {
        let keep =
            |p: &Problem| !incomplete || (p.span.is_some() && p.severity() == Severity::Error);
        self.list.into_iter().filter(keep).collect()
    }

    /// Whether there is an error.
    pub fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// Whether there are no problems.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The number of errors found, several of one cause counted each.
    pub fn found(&self) -> usize {
        self.found
    }

    /// The number of problems.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// All problems, sorted by file and position; of codes with more than [`MAX_SHOWN`] the rarer
    /// ones first, behind all others. A graph built in code has no positions: its problems come
    /// first, in the order in which they were found.
    pub fn sorted(&self) -> Vec<&Problem> {
        let mut of_code: BTreeMap<Code, usize> = BTreeMap::new();
        self.list.iter().for_each(|p| *of_code.entry(p.code).or_default() += 1);
        let often = |p: &Problem| of_code.get(&p.code).copied().filter(|n| *n > MAX_SHOWN);
        let mut all: Vec<&Problem> = self.list.iter().collect();
        all.sort_by_key(|p| (often(p), p.span));
        all
    }

    /// The problems that are shown to a person, at most [`MAX_SHOWN`] of a code, and how many more
    /// there are of which.
    pub fn shown(&self) -> (Vec<&Problem>, BTreeMap<Code, usize>) {
        let (mut of_code, mut more) = (BTreeMap::new(), BTreeMap::new());
        let mut shown = self.sorted();
        shown.retain(|problem| {
            let seen = of_code.entry(problem.code).or_insert(0);
            *seen += 1;
            if *seen > MAX_SHOWN {
                *more.entry(problem.code).or_insert(0) += 1;
            }
            *seen <= MAX_SHOWN
        });
        (shown, more)
    }
}

impl IntoIterator for Problems {
    type Item = Problem;
    type IntoIter = std::vec::IntoIter<Problem>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.into_iter()
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Problems {
        Problems::from_iter([problem])
    }
}

impl FromIterator<Problem> for Problems {
    fn from_iter<I: IntoIterator<Item = Problem>>(iter: I) -> Problems {
        let mut problems = Problems::new();
        iter.into_iter().for_each(|problem| problems.push(problem));
        problems
    }
}
