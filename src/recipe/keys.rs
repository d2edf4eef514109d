use serde::{Deserialize, Serialize};

use crate::graph::Value;

/// One key of a recipe. [`KEYS`] has them all; whatever is said of a key anywhere is made from it.
#[derive(Debug)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// What it is about, as a heading.
    pub group: &'static str,
    /// What it accepts.
    pub kind: KeyKind,
    /// What it means.
    pub doc: &'static [&'static str],
}

impl Key {
    /// What it means, as one paragraph.
    pub fn about(&self) -> String {
        self.doc.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ")
    }
}

/// What a key accepts. Bounds are within.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum KeyKind {
    /// A whole number.
    Whole(u32, u32),
    /// A number.
    Number(f64, f64),
    /// A list of numbers.
    Numbers(f64, f64),
    /// `true` or `false`.
    Bool,
    /// One of some words.
    Word(&'static [&'static str]),
}

impl KeyKind {
    /// For messages and the reference: "a number from 0 to 1".
    pub fn describe(self) -> String {
        match self {
            KeyKind::Whole(low, high) => format!("a whole number from {low} to {high}"),
            KeyKind::Number(low, high) => {
                format!("a number from {} to {}", bound(low), bound(high))
            }
            KeyKind::Numbers(low, high) => format!("a list of numbers from {low} to {high}"),
            KeyKind::Bool => "true or false".into(),
            KeyKind::Word([first @ .., last]) if !first.is_empty() => {
                format!("{} or {last}", first.join(", "))
            }
            KeyKind::Word(words) => words.concat(),
        }
    }

    /// Whether it accepts a value.
    pub fn accepts(self, value: &Value) -> bool {
        let within = |value: &Value, low: f64, high: f64| {
            value.number().is_some_and(|x| low <= x && x <= high)
        };
        match (self, value) {
            (KeyKind::Whole(low, high), Value::Int(i)) => {
                (i64::from(low)..=i64::from(high)).contains(i)
            }
            (KeyKind::Number(low, high), value) => within(value, low, high),
            (KeyKind::Numbers(low, high), Value::List(items)) => {
                items.iter().all(|item| within(item, low, high))
            }
            (KeyKind::Bool, Value::Bool(_)) => true,
            (KeyKind::Word(words), Value::Str(word)) => words.contains(&word.as_str()),
            (KeyKind::Whole(..) | KeyKind::Numbers(..) | KeyKind::Bool | KeyKind::Word(_), _) => {
                false
            }
        }
    }
}

/// A bound as people write it.
fn bound(x: f64) -> String {
    if x != 0.0 && x.abs() < 1e-3 { format!("{x:e}") } else { x.to_string() }
}

/// What a field of a recipe is made from.
trait Field: Sized {
    /// The field for a value that the key's kind accepts.
    fn of(value: &Value) -> Option<Self>;

    /// The value that the field is made from; `None` if there is none.
    fn value(&self) -> Option<Value>;
}

impl Field for u32 {
    fn of(value: &Value) -> Option<u32> {
        if let Value::Int(i) = value { u32::try_from(*i).ok() } else { None }
    }

    fn value(&self) -> Option<Value> {
        Some(Value::Int((*self).into()))
    }
}

impl Field for usize {
    fn of(value: &Value) -> Option<usize> {
        if let Value::Int(i) = value { usize::try_from(*i).ok() } else { None }
    }

    fn value(&self) -> Option<Value> {
        i64::try_from(*self).ok().map(Value::Int)
    }
}

impl Field for f64 {
    fn of(value: &Value) -> Option<f64> {
        value.number()
    }

    fn value(&self) -> Option<Value> {
        Some(Value::Float(*self))
    }
}

impl Field for bool {
    fn of(value: &Value) -> Option<bool> {
        if let Value::Bool(b) = value { Some(*b) } else { None }
    }

    fn value(&self) -> Option<Value> {
        Some(Value::Bool(*self))
    }
}

impl Field for Vec<f64> {
    fn of(value: &Value) -> Option<Vec<f64>> {
        if let Value::List(items) = value {
            items.iter().map(Value::number).collect()
        } else {
            None
        }
    }

    fn value(&self) -> Option<Value> {
        Some(Value::List(self.iter().copied().map(Value::Float).collect()))
    }
}

impl Field for Option<f64> {
    fn of(value: &Value) -> Option<Option<f64>> {
        value.number().map(Some)
    }

    fn value(&self) -> Option<Value> {
        self.map(Value::Float)
    }
}

