use std::time::Duration;

use netc::cli::bar::{Bar, duration};
use netc::cli::out::{Log, complain};
use netc::run::EpochRow;

use crate::run::Event;

/// The progress of a training: a row per epoch on standard output, and a bar on standard error if
/// that is a terminal.
#[derive(Debug)]
pub(super) struct TrainingView {
    epochs: u32,
    bar: Bar,
    log: Log,
}

impl TrainingView {
    pub(super) fn new(epochs: u32, log: Log) -> TrainingView {
        TrainingView { epochs, bar: Bar::new("{prefix} {wide_bar} {pos}/{len} {msg}"), log }
    }

    pub(super) fn show(&mut self, event: &Event) {
        match event {
            Event::Start(_) => self.line(&header()),
            Event::Progress { epoch, seen, images, score, rate } => {
                let todo =
                    (u64::from(self.epochs - epoch)) * *images as u64 + (images - seen) as u64;
                let left = Duration::try_from_secs_f64(todo as f64 / rate.max(1e-9))
                    .unwrap_or(Duration::MAX);
                let left = duration(left);
                self.bar.prefix(&format!("epoch {epoch}/{}", self.epochs));
                self.bar.position(*seen as u64, *images as u64);
                self.bar
                    .message(&format!("loss {:.3}, {rate:.0} images/s, {left} left", score.loss));
            }
            Event::Testing { .. } => self.bar.message("testing"),
            Event::Epoch(row) => self.line(&table_row(row)),
            Event::Earlier { reason, used } => {
                let text =
                    format!("{reason}; going on from the one before it, {}\n", used.display());
                self.bar.suspend(|| complain(&text));
            }
        }
    }

    /// Later messages go to the log that it returns.
    pub(super) fn end(self) -> Log {
        self.bar.clear();
        self.log
    }

    fn line(&mut self, text: &str) {
        let TrainingView { bar, log, .. } = self;
        bar.suspend(|| log.print(&format!("{text}\n")));
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

/// Times in seconds, losses as means, accuracies as fractions of 1.
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
