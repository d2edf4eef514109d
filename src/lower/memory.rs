use std::convert::Infallible;

use super::{
    ConvChoice, Disabled, Footprint, KernelSet, Plan, Precision, Reason, Schedule, ScheduleOptions,
    Workload, cpu, plan,
};
use crate::check::Checked;
use crate::passes::{Choice, PassError, Purpose, optimise};

/// A training step whose memory can be predicted without running it.
#[derive(Debug)]
pub struct Predicted {
    plan: Plan,
    conv: ConvChoice,
    processor: Processor,
}

/// What a step runs on.
#[derive(Debug, Clone, Copy)]
pub enum Processor {
    /// A CPU with these features, with netc's kernels where [it runs them](cpu::runs_kernels).
    Cpu(cpu::Features),
    /// A GPU, with netc's kernels for it. cuDNN's workspaces are not counted.
    Cuda,
}

impl Processor {
    fn features(self) -> cpu::Features {
        match self {
            Processor::Cpu(features) => features,
            Processor::Cuda => cpu::Features::NONE,
        }
    }

    fn kernels(self, precision: Precision) -> KernelSet {
        match self {
            Processor::Cpu(features) if cpu::runs_kernels(features, precision) => KernelSet::Cpu,
            Processor::Cuda if precision != Precision::Fp64 => KernelSet::Cuda,
            Processor::Cpu(_) | Processor::Cuda => KernelSet::None,
        }
    }
}

impl Predicted {
    /// The step of a net, with all passes. Where a training would time convolutions, the algorithm
    /// that takes more memory is assumed.
    ///
    /// # Errors
    /// A pass whose result fails the check: a bug in the pass.
    pub fn new(
        net: &Checked,
        conv: ConvChoice,
        processor: Processor,
    ) -> Result<Predicted, PassError> {
        let trained = optimise(net, Purpose::Training, &Choice::All)?;
        Ok(Predicted { plan: plan(trained.net()), conv, processor })
    }

    /// Its peak memory.
    pub fn footprint(&self, load: Workload) -> Footprint {
        let kernels = self.processor.kernels(load.precision);
        let options =
            ScheduleOptions { purpose: Purpose::Training, kernels, without: &Disabled::default() };
        let assumed = |op: &_, image, _| {
            Ok::<_, Infallible>((self.conv.assumed(op, image, load), Reason::Rule))
        };
        let Ok(schedule) = Schedule::new(&self.plan, options, assumed);
        schedule.footprint(&self.plan, load, self.processor.features())
    }

    /// The largest batch, up to that of `load`, whose step needs at most `bytes`; 0 if even one
    /// image needs more.
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
