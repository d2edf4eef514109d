use std::time::Duration;

use netc::cli::bar::{Bar, duration};
use netc::cli::out::{Log, warning};
use netc::recipe::{Metric, Recipe, Task, Unit};
use netc::run::{EpochRow, Metrics};

use crate::run::Event;

/// The progress of a training: a row per epoch on standard output, and a bar on standard error if
/// that is a terminal.
#[derive(Debug)]
pub(super) struct TrainingView {
    epochs: u32,
    task: Task,
    bar: Bar,
    log: Log,
}

impl TrainingView {
    pub(super) fn new(recipe: &Recipe, log: Log) -> TrainingView {
        let (epochs, task) = (recipe.epochs, recipe.task());
        TrainingView { epochs, task, bar: Bar::new("{prefix} {wide_bar} {pos}/{len} {msg}"), log }
    }

    pub(super) fn show(&mut self, event: &Event) {
        match event {
            Event::Start(_) => self.line(&header(self.task)),
            Event::Progress { epoch, seen, images, score, rate } => {
                let todo =
                    (u64::from(self.epochs - epoch)) * *images as u64 + (images - seen) as u64;
                let left = Duration::try_from_secs_f64(todo as f64 / rate.max(1e-9))
                    .unwrap_or(Duration::MAX);
                let left = duration(left);
                self.bar.prefix(&format!("epoch {epoch}/{}", self.epochs));
                self.bar.position(*seen as u64, *images as u64);
                self.bar.message(&format!(
                    "loss {:.3}, {rate:.0} images/s, {left} left",
                    score.metrics.loss()
                ));
            }
            Event::Testing { .. } => self.bar.message("testing"),
            Event::Epoch(row) => self.line(&table_row(row)),
            Event::Earlier { reason, used } => {
                let text = format!("{reason}; going on from the one before it, {}", used.display());
                self.bar.suspend(|| warning(&text));
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

fn header(task: Task) -> String {
    let metrics = |split| task.metrics().iter().map(move |m| format!(" {split} {}", m.name));
    format!(
        "{:>5} {:>9} {:>10}{} {:>9}{} {:>10}",
        "epoch",
        "lr",
        "train time",
        metrics("train").collect::<String>(),
        "test time",
        metrics("test").collect::<String>(),
        "total time"
    )
}

/// Times in seconds, losses as means, accuracies in percent; nothing in place of a test that was
/// not due.
fn table_row(row: &EpochRow) -> String {
    let [train, test] = row.splits().map(|(split, metrics)| {
        let column = |metric: &Metric| {
            let value = metrics.and_then(|all| all.get(metric.name));
            let text = value.map_or(String::new(), |value| cell(metric.unit, value));
            format!(" {text:>0$}", format!("{split} {}", metric.name).len())
        };
        row.train.task().metrics().iter().map(column).collect::<String>()
    });
    let test_time = row.test.map_or(String::new(), |_| format!("{:.2}", row.test_time));
    format!(
        "{:>5} {:>9.4} {:>10.2}{train} {test_time:>9}{test} {:>10.2}",
        row.epoch, row.lr, row.train_time, row.total_time
    )
}

fn cell(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Loss => format!("{value:.4}"),
        Unit::Fraction => format!("{:.2}%", unit.shown(value)),
    }
}

/// The task's score in words: `accuracy 94.08%`.
pub(super) fn scored(metrics: &Metrics) -> String {
    let score = metrics.task().score();
    match score.unit {
        Unit::Loss => format!("{} {:.4}", score.title, metrics.score()),
        Unit::Fraction => format!("{} {:.2}%", score.title, metrics.score()),
    }
}
