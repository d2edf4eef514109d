use std::path::{Path, PathBuf};

use netc::run::tensorboard::EventFile;
use netc::run::{RunError, RunInfo};

use crate::run::train::event::Event;

/// Logs a training for TensorBoard, event by event. Every value is recorded at the step, counted
/// over the whole training, after which it was known.
#[derive(Debug)]
pub struct Board {
    folder: PathBuf,
    batch_size: usize,
    texts: Vec<(&'static str, String)>,
    file: Option<EventFile>,
    /// Steps per epoch.
    steps: u64,
    /// Whether the start was recorded.
    started: bool,
    /// Images of the epoch whose loss was written, and the sum of their losses.
    seen: (usize, f64),
}

impl Board {
    /// For a run's folder. The texts, by tag, go into the file first.
    pub fn new(folder: &Path, batch_size: usize, texts: Vec<(&'static str, String)>) -> Board {
        Board {
            folder: folder.into(),
            batch_size,
            texts,
            file: None,
            steps: 0,
            started: false,
            seen: (0, 0.0),
        }
    }

    /// Records an event.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn show(&mut self, event: &Event) -> Result<(), RunError> {
        match event {
            Event::Start(info) => self.begin(info),
            Event::Progress { epoch, seen, score, rate, .. } => {
                let step =
                    u64::from(epoch - 1) * self.steps + seen.div_ceil(self.batch_size) as u64;
                let sum = score.metrics.loss() * score.examples as f64;
                let since = (score.examples.saturating_sub(self.seen.0), sum - self.seen.1);
                self.seen = (score.examples, sum);
                if since.0 == 0 {
                    return Ok(());
                }
                self.scalars(
                    step,
                    &[("step/loss", since.1 / since.0 as f64), ("step/images_per_second", *rate)],
                )
            }
            Event::Testing { .. } | Event::Earlier { .. } => Ok(()),
            Event::Epoch(row) => {
                self.seen = (0, 0.0);
                let metrics = row.train.task().metrics().iter().flat_map(|metric| {
                    row.splits().map(|(split, all)| {
                        let value = all?.get(metric.name).unwrap_or(f64::NAN);
                        Some((format!("{}/{split}", metric.title), value))
                    })
                });
                let metrics: Vec<(String, f64)> = metrics.flatten().collect();
                let mut values: Vec<(&str, f64)> =
                    metrics.iter().map(|(tag, value)| (tag.as_str(), *value)).collect();
                values.extend([
                    ("lr", row.lr),
                    ("epoch", row.epoch.into()),
                    ("seconds/train", row.train_time),
                ]);
                values.extend(row.test.map(|_| ("seconds/test", row.test_time)));
                self.scalars(u64::from(row.epoch) * self.steps, &values)
            }
        }
    }

    fn begin(&mut self, info: &RunInfo) -> Result<(), RunError> {
        self.steps = info.train_examples.div_ceil(self.batch_size) as u64;
        let mut file = EventFile::create(&self.folder)?;
        if info.after_epoch == 0 {
            file.start(0)?;
            for (tag, text) in &self.texts {
                // Four blanks make it code in Markdown.
                let code: String = text.lines().map(|line| format!("    {line}\n")).collect();
                file.text(0, tag, &code)?;
            }
        }
        self.started = info.after_epoch == 0;
        self.file = Some(file);
        Ok(())
    }

    fn scalars(&mut self, step: u64, values: &[(&str, f64)]) -> Result<(), RunError> {
        let Some(file) = &mut self.file else { return Ok(()) };
        if !self.started {
            file.start(step)?;
            self.started = true;
        }
        file.scalars(step, values)
    }
}
