use super::code::{Code, Severity};
use super::source::Span;
use crate::limits::MAX_PROBLEMS;

/// How many problems of one run are shown; the rest are counted.
pub const MAX_SHOWN: usize = 20;

/// A change of the text that makes one problem go away. Computed from the graph, never guessed:
/// with it in place, the op that complained accepts its operands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// What it does, as an order: "replace `widht` by `width`".
    pub title: String,
    /// The spans to replace, none overlapping, and their new texts. An empty span inserts.
    pub edits: Vec<(Span, String)>,
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
    /// Repairs that a tool may apply, the best first.
    pub fixes: Vec<Fix>,
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
        }
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

    /// Adds a repair that a tool may apply.
    pub fn fix(
        mut self,
        title: impl Into<String>,
        edits: impl IntoIterator<Item = (Span, String)>,
    ) -> Problem {
        self.fixes.push(Fix { title: title.into(), edits: edits.into_iter().collect() });
        self
    }

    /// Adds the repair of a misspelt name that stands at the problem's place, if one is near.
    pub fn respell(self, near: Option<&str>) -> Problem {
        match (self.span, near) {
            (Some(span), Some(near)) => {
                self.fix(format!("write `{near}`"), [(span, near.to_owned())])
            }
            _ => self,
        }
    }

    /// Error or warning, as the code has it.
    pub fn severity(&self) -> Severity {
        self.code.severity()
    }
}

/// All problems found so far.
///
/// Of errors, and of warnings, the first [`MAX_PROBLEMS`] are kept, so that a file that is wrong
/// throughout costs no more than one that is not.
#[derive(Debug, Clone, Default)]
pub struct Problems {
    list: Vec<Problem>,
    errors: usize,
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

    /// Adds a problem.
    pub fn push(&mut self, problem: Problem) {
        let is_error = problem.severity() == Severity::Error;
        let alike = if is_error { self.errors } else { self.list.len() - self.errors };
        if alike < MAX_PROBLEMS {
            self.errors += usize::from(is_error);
            self.list.push(problem);
        }
    }

    /// Whether no more errors are kept.
    pub fn is_full(&self) -> bool {
        self.errors >= MAX_PROBLEMS
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

    /// The number of problems.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// All problems, sorted by file and position, without duplicates. A graph built in code has no
    /// positions: its problems come first, in the order in which they were found.
    pub fn sorted(&self) -> Vec<&Problem> {
        let mut all: Vec<&Problem> = self.list.iter().collect();
        all.sort_by_key(|p| p.span);
        all.dedup_by(|a, b| {
            a.span.is_some() && (a.span, a.code, &a.message) == (b.span, b.code, &b.message)
        });
        all
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
