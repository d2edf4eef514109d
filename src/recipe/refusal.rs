use crate::diag::{Code, Nearest, Problem, Span};

/// Why a setting is refused, and what would be accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub message: String,
    pub help: Option<String>,
    /// The keys or the values that may be meant.
    pub near: Nearest,
}

impl Refusal {
    pub fn new(message: impl Into<String>) -> Refusal {
        Refusal { message: message.into(), help: None, near: Nearest::default() }
    }

    /// With the values that may be meant.
    pub fn of_value(self, near: Nearest) -> Refusal {
        let help = match near.only() {
            Some(value) => Some(format!("write `{value}`")),
            None => near.question(),
        };
        Refusal { help, near, ..self }
    }

    pub fn at(self, span: Option<Span>) -> Problem {
        Problem::new(Code::Recipe, span, self.message).help_if(self.help).respell(&self.near)
    }
}
