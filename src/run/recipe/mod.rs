//! How a net is trained, apart from the net itself.
//!
//! A recipe is made in layers, a later one wins: the built-in default, the net's `recipe { }`, a
//! YAML file, the command line. This folder alone knows YAML.

mod yaml;

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::Schedule;
use crate::diag::{Code, FileId, Problem, Problems, Span, did_you_mean};
use crate::graph::{Setting, Value};

pub use yaml::{parse as settings, read};

/// The built-in recipe: the article's.
pub const DEFAULT: &str = include_str!("../default.yaml");

/// Everything that training needs to know besides the net and the data. Keys, units and defaults are
/// explained in [`DEFAULT`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Recipe {
    pub epochs: u32,
    pub batch_size: usize,
    pub peak_lr: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peak_epoch: Option<f64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lr_epochs: Vec<f64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lr_values: Vec<f64>,
    pub momentum: f64,
    pub nesterov: bool,
    pub weight_decay: f64,
    pub crop_pad: usize,
    pub flip: bool,
    pub cutout: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<f64>,
}

/// Why a setting is refused, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Refusal {
    message: String,
    help: Option<String>,
}

impl Refusal {
    fn new(message: impl Into<String>) -> Refusal {
        Refusal { message: message.into(), help: None }
    }

    fn at(self, span: Option<Span>) -> Problem {
        Problem::new(Code::Recipe, span, self.message).help_if(self.help)
    }
}

impl Recipe {
    /// The keys, in the order of the default.
    pub const KEYS: &[&str] = &[
        "epochs",
        "batch_size",
        "peak_lr",
        "peak_epoch",
        "lr_epochs",
        "lr_values",
        "momentum",
        "nesterov",
        "weight_decay",
        "crop_pad",
        "flip",
        "cutout",
        "accuracy",
    ];

    /// The recipe in force for a net with these `recipe { }` lines, the text of a recipe file, and a number of
    /// epochs from the command line, with every problem found. A layer that changes the number of
    /// epochs stretches the schedule of the layers before it.
    pub fn resolve(
        settings: &[Setting],
        file: Option<(FileId, &str)>,
        epochs: Option<u32>,
    ) -> (Recipe, Problems) {
        let mut problems = Problems::new();
        let mut read = |id, text| {
            yaml::parse(id, text).unwrap_or_else(|found| {
                problems.extend(found);
                Vec::new()
            })
        };
        let default = read(FileId(u32::MAX), DEFAULT);
        let from_file = file.map(|(id, text)| read(id, text)).unwrap_or_default();
        let mut recipe = Recipe::default();
        let mut places = HashMap::new();
        recipe.layer(&default, &mut places, &mut problems);
        places.clear();
        // Lines of a parent and of its child are layers of their own.
        for layer in settings.chunk_by(|a, b| a.span.file == b.span.file) {
            recipe.layer(layer, &mut places, &mut problems);
        }
        recipe.layer(&from_file, &mut places, &mut problems);
        if let Some(epochs) = epochs
            && let Err(refusal) = recipe.set("epochs", &Value::Int(epochs.into()))
        {
            problems.push(refusal.at(None));
        }
        if !problems.has_errors()
            && let Err((keys, refusal)) = recipe.consistent()
        {
            problems.push(refusal.at(keys.iter().find_map(|key| places.get(*key).copied())));
        }
        (recipe, problems)
    }

    /// The learning rate on the mean loss.
    pub fn schedule(&self) -> Schedule {
        match self.lr_epochs.is_empty() {
            true => {
                Schedule::new(vec![(0.0, 0.0), (self.peak(), self.peak_lr), (f64::from(self.epochs), 0.0)])
            }
            false => {
                Schedule::new(self.lr_epochs.iter().copied().zip(self.lr_values.iter().copied()).collect())
            }
        }
    }

    /// The whole recipe as YAML, with the peak where it is.
    pub fn to_yaml(&self) -> String {
        let mut whole = self.clone();
        if whole.lr_epochs.is_empty() {
            whole.peak_epoch = Some(self.peak());
        }
        yaml::print(&whole)
    }

    /// The epoch of the peak: 4 of 20, 5 of 24, 12 of 60. A fifth that would round to 0 is not rounded.
    fn peak(&self) -> f64 {
        let fifth = f64::from(self.epochs) / 5.0;
        let rounded = if fifth.round() > 0.0 { fifth.round() } else { fifth };
        self.peak_epoch.unwrap_or(rounded)
    }

