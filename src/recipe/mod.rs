//! How a net is trained, apart from the net itself.
//!
//! A recipe is built up in layers, and later ones override earlier ones: the built-in default, the
//! net's `recipe { }`, a YAML file, the command line. Only this module knows YAML.

mod frozen;
mod keys;
mod layers;
mod metric;
mod reference;
mod refusal;
mod schedule;
mod task;
mod unused;
mod yaml;

use std::collections::HashMap;

use crate::check::Checked;
use crate::diag::elsewhere::{self, Elsewhere};
use crate::diag::{FileId, Nearest, Problems, Span, did_you_mean};
use crate::graph::{Setting, Value};

pub use frozen::unfrozen;
pub use keys::{Algorithm, KEYS, Key, KeyKind, Recipe, TestViews};
pub use layers::{Layers, RecipeArg};
pub use metric::{Metric, Unit};
pub use schedule::Schedule;
pub use task::Task;
pub use yaml::{parse as settings, read};

use refusal::Refusal;

/// A recipe with an invalid value, or with values that contradict each other.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the recipe is not valid: {message}")]
pub struct InvalidRecipe {
    /// The key at fault.
    pub key: &'static str,
    /// What was expected, and what it is.
    pub message: String,
}

impl Recipe {
    /// The effective recipe for a net with these `recipe { }` lines and these texts of recipes, a
    /// later one winning, with every problem found. A layer that changes the number of epochs
    /// rescales the schedule of the layers before it.
    pub fn resolve(settings: &[Setting], texts: &[(FileId, &str)]) -> (Recipe, Problems) {
        let mut problems = Problems::new();
        let mut recipe = Recipe::default();
        let mut places = HashMap::new();
        // The lines of each net, parent or child, are a separate layer.
        for layer in settings.chunk_by(|a, b| a.span.file == b.span.file) {
            recipe.layer(layer, &mut places, &mut problems);
        }
        for &(file, text) in texts {
            match yaml::parse(file, text) {
                Ok((layer, found)) => {
                    recipe.layer(&layer, &mut places, &mut problems);
                    problems.extend(found);
                }
                Err(found) => problems.extend(found),
            }
        }
        if !problems.has_errors()
            && let Err((keys, refusal)) = recipe.consistent()
        {
            problems.push(refusal.at(keys.iter().find_map(|key| places.get(*key).copied())));
        }
        (recipe, problems)
    }

    /// What is wrong with the keys and the values of a recipe by itself. Values that must fit
    /// together are judged if all of them are in it: others depend on the net's own recipe.
    pub fn problems(settings: &[Setting]) -> Problems {
        let (mut problems, mut places) = (Problems::new(), HashMap::new());
        let mut recipe = Recipe::default();
        recipe.layer(settings, &mut places, &mut problems);
        if !problems.has_errors()
            && let Err((keys, refusal)) = recipe.consistent()
            && keys.iter().all(|key| places.contains_key(*key))
        {
            problems.push(refusal.at(keys.iter().find_map(|key| places.get(*key).copied())));
        }
        problems
    }

    /// What of the net's own recipe, from which this one was resolved, does not fit the net, or has
    /// no effect.
    pub fn misfits(&self, net: &Checked) -> Problems {
        let settings = &net.graph().settings;
        let mut found = frozen::frozen(settings, self, net);
        found.extend(unused::unused(settings, self));
        found
    }

    /// The task that nets are trained for.
    pub fn task(&self) -> Task {
        Task::Classification
    }

    /// Checks that every value is in its range and that the values fit together. What
    /// [`Recipe::resolve`] gives without errors is valid.
    ///
    /// # Errors
    /// The first key that is not.
    pub fn validate(&self) -> Result<(), InvalidRecipe> {
        for (key, value) in self.values() {
            if let Some(value) = value.filter(|value| !key.kind.accepts(value)) {
                let message =
                    format!("expected {} for `{}`, got {value}", key.kind.describe(), key.name);
                return Err(InvalidRecipe { key: key.name, message });
            }
        }
        self.consistent()
            .map_err(|(keys, refusal)| InvalidRecipe { key: keys[0], message: refusal.message })
    }

    /// The same recipe for another number of epochs, with its schedule rescaled.
    #[must_use]
    pub fn of_length(mut self, epochs: u32) -> Recipe {
        self.stretch(|recipe| recipe.epochs = epochs);
        self
    }

    /// The learning-rate schedule, for the mean loss of a batch.
    pub fn schedule(&self) -> Schedule {
        match self.lr_epochs.is_empty() {
            true => Schedule::new(vec![
                (0.0, 0.0),
                (self.peak(), self.peak_lr),
                (f64::from(self.epochs), 0.0),
            ]),
            false => Schedule::new(
                self.lr_epochs.iter().copied().zip(self.lr_values.iter().copied()).collect(),
            ),
        }
    }

    /// The whole recipe as YAML, with the epoch of the peak filled in.
    pub fn to_yaml(&self) -> String {
        let mut whole = self.clone();
        if whole.lr_epochs.is_empty() {
            whole.peak_epoch = Some(self.peak());
        }
        yaml::print(&whole)
    }

    /// The value of a key, if it has one.
    pub fn value(&self, key: &str) -> Option<serde_json::Value> {
        // Numbers, booleans and strings always serialise.
        let all = serde_json::to_value(self).unwrap_or_default();
        let empty = |value: &serde_json::Value| {
            value.is_null() || value.as_array().is_some_and(Vec::is_empty)
        };
        all.get(key).filter(|value| !empty(value)).cloned()
    }

