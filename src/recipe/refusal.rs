use crate::diag::{Code, Problem, Span};

/// Why a setting is refused, and what would be accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub message: String,
    pub help: Option<String>,
    /// The key or the value that is meant.
    pub near: Option<String>,
}

impl Refusal {
    pub fn new(message: impl Into<String>) -> Refusal {
        Refusal { message: message.into(), help: None, near: None }
    }

    /// With the value that is meant.
    pub fn of_value(self, value: String) -> Refusal {
        Refusal { help: Some(format!("write `{value}`")), near: Some(value), ..self }
    }

    pub fn at(self, span: Option<Span>) -> Problem {
        Problem::new(Code::Recipe, span, self.message)
            .help_if(self.help)
            .respell(self.near.as_deref())
    }
}
