use std::time::Duration;

use indicatif::HumanDuration;
use indicatif::{ProgressBar, ProgressStyle};

use crate::diag::visible;

/// A progress line on standard error, shown only on a terminal. Deceptive characters in a text are
/// made visible.
#[derive(Debug)]
pub struct Bar(ProgressBar);

impl Bar {
    /// A progress bar with an indicatif template.
    pub fn new(template: &str) -> Bar {
        let bar = Bar(ProgressBar::new(0));
        bar.style(template);
        bar
    }

    /// A spinner with a message.
    pub fn spinner() -> Bar {
        let bar = ProgressBar::new_spinner();
        bar.enable_steady_tick(Duration::from_millis(100));
        Bar(bar)
    }

    /// Messages only.
    pub fn messages() -> Bar {
        let bar = Bar(ProgressBar::new_spinner());
        bar.style("{msg}");
        bar
    }

    /// No output.
    pub fn hidden() -> Bar {
        Bar(ProgressBar::hidden())
    }

    /// Switches to another template.
    pub fn style(&self, template: &str) {
        let style = ProgressStyle::with_template(template);
        self.0.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    }

    /// Sets the prefix of the bar.
    pub fn prefix(&self, text: &str) {
        self.0.set_prefix(visible(text));
    }

    /// Sets the message.
    pub fn message(&self, text: &str) {
        self.0.set_message(visible(text));
    }

    /// Sets the position and the length.
    pub fn position(&self, done: u64, all: u64) {
        self.0.set_length(all);
        self.0.set_position(done);
    }

    /// Runs a function while the line is hidden.
    pub fn suspend(&self, work: impl FnOnce()) {
        self.0.suspend(work);
    }

    /// Removes the line.
    pub fn clear(&self) {
        self.0.finish_and_clear();
    }
}

/// A duration in words: `2 minutes`.
pub fn duration(time: Duration) -> impl std::fmt::Display {
    HumanDuration(time)
}
