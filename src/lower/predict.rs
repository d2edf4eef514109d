use std::convert::Infallible;

use super::{
    ConvChoice, Disabled, Footprint, Plan, Precision, Schedule, ScheduleOptions, Workload, plan,
};
use crate::check::Checked;
use crate::passes::{Choice, Purpose, optimise};

/// A training step that is not there yet, to ask for its memory.
#[derive(Debug)]
pub struct Predicted {
    plan: Plan,
    conv: ConvChoice,
    kernels: bool,
}

impl Predicted {
    /// The step of a net, with all passes, on a machine that has netc's
    /// [kernels](super::cpu::has_kernels) or not. Of the convolutions that a training would time,
    /// the ones that take more memory are assumed to win.
    ///
    /// # Errors
    /// A pass that makes a net which does not check: a fault of the pass, in words.
    pub fn new(net: &Checked, conv: ConvChoice, kernels: bool) -> Result<Predicted, String> {
        let trained = optimise(net, Purpose::Training, &Choice::All)?;
        Ok(Predicted { plan: plan(trained.net()), conv, kernels })
    }

    /// Its memory at its peak.
    pub fn footprint(&self, load: Workload) -> Footprint {
        let kernels = self.kernels && matches!(load.precision, Precision::Fp32 | Precision::Bf16);
        let means =
            ScheduleOptions { purpose: Purpose::Training, kernels, without: &Disabled::default() };
        let assumed =
            |op: &_, image| Ok::<_, Infallible>((self.conv.assumed(op, image, load), None));
        let Ok(schedule) = Schedule::new(&self.plan, means, assumed);
        schedule.footprint(&self.plan, load)
    }

    /// The most images of a batch, up to those of `load`, whose step needs at most so many bytes; 0
    /// if one image is too many.
    pub fn most_images(&self, load: Workload, bytes: u64) -> u64 {
        let fits = |images| self.footprint(Workload { images, ..load }).total() <= bytes;
        let (mut most, mut beyond) = (0, load.images.saturating_add(1));
        while most + 1 < beyond {
            let middle = most + (beyond - most) / 2;
            if fits(middle) { most = middle } else { beyond = middle }
        }
        most
    }
}
