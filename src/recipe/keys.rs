use serde::{Deserialize, Serialize};

use crate::diag::{Nearest, did_you_mean};
use crate::graph::Value;

/// One key of a recipe. Everything about a key, documentation included, comes from [`KEYS`].
#[derive(Debug)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// The heading that it is listed under.
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

/// What a key accepts. Bounds are inclusive.
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
    /// Patterns of paths.
    Paths,
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
            KeyKind::Paths => "a path, or a list of paths".into(),
        }
    }

    /// The values that may be meant by one that it does not accept, as the language writes them.
    pub fn meant(self, value: &Value) -> Nearest {
        if let (KeyKind::Bool, Value::Int(number @ (0 | 1))) = (self, value) {
            return Nearest::one(Value::Bool(*number == 1).to_string());
        }
        let Value::Str(text) = value else { return Nearest::default() };
        if let KeyKind::Word(words) = self {
            let quoted = |word: &str| Value::Str(word.to_owned()).to_string();
            return did_you_mean(text, words.iter().copied()).map(quoted);
        }
        let number = || {
            let whole = text.parse().map(Value::Int);
            whole.or_else(|_| text.parse().map(Value::Float)).ok()
        };
        let truth = || match text.to_lowercase().as_str() {
            "true" | "yes" | "y" | "on" => Some(Value::Bool(true)),
            "false" | "no" | "n" | "off" => Some(Value::Bool(false)),
            _ => None,
        };
        let list = || {
            let number = |part: &str| part.trim().parse().ok().map(Value::Float);
            text.split(',').map(number).collect::<Option<_>>().map(Value::List)
        };
        let mut values = [number(), truth(), list()].into_iter().flatten();
        let meant = values.find(|value| self.accepts(value));
        meant.map_or_else(Nearest::default, |value| Nearest::one(value.to_string()))
    }

    /// Whether it accepts a value.
    pub fn accepts(self, value: &Value) -> bool {
        let within = |value: &Value, low: f64, high: f64| {
            value.number().is_some_and(|x| low <= x && x <= high)
        };
        match (self, value) {
            (KeyKind::Whole(low, high), value) => {
                value.whole().is_some_and(|i| (i64::from(low)..=i64::from(high)).contains(&i))
            }
            (KeyKind::Number(low, high), value) => within(value, low, high),
            (KeyKind::Numbers(low, high), Value::List(items)) => {
                items.iter().all(|item| within(item, low, high))
            }
            (KeyKind::Bool, Value::Bool(_)) => true,
            (KeyKind::Word(words), Value::Str(word)) => words.contains(&word.as_str()),
            (KeyKind::Paths, value) => <Vec<String> as Field>::of(value).is_some(),
            (KeyKind::Numbers(..) | KeyKind::Bool | KeyKind::Word(_), _) => false,
        }
    }
}

/// A bound, in scientific notation if it is very small.
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
        u32::try_from(value.whole()?).ok()
    }

    fn value(&self) -> Option<Value> {
        Some(Value::Int((*self).into()))
    }
}

