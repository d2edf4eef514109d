use std::time::Duration;

use indicatif::HumanDuration;
use indicatif::{ProgressBar, ProgressStyle};

use crate::diag::visible;

/// A line on standard error that shows how far some work is, where someone is watching. What is deceptive in a text is
/// made visible.
#[derive(Debug)]
pub struct Bar(ProgressBar);

impl Bar {
    /// How much of how many is done, as a template of indicatif says.
    pub fn new(template: &str) -> Bar {
        let bar = Bar(ProgressBar::new(0));
        bar.style(template);
        bar
    }

    /// A message that moves, so that it can be seen to be alive.
    pub fn spinner() -> Bar {
        let bar = ProgressBar::new_spinner();
        bar.enable_steady_tick(Duration::from_millis(100));
        Bar(bar)
    }

    /// Messages alone.
    pub fn messages() -> Bar {
        let bar = Bar(ProgressBar::new_spinner());
        bar.style("{msg}");
        bar
    }

    /// Nothing to be seen.
    pub fn hidden() -> Bar {
        Bar(ProgressBar::hidden())
    }

    /// Shows it by another template.
    pub fn style(&self, template: &str) {
        let style = ProgressStyle::with_template(template);
        self.0.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    }

    /// What stands before the bar.
    pub fn prefix(&self, text: &str) {
        self.0.set_prefix(visible(text));
    }

    /// What it says.
    pub fn message(&self, text: &str) {
        self.0.set_message(visible(text));
    }

    /// How much of how many is done.
    pub fn position(&self, done: u64, all: u64) {
        self.0.set_length(all);
        self.0.set_position(done);
    }

    /// Does something while the line is away.
    pub fn suspend(&self, work: impl FnOnce()) {
        self.0.suspend(work);
    }

    /// Takes the line away.
    pub fn clear(&self) {
        self.0.finish_and_clear();
    }
}

/// A length of time in words: `2 minutes`.
pub fn duration(time: Duration) -> impl std::fmt::Display {
    HumanDuration(time)
}
