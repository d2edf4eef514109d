use serde::Serialize;

use crate::check::Checked;
use crate::cli::net::args::CheckArgs;
use crate::cli::out::{bytes, thousands};
use crate::limits::MAX_PREDICTED_NODES;
use crate::lower::{ConvChoice, Precision, Predicted, Processor, Workload, cpu};
use crate::recipe::Recipe;
use crate::run::machine_memory;

/// The memory that a training step of a net is predicted to need on a CPU.
#[derive(Debug, Serialize)]
pub struct MemoryEstimate {
    bytes: u64,
    images: u64,
    precision: String,
    /// The largest batch that fits into this machine, if it is smaller.
    most_images: Option<u64>,
}

impl MemoryEstimate {
    /// For the batch and precision of the command line, or else of a training on this machine.
    /// `None` if a pass breaks the net, or if it has more than [`MAX_PREDICTED_NODES`] nodes.
    pub fn of(net: &Checked, args: &CheckArgs) -> Option<MemoryEstimate> {
        if net.order().len() > MAX_PREDICTED_NODES {
            return None;
        }
        let recipe = Recipe::resolve(&net.graph().settings, None, None).0;
        let images = args.batch.unwrap_or(recipe.batch_size as u64);
        MemoryEstimate::of_step(net, images, args.precision.on_cpu(), args.conv)
    }

    /// For a given batch size.
    pub fn of_step(
        net: &Checked,
        images: u64,
        precision: Precision,
        conv: ConvChoice,
    ) -> Option<MemoryEstimate> {
        let load = Workload { images, precision, threads: threads() };
        let step = Predicted::new(net, conv, Processor::Cpu(cpu::Features::detect())).ok()?;
        let bytes = step.footprint(load).total();
        let machine = machine_memory().filter(|&machine| machine < bytes);
        let most_images = machine.map(|machine| step.most_images(load, machine));
        Some(MemoryEstimate { bytes, images, precision: precision.to_string(), most_images })
    }

    /// `1.2 GiB (512 images)`.
    pub fn short(&self) -> String {
        format!("{} ({} images)", bytes(self.bytes), thousands(self.images))
    }

    /// A line with the prediction, and the batch that would fit.
    pub fn line(&self) -> String {
        let MemoryEstimate { images, precision, .. } = self;
        let line = format!(
            "memory of a training step: {} ({} images in {precision})",
            bytes(self.bytes),
            thousands(*images)
        );
        match self.most_images {
            None => line,
            Some(0) => format!("{line}; on this machine not even one image fits"),
            Some(most) => format!("{line}; on this machine at most {} images fit", thousands(most)),
        }
    }
}

/// The number of threads that libtorch would use.
fn threads() -> usize {
    let asked = std::env::var("OMP_NUM_THREADS").ok().and_then(|text| text.parse().ok());
    asked.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from))
}
