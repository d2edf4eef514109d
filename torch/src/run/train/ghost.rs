use tch::{TchError, Tensor};

use crate::lower::TrainingNorm;

/// Batch normalisation with the statistics of groups of a batch (Hoffer, Hubara and Soudry, 2017).
/// Running statistics are updated once, with the mean over the groups.
#[derive(Debug)]
pub(in crate::run) struct GhostNorm {
    /// The minimum number of images in a group.
    pub images: usize,
}

impl TrainingNorm for GhostNorm {
    fn apply(
        &self,
        x: &Tensor,
        [weight, bias, running_mean, running_var]: [&Tensor; 4],
        momentum: f64,
        eps: f64,
    ) -> Result<Tensor, TchError> {
        let images = x.size()[0];
        let groups = (images / self.images as i64).max(1);
        let (mut means, mut vars, mut values) = (Vec::new(), Vec::new(), Vec::new());
        for group in 0..groups {
            let (from, to) = (images * group / groups, images * (group + 1) / groups);
            let (mean, var) = (running_mean.f_zeros_like()?, running_var.f_zeros_like()?);
            // With a momentum of 1 they become the statistics of the group.
            let group = x.f_narrow(0, from, to - from)?.f_batch_norm(
                Some(weight),
                Some(bias),
                Some(&mean),
                Some(&var),
                true,
                1.0,
                eps,
                true,
            )?;
            values.push(group);
            means.push(mean);
            vars.push(var);
        }
        for (running, groups) in [(running_mean, means), (running_var, vars)] {
            let mean = Tensor::f_stack(&groups, 0)?.f_mean_dim(
                [0i64].as_slice(),
                false,
                running.kind(),
            )?;
            let _ = running.shallow_clone().f_lerp_(&mean, momentum)?;
        }
        Tensor::f_cat(&values, 0)
    }
}
