use std::time::Duration;

#[cfg(feature = "torch")]
use indicatif::HumanDuration;
use indicatif::{ProgressBar, ProgressStyle};

use crate::diag::visible;

/// A line on standard error that shows how far some work is, where someone is watching. What is deceptive in a text is
/// made visible.
#[derive(Debug)]
pub(super) struct Bar(ProgressBar);

impl Bar {
    #[cfg(feature = "torch")]
    /// How much of how many is done, as a template of indicatif says.
    pub(super) fn new(template: &str) -> Bar {
        let bar = Bar(ProgressBar::new(0));
        bar.style(template);
        bar
    }

    /// A message that moves, so that it can be seen to be alive.
    pub(super) fn spinner() -> Bar {
        let bar = ProgressBar::new_spinner();
        bar.enable_steady_tick(Duration::from_millis(100));
        Bar(bar)
    }

    #[cfg(feature = "torch")]
    /// Messages alone.
    pub(super) fn messages() -> Bar {
        let bar = Bar(ProgressBar::new_spinner());
        bar.style("{msg}");
        bar
    }

    #[cfg(feature = "torch")]
    /// Nothing to be seen.
    pub(super) fn hidden() -> Bar {
        Bar(ProgressBar::hidden())
    }

    /// Shows it by another template.
    pub(super) fn style(&self, template: &str) {
        let style = ProgressStyle::with_template(template);
        self.0.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    }

    #[cfg(feature = "torch")]
    /// What stands before the bar.
    pub(super) fn prefix(&self, text: &str) {
        self.0.set_prefix(visible(text));
    }

    /// What it says.
    pub(super) fn message(&self, text: &str) {
        self.0.set_message(visible(text));
    }

    /// How much of how many is done.
    pub(super) fn position(&self, done: u64, all: u64) {
        self.0.set_length(all);
        self.0.set_position(done);
    }

    #[cfg(feature = "torch")]
    /// Does something while the line is away.
    pub(super) fn suspend(&self, work: impl FnOnce()) {
        self.0.suspend(work);
    }

    /// Takes the line away.
    pub(super) fn clear(&self) {
        self.0.finish_and_clear();
    }
}

#[cfg(feature = "torch")]
/// A length of time in words: `2 minutes`.
pub(super) fn duration(time: Duration) -> impl std::fmt::Display {
    HumanDuration(time)
}