    fn layer(&mut self, settings: &[Setting], places: &mut HashMap<String, Span>, problems: &mut Problems) {
        // The length first: it stretches what earlier layers said, not what this one says.
        let (length, others): (Vec<_>, Vec<_>) =
            settings.iter().filter(|s| s.applies()).partition(|s| s.key.node == "epochs");
        for setting in length.into_iter().chain(others) {
            let key = setting.key.node.as_str();
            places.insert(key.to_string(), setting.span);
            if let Err(refusal) = self.set(key, &setting.value) {
                let span = if Recipe::KEYS.contains(&key) { setting.span } else { setting.key.span };
                problems.push(refusal.at(Some(span)));
            }
        }
    }

    fn set(&mut self, key: &str, value: &Value) -> Result<(), Refusal> {
        match key {
            "epochs" => {
                let before = f64::from(self.epochs);
                self.epochs = whole(key, value, 1, 100_000)? as u32;
                let stretch = f64::from(self.epochs) / before.max(1.0);
                self.peak_epoch.iter_mut().chain(&mut self.lr_epochs).for_each(|epoch| *epoch *= stretch);
            }
            "batch_size" => self.batch_size = whole(key, value, 1, 1 << 20)?,
            "peak_lr" => self.peak_lr = number(key, value, 0.0, 1e6)?,
            "peak_epoch" => self.peak_epoch = Some(number(key, value, 0.0, 1e5)?),
            "lr_epochs" => self.lr_epochs = numbers(key, value)?,
            "lr_values" => self.lr_values = numbers(key, value)?,
            "momentum" => self.momentum = number(key, value, 0.0, 1.0)?,
            "nesterov" => self.nesterov = boolean(key, value)?,
            "weight_decay" => self.weight_decay = number(key, value, 0.0, 1e3)?,
            "crop_pad" => self.crop_pad = whole(key, value, 0, 1024)?,
            "flip" => self.flip = boolean(key, value)?,
            "cutout" => self.cutout = whole(key, value, 0, 1024)?,
            "accuracy" => self.accuracy = Some(number(key, value, 0.0, 100.0)?),
            _ => return Err(unknown(key)),
        }
        Ok(())
    }

    fn consistent(&self) -> Result<(), (&'static [&'static str], Refusal)> {
        let refuse = |keys: &'static [&'static str], message: String| Err((keys, Refusal::new(message)));
        let (epochs, knots) = (f64::from(self.epochs), &self.lr_epochs);
        if knots.len() != self.lr_values.len() {
            let (e, v) = (knots.len(), self.lr_values.len());
            let message = format!("expected as many `lr_values` as `lr_epochs`, got {v} and {e}");
            return refuse(&["lr_values", "lr_epochs"], message);
        }
        if knots.windows(2).any(|pair| pair[0] >= pair[1]) {
            return refuse(&["lr_epochs"], format!("expected rising `lr_epochs`, got {knots:?}"));
        }
        if knots.is_empty() && self.peak() > epochs {
            let message = format!("expected `peak_epoch` within {epochs} epochs, got {}", self.peak());
            return refuse(&["peak_epoch", "epochs"], message);
        }
        Ok(())
    }
}

fn unknown(key: &str) -> Refusal {
    let help = match did_you_mean(key, Recipe::KEYS.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("the keys are {}", Recipe::KEYS.join(", ")),
    };
    Refusal { message: format!("unknown recipe key `{key}`"), help: Some(help) }
}

fn expected(key: &str, what: &str, value: &Value) -> Refusal {
    Refusal::new(format!("expected {what} for `{key}`, got {value}"))
}

fn whole(key: &str, value: &Value, low: usize, high: usize) -> Result<usize, Refusal> {
    let found = match *value {
        Value::Int(i) => usize::try_from(i).ok().filter(|i| (low..=high).contains(i)),
        _ => None,
    };
    found.ok_or_else(|| expected(key, &format!("a whole number from {low} to {high}"), value))
}

fn number(key: &str, value: &Value, low: f64, high: f64) -> Result<f64, Refusal> {
    let found = value.number().filter(|x| (low..=high).contains(x));
    found.ok_or_else(|| expected(key, &format!("a number from {low} to {high}"), value))
}

fn numbers(key: &str, value: &Value) -> Result<Vec<f64>, Refusal> {
    let found = match value {
        Value::List(items) => items.iter().map(|v| v.number().filter(|x| (0.0..=1e6).contains(x))).collect(),
        _ => None,
    };
    found.ok_or_else(|| expected(key, "a list of numbers from 0 to 1000000", value))
}

fn boolean(key: &str, value: &Value) -> Result<bool, Refusal> {
    match value {
        Value::Bool(b) => Ok(*b),
        _ => Err(expected(key, "true or false", value)),
    }
}
