use indicatif::{HumanDuration, ProgressBar, ProgressStyle};
use std::time::Duration;

use super::out::{complain, print};
use crate::run::{EpochRow, Event};

/// A training as it goes on: a row an epoch on standard output, and a bar on standard error where
/// someone is watching.
#[derive(Debug)]
pub(super) struct TrainingView {
    epochs: u32,
    bar: ProgressBar,
}

impl TrainingView {
    pub(super) fn new(epochs: u32) -> TrainingView {
        let bar = ProgressBar::new(0);
        let style = ProgressStyle::with_template("{prefix} {wide_bar} {pos}/{len} {msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        TrainingView { epochs, bar }
    }

    pub(super) fn show(&mut self, event: &Event) {
        match event {
            Event::Start(_) => self.line(&header()),
            Event::Progress { epoch, seen, images, score, rate } => {
                let todo = (u64::from(self.epochs - epoch)) * *images as u64 + (images - seen) as u64;
                let left = HumanDuration(Duration::from_secs_f64(todo as f64 / rate.max(1e-9)));
                self.bar.set_prefix(format!("epoch {epoch}/{}", self.epochs));
                self.bar.set_length(*images as u64);
                self.bar.set_position(*seen as u64);
                self.bar.set_message(format!("loss {:.3}, {rate:.0} images/s, {left} left", score.loss));
            }
            Event::Testing { .. } => self.bar.set_message("testing"),
            Event::Epoch(row) => self.line(&table_row(row)),
            Event::Earlier { reason, used } => {
                let text = format!("{reason}; going on from the one before it, {}\n", used.display());
                self.bar.suspend(|| complain(&text));
            }
        }
    }

    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }

    fn line(&self, text: &str) {
        self.bar.suspend(|| print(&format!("{text}\n")));
    }
}

fn header() -> String {
    format!(
        "{:>5} {:>9} {:>10} {:>10} {:>9} {:>9} {:>9} {:>8} {:>10}",
        "epoch",
        "lr",
        "train time",
        "train loss",
        "train acc",
        "test time",
        "test loss",
        "test acc",
        "total time"
    )
}

/// Times in seconds, losses as means, accuracies as parts of 1.
fn table_row(row: &EpochRow) -> String {
    format!(
        "{:>5} {:>9.4} {:>10.2} {:>10.4} {:>9.4} {:>9.2} {:>9.4} {:>8.4} {:>10.2}",
        row.epoch,
        row.lr,
        row.train_time,
        row.train_loss,
        row.train_acc,
        row.test_time,
        row.test_loss,
        row.test_acc,
        row.total_time
    )
}
