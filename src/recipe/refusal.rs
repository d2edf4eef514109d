use crate::diag::{Code, Problem, Span};

/// Why a setting is refused, and what would be accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub message: String,
    pub help: Option<String>,
    /// The key that is meant, if the one given is misspelt.
    pub near: Option<&'static str>,
}

impl Refusal {
    pub fn new(message: impl Into<String>) -> Refusal {
        Refusal { message: message.into(), help: None, near: None }
    }

    pub fn at(self, span: Option<Span>) -> Problem {
        Problem::new(Code::Recipe, span, self.message).help_if(self.help).respell(self.near)
    }
}