    /// The epoch of the peak: 4 of 20, 5 of 24, 12 of 60. A fifth that would round to 0 is not
    /// rounded.
    fn peak(&self) -> f64 {
        let fifth = f64::from(self.epochs) / 5.0;
        let rounded = if fifth.round() > 0.0 { fifth.round() } else { fifth };
        self.peak_epoch.unwrap_or(rounded)
    }

    fn layer(
        &mut self,
        settings: &[Setting],
        places: &mut HashMap<String, Span>,
        problems: &mut Problems,
    ) {
        // `epochs` first: it rescales what earlier layers set, not what this one sets.
        let (length, others): (Vec<_>, Vec<_>) =
            settings.iter().filter(|s| s.applies()).partition(|s| s.key.node == "epochs");
        let mut keys: HashMap<&str, Span> = HashMap::new();
        for setting in settings.iter().filter(|s| s.applies()) {
            if let Some(first) = keys.insert(&setting.key.node, setting.key.span) {
                let message = format!("the recipe sets `{}` twice", setting.key.node);
                let problem = Refusal::new(message).at(Some(setting.key.span));
                problems.push(problem.label("the second time").related(first, "the first time"));
            }
        }
        for setting in length.into_iter().chain(others) {
            let key = setting.key.node.as_str();
            places.insert(key.to_string(), setting.span);
            if let Err(refusal) = self.set(key, &setting.value) {
                let known = KEYS.iter().any(|known| known.name == key);
                let span = if known { setting.span } else { setting.key.span };
                let mut problem = refusal.at(Some(span));
                if known && setting.span == setting.key.span {
                    // A value in YAML has no place of its own.
                    problem.fixes.clear();
                }
                problems.push(problem);
            }
        }
    }

    fn set(&mut self, name: &str, value: &Value) -> Result<(), Refusal> {
        let key = KEYS.iter().find(|key| key.name == name).ok_or_else(|| unknown(name))?;
        if !key.kind.accepts(value) {
            let what = key.kind.describe();
            let refusal = Refusal::new(format!("expected {what} for `{name}`, got {value}"));
            return Err(refusal.of_value(key.kind.meant(value)));
        }
        if let (true, Some(fraction)) = (name == "accuracy", value.number())
            && (f64::MIN_POSITIVE..1.0).contains(&fraction)
        {
            let percent = (fraction * 1e6).round() / 1e4;
            let message = format!("`accuracy` is in percent, got the fraction {value}");
            return Err(Refusal::new(message).of_value(Nearest::one(percent.to_string())));
        }
        self.stretch(|recipe| recipe.assign(key, value));
        Ok(())
    }

    /// Rescales the schedule by the ratio of the number of epochs after `change` to that before.
    fn stretch(&mut self, change: impl FnOnce(&mut Recipe)) {
        let before = f64::from(self.epochs);
        change(self);
        let stretch = f64::from(self.epochs) / before;
        let single = [&mut self.lookahead_start, &mut self.whiten_bias_epochs];
        let epochs = self.peak_epoch.iter_mut().chain(&mut self.lr_epochs).chain(single);
        epochs.for_each(|epoch| *epoch *= stretch);
    }

    fn consistent(&self) -> Result<(), (&'static [&'static str], Refusal)> {
        let refuse =
            |keys: &'static [&'static str], message: String| Err((keys, Refusal::new(message)));
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
            let message =
                format!("expected `peak_epoch` within {epochs} epochs, got {}", self.peak());
            return refuse(&["peak_epoch", "epochs"], message);
        }
        if self.alternating_flip && !self.flip {
            let message = "`alternating_flip` says when images are mirrored, and `flip: false` that they are not";
            return refuse(&["alternating_flip", "flip"], message.into());
        }
        if self.lookahead_every > 0 && self.lookahead_start >= epochs {
            let message = format!(
                "expected `lookahead_start` below {epochs} epochs, got {}: lookahead would never begin",
                self.lookahead_start
            );
            return refuse(&["lookahead_start", "lookahead_every", "epochs"], message);
        }
        if self.ghost_batch == 1 {
            return refuse(
                &["ghost_batch"],
                "`ghost_batch` of 1: one image has no deviation".into(),
            );
        }
        if self.ghost_batch > self.batch_size {
            let message = format!(
                "expected `ghost_batch` of at most a batch of {}, got {}",
                self.batch_size, self.ghost_batch
            );
            return refuse(&["ghost_batch", "batch_size"], message);
        }
        Ok(())
    }
}

fn unknown(key: &str) -> Refusal {
    let names = || KEYS.iter().map(|key| key.name);
    let near = did_you_mean(key, names());
    let (help, near) = match (elsewhere::setting(key), near.question()) {
        (Some(Elsewhere::Named(name)), _) => {
            (format!("`{key}` is `{name}` here"), Nearest::one(name))
        }
        (Some(Elsewhere::LeftOut(why) | Elsewhere::Otherwise(why)), _) => {
            (why.to_owned(), Nearest::default())
        }
        (None, Some(question)) => (question, near),
        (None, None) => (format!("the keys are {}", names().collect::<Vec<_>>().join(", ")), near),
    };
    Refusal { message: format!("unknown recipe key `{key}`"), help: Some(help), near }
}