impl Field for usize {
    fn of(value: &Value) -> Option<usize> {
        usize::try_from(value.whole()?).ok()
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

impl Field for Vec<String> {
    fn of(value: &Value) -> Option<Vec<String>> {
        match value {
            Value::Str(word) => Some(vec![word.clone()]),
            Value::List(items) => items
                .iter()
                .map(|item| if let Value::Str(word) = item { Some(word.clone()) } else { None })
                .collect(),
            _ => None,
        }
    }

    fn value(&self) -> Option<Value> {
        Some(Value::List(self.iter().cloned().map(Value::Str).collect()))
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

/// An enum whose variants are string values in a recipe.
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
    /// How a weight is updated from its gradient.
    Algorithm {
        /// Stochastic gradient descent.
        Sgd = "sgd",
        /// Adam with decoupled weight decay.
        AdamW = "adamw",
        /// Muon for convolution filters, stochastic gradient descent for everything else.
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
        /// Both, unshifted and shifted by one pixel along the diagonal, either way.
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
    "Schedule" {
        /// Number of passes over the training set.
        epochs: u32 = 24, KeyKind::Whole(1, 100_000);
        /// Images per step; all of them, where there are fewer. The last, smaller batch of an epoch
        /// is kept.
        batch_size: usize = 512, KeyKind::Whole(1, 1 << 20);
        /// Peak learning rate, for the mean loss of a batch. The rate rises linearly from 0 to this
        /// value, then falls linearly to 0; it is updated every step.
        peak_lr: f64 = 0.4, KeyKind::Number(0.0, 1e6);
        /// Epoch of the peak. By default a fifth of the epochs, rounded.
        peak_epoch: Option<f64> = None, KeyKind::Number(0.0, 1e5);
        /// Any other piecewise-linear schedule, in place of peak_lr and peak_epoch: the epochs of
        /// its points, in increasing order.
        lr_epochs: Vec<f64> = Vec::new(), KeyKind::Numbers(0.0, 1e6);
        /// The learning rate at each of lr_epochs.
        lr_values: Vec<f64> = Vec::new(), KeyKind::Numbers(0.0, 1e6);
    }
    "Optimiser" {
        /// The optimiser: `sgd`; `adamw`, Adam with decoupled weight decay; or `muon`, which
        /// updates convolution filters with the orthogonalised momentum at muon_lr, and everything
        /// else as `sgd` does.
        optimiser: Algorithm = Algorithm::Sgd, KeyKind::Word(Algorithm::WORDS);
        /// SGD: momentum. The learning rate is folded into the velocity.
        momentum: f64 = 0.9, KeyKind::Number(0.0, 1.0);
        /// SGD and Muon: use Nesterov momentum.
        nesterov: bool = true, KeyKind::Bool;
        /// Weight decay, multiplied by the learning rate. It applies to every trained parameter,
        /// including those of batch norm, except the filters that Muon updates.
        weight_decay: f64 = 0.0005, KeyKind::Number(0.0, 1e3);
        /// Learning-rate multiplier for the biases of convolutions and linear layers. Their weight
        /// decay is not scaled.
        bias_lr_scale: f64 = 1.0, KeyKind::Number(0.0, 1e6);
        /// Learning-rate multiplier for the weights and biases of batch norm. Their weight decay is
        /// not scaled.
        norm_lr_scale: f64 = 1.0, KeyKind::Number(0.0, 1e6);
        /// AdamW: decay rate of the moving average of the gradient.
        adam_beta1: f64 = 0.9, KeyKind::Number(0.0, 0.9999999);
        /// AdamW: decay rate of the moving average of the squared gradient.
        adam_beta2: f64 = 0.999, KeyKind::Number(0.0, 0.9999999);
        /// AdamW: epsilon, added to the square root of that average.
        adam_eps: f64 = 1e-8, KeyKind::Number(1e-16, 1.0);
        /// Muon: peak learning rate. It follows the same schedule as the main one.
        muon_lr: f64 = 0.24, KeyKind::Number(0.0, 1e3);
        /// Muon: momentum.
        muon_momentum: f64 = 0.6, KeyKind::Number(0.0, 1.0);
        /// Muon: number of Newton-Schulz iterations.
        muon_steps: u32 = 3, KeyKind::Whole(1, 100);
    }
    "Fine-tuning" {
        /// Paths of what is not trained: `layer1` with all that lies in it, `layer*.*.conv`,
        /// `**.bn`. Its weights stay as they are, and a batch norm normalises by its running
        /// statistics, which stay too. Where nothing below is trained, no gradient is computed.
        /// In a file, what begins with `*` stands in quotes: `freeze: "**.bn"`. None by default.
        freeze: Vec<String> = Vec::new(), KeyKind::Paths;
    }
    "Loss" {
        /// Label smoothing in the training loss: the fraction of each label that is spread evenly
        /// over all classes.
        label_smoothing: f64 = 0.0, KeyKind::Number(0.0, 1.0);
    }
    "Weight averaging" {
        /// EMA decay. The exponential moving average of weights and running statistics is what is
        /// tested and saved. The decay after step t is at most (1 + t) / (10 + t). 0 disables it.
        ema: f64 = 0.0, KeyKind::Number(0.0, 1.0);
        /// Lookahead: number of steps between updates of the slow weights, which move towards the
        /// weights; the weights then restart from them, and so does the next epoch. At most the
        /// steps of an epoch. 0 disables it.
        lookahead_every: u32 = 0, KeyKind::Whole(0, 1_000_000);
        /// Lookahead: decay of the slow weights. An update keeps the fraction
        /// lookahead_decay^lookahead_every * p^lookahead_power of them, where p is the fraction of
        /// the training that is done.
        lookahead_decay: f64 = 0.95, KeyKind::Number(0.0, 1.0);
        /// Lookahead: exponent of the decay schedule, see lookahead_decay.
        lookahead_power: f64 = 3.0, KeyKind::Number(0.0, 100.0);
        /// Lookahead: number of epochs before it starts.
        lookahead_start: f64 = 0.0, KeyKind::Number(0.0, 1e5);
    }
    "Normalisation" {
        /// Ghost batch norm: in training, batch norm uses the statistics of groups of at least this
        /// many images, and fewer than twice as many, instead of those of the whole batch. On a
        /// GPU, steps then run op by op, not compiled. 0 disables it.
        ghost_batch: usize = 0, KeyKind::Whole(0, 1 << 20);
        /// Whitening: number of training images, from the start of the set, whose patches determine
        /// the weights of a convolution with `init = "whiten"`.
        whiten_images: usize = 5000, KeyKind::Whole(1, 10_000_000);
        /// Whitening: epsilon, added to the eigenvalues.
        whiten_eps: f64 = 0.0005, KeyKind::Number(1e-12, 1e3);
        /// Whitening: number of epochs over which the learning rate of that convolution's bias
        /// falls linearly from the peak to 0; after that the bias is frozen. 0: it follows the main
        /// schedule.
        whiten_bias_epochs: f64 = 0.0, KeyKind::Number(0.0, 1e5);
    }
    "Augmentation" {
        /// Random crop: pixels of reflection padding on each side, before a crop to the original
        /// size.
        crop_pad: usize = 4, KeyKind::Whole(0, 1024);
        /// Flip each image horizontally with probability 1/2.
        flip: bool = true, KeyKind::Bool;
        /// Draw the flip of each image once, for the first epoch, then alternate it from epoch to
        /// epoch.
        alternating_flip: bool = false, KeyKind::Bool;
        /// Cutout: side of the square that is set to 0 at a random position in each image. 0
        /// disables it.
        cutout: usize = 8, KeyKind::Whole(0, 1024);
    }
    "Test" {
        /// Epochs between two tests. The net is tested after each epoch that is a multiple of it,
        /// and after the last one; weight averaging goes on in between.
        test_every: u32 = 1, KeyKind::Whole(1, 100_000);
        /// Test-time augmentation: the views of an image whose logits are averaged. `none`: the
        /// image alone; `flip`: the image and its mirror image; `flip_shift`: both of them
        /// unshifted, with half the weight, and shifted by one pixel up-left and down-right.
        test_views: TestViews = TestViews::Plain, KeyKind::Word(TestViews::WORDS);
        /// Published test accuracy, in percent, that the net is compared with. None by default.
        accuracy: Option<f64> = None, KeyKind::Number(0.0, 100.0);
    }
}
