//! First weights from a file that may be of another net.

use std::collections::HashMap;
use std::fmt;

use super::tensor_file::{EMA, STATE, TensorFile, TensorFileError, open};
use super::weights::{Numbers, specs};
use crate::check::Checked;
use crate::diag::{did_you_mean, listed};
use crate::graph::op::TensorSpec;

/// A name of a file, or the start of several up to a dot, and what the net calls it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renaming {
    /// `conv1`, in the file.
    pub theirs: String,
    /// `prep.conv`, in the net.
    pub ours: String,
}

/// The weights and buffers of a net that a file has, by name and size.
#[derive(Debug, Clone, Default)]
pub struct StartWeights {
    /// What was found, by the net's names.
    pub found: Vec<Numbers>,
    /// What the file lacks, by the net's names.
    pub lacking: Vec<String>,
    /// What the file has otherwise: of another size or type.
    pub different: Vec<String>,
    /// What the net has no place for, by the file's names.
    pub unread: Vec<String>,
}

/// Why a file gives a net no first weights.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// It cannot be read.
    #[error(transparent)]
    File(#[from] TensorFileError),
    /// Two of its tensors get one name.
    #[error("both `{0}` and `{1}` become `{2}`")]
    Twice(String, String, String),
    /// A tensor holds a number that no training can start from.
    #[error("`{name}` holds {what}")]
    Unsound {
        /// The tensor, by the file's name.
        name: String,
        /// `NaN`, or another.
        what: String,
    },
    /// Nothing in it fits.
    #[error("nothing in it fits the net: {0}")]
    Nothing(String),
}

impl StartWeights {
    /// What a `safetensors` file has for a net: of the moving average of the weights, if it has
    /// one. Its names are taken as they are where no renaming applies; of several the longest does.
    ///
    /// # Errors
    /// A damaged file; one in which nothing fits; numbers that are not finite, and variances below
    /// 0.
    pub fn of_safetensors(
        net: &Checked,
        bytes: &[u8],
        renamings: &[Renaming],
    ) -> Result<StartWeights, StartError> {
        let file = open(bytes)?;
        let names = by_our_names(&file, renamings)?;
        let mut start = StartWeights::default();
        let mut read: Vec<&str> = Vec::new();
        for (name, spec) in specs(net) {
            let Some(theirs) = names.get(&name) else {
                start.lacking.push(name);
                continue;
            };
            read.push(theirs);
            let dims: Vec<i64> = spec.dims.iter().map(|&size| size as i64).collect();
            match file.floats(theirs, &dims) {
                Ok(values) => {
                    if let Some(what) = unsound(&spec, &values) {
                        return Err(StartError::Unsound { name: theirs.to_string(), what });
                    }
                    start.found.push(Numbers { name, dims: spec.dims, values });
                }
                Err(error) => start.different.push(error.to_string()),
            }
        }
        let unread = names.values().filter(|theirs| !read.contains(theirs));
        start.unread = unread.map(|theirs| theirs.to_string()).collect();
        start.unread.sort_unstable();
        match start.found.is_empty() {
            true => Err(StartError::Nothing(start.nearest())),
            false => Ok(start),
        }
    }

    /// Why nothing was found: another size, or the names that are nearest to each other.
    fn nearest(&self) -> String {
        if let Some(different) = self.different.first() {
            return different.clone();
        }
        let near = self.lacking.iter().find_map(|name| {
            let near = did_you_mean(name, self.unread.iter().map(String::as_str));
            Some((near.names().first()?.clone(), name))
        });
        match (near, self.unread.first(), self.lacking.first()) {
            (Some((theirs, ours)), ..) => format!("it has `{theirs}`, the net `{ours}`"),
            (None, Some(theirs), Some(ours)) => format!("it has `{theirs}`, the net `{ours}`"),
            _ => "it has no weights".into(),
        }
    }
}

impl fmt::Display for StartWeights {
    /// How many were found, then a line each for what was not.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let StartWeights { found, lacking, different, unread } = self;
        let all = found.len() + lacking.len() + different.len();
        let names: Vec<String> = found.iter().map(|tensor| tensor.name.clone()).collect();
        write!(f, "{} of {all} tensors: {}", found.len(), nodes(&names))?;
        for (what, names) in [("not in it", nodes(lacking)), ("not read", nodes(unread))] {
            if !names.is_empty() {
                write!(f, "\n  {what}: {names}")?;
            }
        }
        different.iter().try_for_each(|text| write!(f, "\n  left as drawn: {text}"))
    }
}

/// A number among the values of a tensor that makes every result NaN or infinite, as a message.
fn unsound(spec: &TensorSpec, values: &[f32]) -> Option<String> {
    let wrong = values.iter().find(|x| !x.is_finite() || (spec.is_variance() && **x < 0.0))?;
    Some(match wrong {
        x if x.is_nan() => "NaN".into(),
        x if x.is_infinite() => format!("{}infinity", if *x < 0.0 { "-" } else { "" }),
        x => format!("a variance below 0, {x}"),
    })
}

/// The nodes of tensors, each once.
fn nodes(tensors: &[String]) -> String {
    let mut nodes: Vec<&str> =
        tensors.iter().map(|t| t.rsplit_once('.').map_or(&**t, |t| t.0)).collect();
    nodes.dedup();
    listed(&nodes)
}

/// The names of a file's weights by those of the net.
fn by_our_names<'f>(
    file: &'f TensorFile<'_>,
    renamings: &[Renaming],
) -> Result<HashMap<String, &'f str>, StartError> {
    let prefix = file.eval_prefix();
    let mut names: HashMap<String, &str> = HashMap::new();
    for theirs in file.names() {
        let own = match theirs.strip_prefix(EMA) {
            Some(averaged) => Some(averaged),
            None => (prefix.is_empty() && !STATE.iter().any(|p| theirs.starts_with(p)))
                .then_some(theirs),
        };
        let Some(own) = own else { continue };
        let ours = renamed(own, renamings);
        if let Some(first) = names.insert(ours.clone(), theirs) {
            return Err(StartError::Twice(first.into(), theirs.into(), ours));
        }
    }
    Ok(names)
}

fn renamed(name: &str, renamings: &[Renaming]) -> String {
    let rest = |renaming: &Renaming| {
        let rest = name.strip_prefix(renaming.theirs.as_str())?;
        (rest.is_empty() || rest.starts_with('.')).then(|| format!("{}{rest}", renaming.ours))
    };
    let longest = renamings.iter().filter(|r| rest(r).is_some()).max_by_key(|r| r.theirs.len());
    longest.and_then(rest).unwrap_or_else(|| name.to_string())
}

/// The renamings of a file that are of no name in it.
///
/// # Errors
/// A damaged file.
pub fn unused<'r>(
    bytes: &[u8],
    renamings: &'r [Renaming],
) -> Result<Vec<&'r Renaming>, TensorFileError> {
    let file = open(bytes)?;
    let of = |theirs: &str, name: &str| {
        let rest = name.strip_prefix(EMA).unwrap_or(name).strip_prefix(theirs);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    let names = file.names();
    Ok(renamings.iter().filter(|r| !names.iter().any(|name| of(&r.theirs, name))).collect())
}
