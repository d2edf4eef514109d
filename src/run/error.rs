use std::path::{Path, PathBuf};

use crate::diag::number_of;
use crate::lower::TorchError;
use crate::passes::PassError;
use crate::recipe::InvalidRecipe;

/// Where a non-finite value first appeared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Origin {
    /// A node whose operands and weights are finite.
    #[error("`{0}` is the first node whose values are not all finite")]
    Node(String),
    /// A weight that became non-finite in the previous step. Of several, the one nearest to the
    /// loss, which the gradient reaches first.
    #[error("`{0}` is not finite since the step before, because its gradient was not")]
    Weight(String),
    /// A weight or running statistic, in an evaluation, which does not change them.
    #[error("`{0}` holds numbers that are not finite")]
    Stored(String),
    /// The images.
    #[error("the images are not all finite")]
    Images,
    /// The loss alone: every value before it is finite.
    #[error("every value of the net is finite, the loss is not")]
    Loss,
}

/// Why a run cannot start or continue.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// An error of libtorch.
    #[error("libtorch: {0}")]
    Torch(#[from] TorchError),
    /// An invalid recipe.
    #[error(transparent)]
    Recipe(#[from] InvalidRecipe),
    /// A file cannot be read or written.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// The run folder already holds a finished run.
    #[error("{path} already holds a finished run", path = .0.display())]
    Finished(PathBuf),
    /// The run folder already holds an interrupted run.
    #[error("{path} already holds a run that is not finished", path = .0.display())]
    Unfinished(PathBuf),
    /// Another process trains in the folder.
    #[error("{path} is held by another training, which is not over", path = .0.display())]
    Busy(PathBuf),
    /// The folder was moved, removed or replaced while the training in it went on.
    #[error("{path} is no longer the folder that this training began in", path = .0.display())]
    Moved(PathBuf),
    /// The folder for a run contains something else.
    #[error("{path} is not empty and holds no run: there is `{name}` in it", path = path.display())]
    Occupied {
        /// The folder.
        path: PathBuf,
        /// Something in it.
        name: String,
    },
    /// The data are not those that the run started with.
    #[error("{path} was trained on other images or labels than those of {data}", path = path.display())]
    OtherData {
        /// The run.
        path: PathBuf,
        /// The data set now.
        data: String,
    },
    /// The data are fewer than those that the run started with.
    #[error("{path} is of a training on {} training and {} test images, and {data} has {} and {} now", was[0], was[1], is[0], is[1], path = path.display())]
    TooFew {
        /// The checkpoint.
        path: PathBuf,
        /// The data set now.
        data: String,
        /// The numbers of training and of test images at the start.
        was: [usize; 2],
        /// The numbers now.
        is: [usize; 2],
    },
    /// The run is deterministic, which cannot be guaranteed any more.
    #[error("{path} is deterministic, and could not go on to the same bits here: {}", differences.join("; "), path = path.display())]
    OtherBits {
        /// The run.
        path: PathBuf,
        /// Descriptions of what has changed.
        differences: Vec<String>,
    },
    /// The run to resume has done all its epochs.
    #[error("{path} holds a finished run: there is nothing to go on with", path = .0.display())]
    NothingLeft(PathBuf),
    /// The run to resume was ended while its inputs were written.
    #[error("{path} holds a run that ended before its training began: there is nothing to go on with", path = .0.display())]
    NotBegun(PathBuf),
    /// There is no run in the folder, or not one that this version can read.
    #[error("{path} holds no run: {reason}", path = path.display())]
    NoRun {
        /// The folder.
        path: PathBuf,
        /// What is missing or wrong.
        reason: String,
    },
    /// A run that has saved no weights yet.
    #[error("{path} has no checkpoint: its training has saved none yet", path = .0.display())]
    NoCheckpoint(PathBuf),
    /// A checkpoint whose content is corrupt.
    #[error("the checkpoint {path} is damaged: {reason}", path = path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A checkpoint that is ahead of its log.
    #[error("the checkpoint {path} is after epoch {epochs}, and the log beside it has {}", number_of(*.logged, "whole epoch"), path = path.display())]
    NotInLog {
        /// The file.
        path: PathBuf,
        /// The epochs that it says were done.
        epochs: String,
        /// Those in the log.
        logged: usize,
    },
    /// A checkpoint that does not fit the net.
    #[error("the checkpoint {path} does not fit the net: {reason}", path = path.display())]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// Which tensor, what was expected, and what was found.
        reason: String,
    },
    /// The data do not fit the net or the recipe.
    #[error("{0}")]
    Data(String),
    /// Batch normalisation would have a single value per channel, and so no variance.
    #[error("batch normalisation `{layer}` would have one value a channel: {batch}\nhelp: {help}")]
    OneValue {
        /// The layer's path.
        layer: String,
        /// Which batch, and why.
        batch: String,
        /// What to change.
        help: String,
    },
    /// The requested device or precision is not available.
    #[error("{0}")]
    Device(String),
    /// A pass changed the net.
    #[error("{0}; train with `--passes none`, and please report it")]
    Pass(#[from] PassError),
    /// Another rank is gone or silent.
    #[error("rank {rank} of {size} has lost the others: one of them is gone or silent ({why})")]
    Rank {
        /// This process.
        rank: usize,
        /// How many there were.
        size: usize,
        /// The error of libtorch.
        why: String,
    },
    /// The loss is no longer a finite number.
    #[error("the loss became {loss} in epoch {epoch}, {when} {step}: {origin}", when = if *.exact { "at step" } else { "at or shortly before step" })]
    Diverged {
        /// The loss of the step, or the sum of the epoch's losses so far.
        loss: f64,
        /// The epoch, from 1.
        epoch: u32,
        /// The step in the epoch, from 1.
        step: usize,
        /// Whether it was exactly this step.
        exact: bool,
        /// Where it came from.
        origin: Origin,
    },
    /// An evaluation gives a number that is not finite.
    #[error("{what} is {value}: {origin}")]
    NotFinite {
        /// What it is: a loss, a probability.
        what: String,
        /// The number.
        value: f64,
        /// Where it came from.
        origin: Origin,
    },
    /// The run to resume has another net or recipe than its checkpoint.
    #[error("the checkpoint {path} is of another {what} than the one that is to be trained", path = path.display())]
    Changed {
        /// The checkpoint.
        path: PathBuf,
        /// `net` or `recipe`.
        what: &'static str,
        /// Its text when the checkpoint was written.
        was: String,
        /// Its text now.
        is: String,
    },
}

impl RunError {
    /// For `map_err` after an operation on a file.
    pub fn io(path: &Path) -> impl FnOnce(std::io::Error) -> RunError {
        let path = path.to_path_buf();
        move |source| RunError::Io { path, source }
    }
}
