//! Whether batch normalisation has more than one value per channel in every batch of a training.

use netc::check::Checked;
use netc::diag::number_of;
use netc::graph::Op;
use netc::recipe::Recipe;
use netc::run::RunError;

use super::fits::Images;
use super::job::Job;

/// How the images of an epoch are divided into forward passes.
#[derive(Debug, Clone, Copy)]
pub(in crate::run) struct Batching {
    /// Images in an epoch.
    pub images: usize,
    /// Images in a batch; the last one of an epoch may have fewer.
    pub batch_size: usize,
    /// Ranks that share a batch, each with its own statistics.
    pub ranks: usize,
    /// Minimum number of images in a group with its own statistics; 0 for the whole share of a
    /// rank.
    pub ghost_batch: usize,
    /// What sets the batch size.
    pub setting: &'static str,
}

/// The images over which statistics are computed, and the larger groups that contain them.
#[derive(Debug, Clone, Copy)]
struct Smallest {
    batch: usize,
    share: usize,
    images: usize,
}

impl Batching {
    /// Batches of one size, each on one rank.
    pub fn alone(batch_size: usize) -> Batching {
        Batching { images: batch_size, batch_size, ranks: 1, ghost_batch: 0, setting: "--batch" }
    }

    /// Those of a training.
    pub fn of(images: Images<'_>, recipe: &Recipe) -> Batching {
        Batching {
            images: images.count,
            batch_size: recipe.batch_size,
            ranks: 1,
            ghost_batch: recipe.ghost_batch,
            setting: "`batch_size`",
        }
    }

    /// The same, shared by the ranks of a job that normalise by themselves.
    pub fn shared(self, job: &Job<'_>) -> Batching {
        let own_statistics = job.group.filter(|_| !job.method.sync_norm);
        Batching { ranks: own_statistics.map_or(1, |group| group.size()), ..self }
    }

    /// Refuses a net that would normalise a single value per channel, which has no variance.
    pub fn has_variance(self, net: &Checked) -> Result<(), RunError> {
        let Some(smallest) = self.smallest().filter(|smallest| smallest.images == 1) else {
            return Ok(());
        };
        let alone = net.order().iter().find(|&&id| {
            let shape = net.shape(id);
            matches!(net.node(id).op, Op::BatchNorm(_)) && shape.elements() == shape.channels()
        });
        let Some(&layer) = alone else { return Ok(()) };
        let layer = net.node(layer).path.clone();
        Err(RunError::OneValue { layer, batch: self.describe(smallest), help: self.help(smallest) })
    }

    fn smallest(self) -> Option<Smallest> {
        let batches = [self.batch_size.min(self.images), self.images % self.batch_size.max(1)];
        let shares = batches.into_iter().flat_map(|batch| {
            [batch / self.ranks, batch.div_ceil(self.ranks)].map(|share| (batch, share))
        });
        let groups = shares.filter(|(_, share)| *share > 0).map(|(batch, share)| {
            let groups = share.checked_div(self.ghost_batch).unwrap_or(1).max(1);
            Smallest { batch, share, images: share / groups }
        });
        groups.min_by_key(|group| group.images)
    }

    fn describe(self, Smallest { batch, share, images }: Smallest) -> String {
        let count = |n: usize| number_of(n, "image");
        let mut text = match batch < self.batch_size && batch < self.images {
            true => format!(
                "the last batch of an epoch of {} has {} ({} {})",
                count(self.images),
                count(batch),
                self.setting,
                self.batch_size
            ),
            false => format!("a batch has {}", count(batch)),
        };
        if share < batch {
            text += &format!(", of which one of {} ranks takes {share}", self.ranks);
        }
        if images < share {
            text += &format!(", normalised in groups of {images} (`ghost_batch`)");
        }
        text
    }

    fn help(self, Smallest { batch, share, images }: Smallest) -> String {
        let Batching { setting, .. } = self;
        if images < share {
            return "make `ghost_batch` 2 or more".into();
        }
        if share < batch {
            return format!("train with --sync-bn or fewer ranks, or make {setting} larger");
        }
        let better = |size: &usize| {
            let other = Batching { batch_size: *size, ..self };
            other.smallest().is_some_and(|smallest| smallest.images > 1)
        };
        let mut sizes = (2..self.batch_size).rev().chain(self.batch_size + 1..=self.images);
        match sizes.find(better) {
            Some(size) if self.batch_size > 1 => {
                let fewer = self.images - 1;
                format!("set {setting} to {size}, or train on {fewer} images (--limit-train)")
            }
            Some(size) => format!("set {setting} to {size} or more"),
            None => "train on 2 images or more at once".into(),
        }
    }
}
