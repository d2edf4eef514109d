use std::collections::BTreeMap;

use crate::graph::{Init, Value};
use crate::limits::MAX_COUNT;

/// The shape of an op that changes values alone.
pub(super) const UNCHANGED: &str = "any, unchanged";

/// The signature of an op.
#[derive(Debug)]
pub struct Signature {
    /// The op's name.
    pub name: &'static str,
    /// One-line description for the reference.
    pub doc: &'static str,
    /// From which shapes to which, for the reference.
    pub shape: &'static str,
    /// Its arguments, in positional order; those that are given by name alone come last.
    pub args: &'static [Parameter],
    /// Minimum and maximum number of operands, including the cursor.
    pub operands: (usize, usize),
}

/// One argument.
#[derive(Debug)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What it accepts.
    pub kind: ArgKind,
    /// Its default.
    pub default: Default,
    /// Whether it is given by name alone.
    pub by_name: bool,
}

impl Parameter {
    pub(super) const fn new(name: &'static str, kind: ArgKind, default: Default) -> Parameter {
        Parameter { name, kind, default, by_name: false }
    }

    pub(super) const fn by_name(name: &'static str, kind: ArgKind, default: Default) -> Parameter {
        Parameter { name, kind, default, by_name: true }
    }
}

/// What an argument accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArgKind {
    /// A whole number from 1.
    Count,
    /// A whole number from 1, or `[height, width]`.
    Size,
    /// A whole number from 0, or `[height, width]`.
    Amount,
    /// A number.
    Number,
    /// `true` or `false`.
    Bool,
    /// A number or a distribution.
    Init,
    /// A number, a distribution, or the name of a filter initialisation.
    FilterInit,
    /// One of these strings.
    Word(&'static [&'static str]),
}

impl ArgKind {
    /// The strings that it accepts.
    pub fn words(self) -> &'static [&'static str] {
        match self {
            ArgKind::Word(words) => words,
            ArgKind::FilterInit => &["dirac", "whiten"],
            ArgKind::Count
            | ArgKind::Size
            | ArgKind::Amount
            | ArgKind::Number
            | ArgKind::Bool
            | ArgKind::Init => &[],
        }
    }

    /// For messages.
    pub fn describe(self) -> String {
        match self {
            ArgKind::Count => "a whole number from 1".into(),
            ArgKind::Size => "a whole number from 1, or [height, width]".into(),
            ArgKind::Amount => "a whole number from 0, or [height, width]".into(),
            ArgKind::Number => "a number".into(),
            ArgKind::Bool => "true or false".into(),
            ArgKind::Init => "a number, uniform(low, high) or normal(mean, std)".into(),
            ArgKind::FilterInit => {
                "a number, uniform(low, high), normal(mean, std), \"dirac\" or \"whiten\"".into()
            }
            ArgKind::Word(words) => {
                let words: Vec<String> = words.iter().map(|w| format!("\"{w}\"")).collect();
                words.join(" or ")
            }
        }
    }
}

