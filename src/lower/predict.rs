use std::convert::Infallible;

use super::{
    ConvChoice, Disabled, Footprint, Plan, Schedule, ScheduleOptions, Workload, cpu, plan,
};
use crate::check::Checked;
use crate::passes::{Choice, Purpose, optimise};

/// A training step that is not there yet, to ask for its memory.
#[derive(Debug)]
pub struct Predicted {
    plan: Plan,
    conv: ConvChoice,
    features: cpu::Features,
}

impl Predicted {
    /// The step of a net, with all passes, on a processor with these features, by netc's kernels
    /// where [it runs them](cpu::runs_kernels). Of the convolutions that a training would time, the
    /// ones that take more memory are assumed to win.
    ///
    /// # Errors
    /// A pass that makes a net which does not check: a fault of the pass, in words.
    pub fn new(
        net: &Checked,
        conv: ConvChoice,
        features: cpu::Features,
    ) -> Result<Predicted, String> {
        let trained = optimise(net, Purpose::Training, &Choice::All)?;
        Ok(Predicted { plan: plan(trained.net()), conv, features })
    }

    /// Its memory at its peak.
    pub fn footprint(&self, load: Workload) -> Footprint {
        let kernels = cpu::runs_kernels(self.features, load.precision);
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