/// An enum whose variants are words of a recipe.
macro_rules! words {
    ($(#[doc = $about:literal])+ $name:ident { $($(#[doc = $doc:literal])+ $variant:ident = $word:literal,)+ }) => {
        $(#[doc = $about])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        pub enum $name { $($(#[doc = $doc])+ #[serde(rename = $word)] $variant,)+ }

        impl $name {
            const WORDS: &[&str] = &[$($word),+];
        }

        impl Field for $name {
            fn of(value: &Value) -> Option<$name> {
                let Value::Str(word) = value else { return None };
                match word.as_str() {
                    $($word => Some($name::$variant),)+
                    _ => None,
                }
            }

            fn value(&self) -> Option<Value> {
                match self { $($name::$variant => Some(Value::Str($word.into())),)+ }
            }
        }
    };
}

words! {
    /// How a weight moves by its gradient.
    Algorithm {
        /// Stochastic gradient descent.
        Sgd = "sgd",
        /// Adam with decoupled weight decay.
        AdamW = "adamw",
        /// Muon for the filters of convolutions, stochastic gradient descent for all else.
        Muon = "muon",
    }
}

words! {
    /// The views of a test image whose logits are averaged.
    TestViews {
        /// The image alone.
        Plain = "none",
        /// The image and its mirror image.
        Flip = "flip",
        /// Both, as they are and moved by a pixel along the diagonal, either way.
        FlipShift = "flip_shift",
    }
}

macro_rules! recipe {
    ($($group:literal {
        $($(#[doc = $doc:literal])+ $key:ident: $type:ty = $default:expr, $kind:expr;)+
    })+) => {
        /// Everything that training needs to know besides the net and the data: a field for each of
        /// [`KEYS`].
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(default)]
        pub struct Recipe { $($($(#[doc = $doc])+ pub $key: $type,)+)+ }

        impl Default for Recipe {
            /// The built-in recipe: the article's.
            fn default() -> Recipe {
                Recipe { $($($key: $default,)+)+ }
            }
        }

        /// Every key, group by group.
        pub const KEYS: &[Key] = &[$($(
            Key { name: stringify!($key), group: $group, kind: $kind, doc: &[$($doc),+] },
        )+)+];

        impl Recipe {
            /// Each key with the value that the recipe has for it, if any.
            pub(super) fn values(&self) -> impl Iterator<Item = (&'static Key, Option<Value>)> {
                KEYS.iter().zip([$($(Field::value(&self.$key),)+)+])
            }

            /// Sets a key to a value that its kind accepts.
            pub(super) fn assign(&mut self, key: &Key, value: &Value) {
                match key.name {
                    $($(stringify!($key) => if let Some(value) = Field::of(value) { self.$key = value },)+)+
                    _ => {}
                }
            }
        }
    };
}

recipe! {
    "Length and rate" {
        /// How many passes over the training set.
        epochs: u32 = 24, KeyKind::Whole(1, 100_000);
        /// Images in one step; the last, smaller batch of an epoch is kept.
        batch_size: usize = 512, KeyKind::Whole(1, 1 << 20);
        /// The learning rate on the mean loss rises from 0 to this, then falls to 0, in straight
        /// lines, step by step.
        peak_lr: f64 = 0.4, KeyKind::Number(0.0, 1e6);
        /// The epoch of the peak. Left out: a fifth of the epochs, rounded.
        peak_epoch: Option<f64> = None, KeyKind::Number(0.0, 1e5);
        /// Any other schedule in straight lines, in place of peak_lr and peak_epoch: epochs, rising
        /// ...
        lr_epochs: Vec<f64> = Vec::new(), KeyKind::Numbers(0.0, 1e6);
        /// ... and the rate at each.
        lr_values: Vec<f64> = Vec::new(), KeyKind::Numbers(0.0, 1e6);
    }
    "Optimiser" {
        /// How weights move: `sgd`; `adamw`, Adam with decoupled weight decay; or `muon`, which
        /// moves the filters of convolutions by muon_lr along the orthogonalised momentum and all
        /// else as `sgd` does.
        optimiser: Algorithm = Algorithm::Sgd, KeyKind::Word(Algorithm::WORDS);
        /// Momentum of SGD, with the rate folded into the velocity.
        momentum: f64 = 0.9, KeyKind::Number(0.0, 1.0);
        /// Nesterov's form of it, in SGD and in Muon.
        nesterov: bool = true, KeyKind::Bool;
        /// Decay towards 0, times the rate, of every trained number, batch norm's included, but for
        /// what Muon moves.
        weight_decay: f64 = 0.0005, KeyKind::Number(0.0, 1e3);
        /// Multiplies the rate, but not the decay, of the biases of convolutions and linear layers.
        bias_lr_scale: f64 = 1.0, KeyKind::Number(0.0, 1e6);
        /// Multiplies the rate, but not the decay, of batch norm's scales and offsets.
        norm_lr_scale: f64 = 1.0, KeyKind::Number(0.0, 1e6);
        /// AdamW: decay of the mean of gradients.
        adam_beta1: f64 = 0.9, KeyKind::Number(0.0, 0.9999999);
        /// AdamW: decay of the mean of their squares.
        adam_beta2: f64 = 0.999, KeyKind::Number(0.0, 0.9999999);
        /// AdamW: added to the root of that mean.
        adam_eps: f64 = 1e-8, KeyKind::Number(1e-16, 1.0);
        /// Muon: the rate at the peak; it follows the course of the other rate.
        muon_lr: f64 = 0.24, KeyKind::Number(0.0, 1e3);
        /// Muon: momentum.
        muon_momentum: f64 = 0.6, KeyKind::Number(0.0, 1.0);
        /// Muon: iterations of Newton and Schulz.
        muon_steps: u32 = 3, KeyKind::Whole(1, 100);
    }
    "Loss" {
        /// The part of each label that is spread evenly over all classes, in the training loss.
        label_smoothing: f64 = 0.0, KeyKind::Number(0.0, 1.0);
    }
    "Averages of the weights" {
        /// What is tested and kept is a running mean of weights and statistics in which the old
        /// mean has this part after each step, at first less: at most (1 + t) / (10 + t) after step
        /// t. 0 for none.
        ema: f64 = 0.0, KeyKind::Number(0.0, 1.0);
        /// Lookahead: after so many steps each time, slow weights move towards the weights, which
        /// then start from them. 0 for none.
        lookahead_every: u32 = 0, KeyKind::Whole(0, 1_000_000);
        /// Lookahead: the slow weights keep this to the power of lookahead_every, times the part of
        /// the training that is done to the power of lookahead_power, of themselves.
        lookahead_decay: f64 = 0.95, KeyKind::Number(0.0, 1.0);
        /// Lookahead: see lookahead_decay.
        lookahead_power: f64 = 3.0, KeyKind::Number(0.0, 100.0);
        /// Lookahead: begins after so many epochs.
        lookahead_start: f64 = 0.0, KeyKind::Number(0.0, 1e5);
    }
    "Normalisation" {
        /// Ghost batch norm: while training, batch norm takes the statistics of groups of so many
        /// images, in place of the batch's; a group has up to one image less than twice as many
        /// where they do not come out even. Steps are then computed op by op. 0 for the batch's.
        ghost_batch: usize = 0, KeyKind::Whole(0, 1 << 20);
        /// Training images whose patches give the weights of a convolution with `init = "whiten"`,
        /// the first ones.
        whiten_images: usize = 5000, KeyKind::Whole(1, 10_000_000);
        /// Added to the eigenvalues there.
        whiten_eps: f64 = 0.0005, KeyKind::Number(1e-12, 1e3);
        /// Epochs in which the rate of that convolution's bias falls from its peak to 0 in a
        /// straight line; then the bias stands still. 0: it follows the other rate.
        whiten_bias_epochs: f64 = 0.0, KeyKind::Number(0.0, 1e5);
    }
    "Images" {
        /// Pixels added by reflection on each side, before a random crop to the old size.
        crop_pad: usize = 4, KeyKind::Whole(0, 1024);
        /// Mirror each image left to right with probability 1/2.
        flip: bool = true, KeyKind::Bool;
        /// Draw that for each image once, for the first epoch, and then mirror it in every other
        /// epoch.
        alternating_flip: bool = false, KeyKind::Bool;
        /// Side of the square set to 0 at a random place of each image; 0 for none.
        cutout: usize = 8, KeyKind::Whole(0, 1024);
    }
    "Test" {
        /// Views of each test image whose logits are averaged: `none` for the image alone; `flip`
        /// for it and its mirror image; `flip_shift` for both as they are, at half the weight, and
        /// moved by a pixel up and left or down and right.
        test_views: TestViews = TestViews::Plain, KeyKind::Word(TestViews::WORDS);
        /// The published test accuracy in percent that the net is held against. Left out: none.
        accuracy: Option<f64> = None, KeyKind::Number(0.0, 100.0);
    }
}