/// The default of an argument.
#[derive(Debug)]
pub enum Default {
    /// None: the argument is required.
    Required,
    /// This value.
    Value(Value),
    /// This string.
    Word(&'static str),
    /// Computed by the op, as this text describes.
    Rule(&'static str),
}

impl Default {
    /// As the language writes it; `None` if the argument is required.
    pub fn text(&self) -> Option<String> {
        match self {
            Default::Required => None,
            Default::Value(value) => Some(value.to_string()),
            Default::Word(word) => Some(format!("\"{word}\"")),
            Default::Rule(rule) => Some(rule.to_string()),
        }
    }

    fn value(&self) -> Option<Value> {
        match self {
            Default::Required | Default::Rule(_) => None,
            Default::Value(value) => Some(value.clone()),
            Default::Word(word) => Some(Value::Str(word.to_string())),
        }
    }
}

impl Signature {
    /// How many of its arguments may be given without a name.
    pub fn positional(&self) -> usize {
        self.args.iter().take_while(|parameter| !parameter.by_name).count()
    }

    /// `conv(c = same, k = 3, ...)`, as shown to the user.
    pub fn text(&self) -> String {
        let more = (self.operands.0 > 1).then(|| match self.operands.1 {
            2 => "value".to_string(),
            _ => "value, ...".to_string(),
        });
        let args: Vec<String> = more
            .into_iter()
            .chain(self.args.iter().map(|p| match p.default.text() {
                Some(default) => format!("{} = {default}", p.name),
                None => p.name.to_string(),
            }))
            .collect();
        format!("{}({})", self.name, args.join(", "))
    }
}

/// An argument that an op does not accept.
#[derive(Debug, Clone, PartialEq)]
pub struct ArgError {
    /// The argument, if the error is about one.
    pub arg: Option<&'static str>,
    /// What is wrong.
    pub message: String,
}

impl ArgError {
    /// An error about one argument or the call.
    pub fn new(arg: impl Into<Option<&'static str>>, message: impl Into<String>) -> ArgError {
        ArgError { arg: arg.into(), message: message.into() }
    }
}

/// The arguments of one call, with the signature's defaults filled in.
#[derive(Debug, Clone)]
pub struct Args {
    values: BTreeMap<&'static str, (ArgKind, Value)>,
    operands: usize,
}

impl Args {
    /// The given arguments, by name, with the signature's defaults for the rest. Unknown names are
    /// ignored: the caller has reported them with their spans.
    pub fn new(
        signature: &'static Signature,
        given: impl IntoIterator<Item = (&'static str, Value)>,
        operands: usize,
    ) -> Args {
        let given: BTreeMap<&str, Value> = given.into_iter().collect();
        let value = |p: &Parameter| given.get(p.name).cloned().or_else(|| p.default.value());
        let values =
            signature.args.iter().filter_map(|p| Some((p.name, (p.kind, value(p)?)))).collect();
        Args { values, operands }
    }

    /// The number of operands of the call, including the cursor.
    pub fn operands(&self) -> usize {
        self.operands
    }

    /// Whether it is given or has a default value.
    pub fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    fn get<T>(
        &self,
        name: &'static str,
        accept: impl Fn(&Value) -> Option<T>,
    ) -> Result<T, ArgError> {
        let Some((kind, value)) = self.values.get(name) else {
            return Err(ArgError::new(name, format!("`{name}` must be given")));
        };
        accept(value).ok_or_else(|| {
            let counts = matches!(kind, ArgKind::Count | ArgKind::Size | ArgKind::Amount);
            let message = match value.whole() {
                Some(whole) if counts && whole > MAX_COUNT => {
                    format!("`{name}` is at most {MAX_COUNT}, got {value}")
                }
                _ => format!("expected {} for `{name}`, got {value}", kind.describe()),
            };
            ArgError::new(name, message)
        })
    }

    /// A whole number from 1.
    pub fn count(&self, name: &'static str) -> Result<u64, ArgError> {
        self.get(name, |v| whole(v, 1))
    }

    /// A pair of whole numbers from 1; one number stands for both.
    pub fn size(&self, name: &'static str) -> Result<[u64; 2], ArgError> {
        self.get(name, |v| pair(v, 1))
    }

    /// A pair of whole numbers from 0; one number stands for both.
    pub fn amount(&self, name: &'static str) -> Result<[u64; 2], ArgError> {
        self.get(name, |v| pair(v, 0))
    }

    /// A number that is finite in fp32.
    pub fn number(&self, name: &'static str) -> Result<f64, ArgError> {
        let number = self.get(name, Value::number)?;
        finite(name, [number])?;
        Ok(number)
    }

    /// A boolean.
    pub fn bool(&self, name: &'static str) -> Result<bool, ArgError> {
        self.get(name, |v| if let Value::Bool(b) = v { Some(*b) } else { None })
    }

    /// A number or a distribution.
    pub fn init(&self, name: &'static str) -> Result<Init, ArgError> {
        let init = self.get(name, |v| match v {
            Value::Dist(init) => Some(*init),
            v => v.number().map(Init::Constant),
        })?;
        finite(name, init.numbers())?;
        Ok(init)
    }

    /// A number, a distribution, or the name of a filter initialisation; `None` if it is not given.
    pub fn filter_init(&self, name: &'static str) -> Result<Option<Init>, ArgError> {
        if !self.has(name) {
            return Ok(None);
        }
        let init = self.get(name, |v| match v {
            Value::Str(word) if word == "dirac" => Some(Init::Dirac),
            Value::Str(word) if word == "whiten" => Some(Init::Whiten),
            Value::Dist(init) => Some(*init),
            v => v.number().map(Init::Constant),
        })?;
        finite(name, init.numbers())?;
        Ok(Some(init))
    }

    /// The index of a string among those that the argument accepts.
    pub fn word(&self, name: &'static str) -> Result<usize, ArgError> {
        let words = match self.values.get(name) {
            Some((ArgKind::Word(words), _)) => *words,
            _ => &[],
        };
        self.get(
            name,
            |v| if let Value::Str(s) = v { words.iter().position(|w| w == s) } else { None },
        )
    }
}

/// Refuses numbers that fp32 does not have.
fn finite(name: &'static str, numbers: impl IntoIterator<Item = f64>) -> Result<(), ArgError> {
    match numbers.into_iter().find(|number| !(*number as f32).is_finite()) {
        Some(number) => {
            Err(ArgError::new(name, format!("`{name}` is infinite in fp32: {number:e}")))
        }
        None => Ok(()),
    }
}

fn whole(value: &Value, least: i64) -> Option<u64> {
    let whole = value.whole().filter(|i| (least..=MAX_COUNT).contains(i))?;
    u64::try_from(whole).ok()
}

fn pair(value: &Value, least: i64) -> Option<[u64; 2]> {
    match value {
        Value::List(items) => match items.as_slice() {
            [h, w] => Some([whole(h, least)?, whole(w, least)?]),
            _ => None,
        },
        v => whole(v, least).map(|x| [x, x]),
    }
}

/// A count as a value. Counts come from [`Args`], so they fit into an `i64`.
pub(super) fn int(count: u64) -> Option<Value> {
    i64::try_from(count).ok().map(Value::Int)
}

/// A pair as a value: a single number if both are equal.
pub(super) fn int_pair([h, w]: [u64; 2]) -> Option<Value> {
    if h == w { int(h) } else { Some(Value::List(vec![int(h)?, int(w)?])) }
}

/// An initialisation as a value.
pub(super) fn init_value(init: Init) -> Option<Value> {
    Some(match init {
        Init::Constant(x) => Value::Float(x),
        Init::Dirac => Value::Str("dirac".into()),
        Init::Whiten => Value::Str("whiten".into()),
        dist @ (Init::Uniform(..) | Init::Normal(..)) => Value::Dist(dist),
    })
}
