use tch::{TchError, Tensor};

use super::mode::TrainingNorm;

/// Batch normalisation with the statistics of groups of a batch (Hoffer, Hubara and Soudry, 2017).
/// Running statistics are updated once, with the mean over the groups.
#[derive(Debug, Clone, Copy, Default)]
pub struct GhostNorm {
    /// The minimum number of images in a group; with 0 the whole batch is one.
    pub images: usize,
}

/// A group of a batch's images.
#[derive(Debug, Clone, Copy)]
pub(in crate::lower) struct Group {
    first: i64,
    images: i64,
}

impl Group {
    /// Splits a batch into so many groups whose sizes differ by at most one.
    pub(in crate::lower) fn split(batch: &Tensor, groups: usize) -> Vec<Group> {
        let (images, groups) = (batch.size()[0], groups as i64);
        let bound = |group: i64| images * group / groups;
        let group = |i| Group { first: bound(i), images: bound(i + 1) - bound(i) };
        (0..groups).map(group).collect()
    }

    /// Its part of a tensor, whose first dimension is the batch.
    pub(in crate::lower) fn of(self, batch: &Tensor) -> Result<Tensor, TchError> {
        batch.f_narrow(0, self.first, self.images)
    }
}

impl GhostNorm {
    /// How many groups a batch has.
    pub(in crate::lower) fn groups(self, batch: &Tensor) -> usize {
        let images = batch.size().first().map_or(0, |&images| images as usize);
        images.checked_div(self.images).unwrap_or(1).max(1)
    }

    /// Calls `normalise` for each group of a batch with what moves by a momentum: the running mean
    /// and variance, or with several groups tensors of zeros in their place, whose mean over the
    /// groups moves the running ones.
    pub(in crate::lower) fn each<T>(
        self,
        batch: &Tensor,
        running: [&Tensor; 2],
        momentum: f64,
        mut normalise: impl FnMut(Group, [&Tensor; 2], f64) -> Result<T, TchError>,
    ) -> Result<Vec<T>, TchError> {
        let groups = Group::split(batch, self.groups(batch));
        if let [all] = groups[..] {
            return Ok(vec![normalise(all, running, momentum)?]);
        }
        let zeros = || Ok::<_, TchError>([running[0].f_zeros_like()?, running[1].f_zeros_like()?]);
        let mut means = zeros()?;
        let mut results = Vec::new();
        for group in &groups {
            // With a momentum of 1 they become the statistics of the group.
            let of_group = zeros()?;
            results.push(normalise(*group, of_group.each_ref(), 1.0)?);
            for (mean, value) in means.iter_mut().zip(&of_group) {
                let _ = mean.f_add_(&value.f_div_scalar(groups.len() as f64)?)?;
            }
        }
        for (running, mean) in running.into_iter().zip(&means) {
            let _ = running.shallow_clone().f_lerp_(mean, momentum)?;
        }
        Ok(results)
    }
}

/// The batch that consists of these groups.
pub(in crate::lower) fn joined(mut groups: Vec<Tensor>) -> Result<Tensor, TchError> {
    match (groups.pop(), groups.is_empty()) {
        (Some(all), true) => Ok(all),
        (last, _) => {
            groups.extend(last);
            Tensor::f_cat(&groups, 0)
        }
    }
}

impl TrainingNorm for GhostNorm {
    fn apply(
        &self,
        x: &Tensor,
        [weight, bias, running_mean, running_var]: [&Tensor; 4],
        momentum: f64,
        eps: f64,
    ) -> Result<Tensor, TchError> {
        let running = [running_mean, running_var];
        let values = self.each(x, running, momentum, |group, [mean, var], momentum| {
            let [weight, bias, mean, var] = [weight, bias, mean, var].map(Some);
            group.of(x)?.f_batch_norm(weight, bias, mean, var, true, momentum, eps, true)
        })?;
        joined(values)
    }
}
