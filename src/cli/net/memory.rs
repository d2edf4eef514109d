use serde::Serialize;

use crate::check::Checked;
use crate::cli::net::check::args::CheckArgs;
use crate::cli::table::{bytes, thousands};
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
    /// The largest batch that fits, if it is smaller.
    most_images: Option<u64>,
    /// What it has to fit into.
    #[serde(skip)]
    place: &'static str,
}

impl MemoryEstimate {
    /// For the batch and precision of the command line, or else of a training on this machine.
    /// `None` if a pass breaks the net, or if it has more than [`MAX_PREDICTED_NODES`] nodes.
    pub fn of(net: &Checked, args: &CheckArgs) -> Option<MemoryEstimate> {
        if net.order().len() > MAX_PREDICTED_NODES {
            return None;
        }
        let recipe = Recipe::resolve(&net.graph().settings, &[]).0;
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
        let processor = Processor::Cpu(cpu::Features::detect());
        let step = Predicted::new(net, conv, processor).ok()?;
        Some(MemoryEstimate::within(&step, images, precision, machine_memory(), "this machine"))
    }

    /// For a given batch size on a GPU with this much memory, if that is known. The workspaces of
    /// cuDNN are not counted.
    pub fn on_gpu(
        net: &Checked,
        images: u64,
        precision: Precision,
        memory: Option<u64>,
    ) -> Option<MemoryEstimate> {
        let step = Predicted::new(net, ConvChoice::Library, Processor::Cuda).ok()?;
        Some(MemoryEstimate::within(&step, images, precision, memory, "this GPU"))
    }

    /// Whether the machine has as much.
    pub fn fits(&self) -> bool {
        self.most_images.is_none()
    }

    /// Why no step can be taken of it, and how to go on; `None` if it fits.
    pub fn refusal(&self) -> Option<String> {
        let help = match self.most_images?.checked_ilog2() {
            None => "a smaller net, or a machine with more memory".into(),
            Some(most) => format!(
                "a smaller batch, such as --recipe batch_size={}: libtorch itself and the data come on top",
                1_u64 << most
            ),
        };
        Some(format!("a step does not fit into memory\n{}\nhelp: {help}", self.line()))
    }

    fn within(
        step: &Predicted,
        images: u64,
        precision: Precision,
        memory: Option<u64>,
        place: &'static str,
    ) -> MemoryEstimate {
        let load = Workload { images, precision, threads: threads() };
        let bytes = step.footprint(load).total();
        let memory = memory.filter(|&memory| memory < bytes);
        let most_images = memory.map(|memory| step.most_images(load, memory));
        MemoryEstimate { bytes, images, precision: precision.to_string(), most_images, place }
    }

    /// `1.2 GiB`, or with a mark `! 112.0 GiB` if it does not fit.
    pub fn short(&self) -> String {
        let mark = if self.fits() { "" } else { "! " };
        format!("{mark}{}", bytes(self.bytes))
    }

    /// A line with the prediction, and the batch that would fit.
    pub fn line(&self) -> String {
        let MemoryEstimate { images, precision, place, .. } = self;
        let line = format!(
            "memory of a training step: {} ({} images in {precision})",
            bytes(self.bytes),
            thousands(*images)
        );
        match self.most_images {
            None => line,
            Some(0) => format!("{line}; on {place} not even one image fits"),
            Some(most) => format!("{line}; on {place} at most {} images fit", thousands(most)),
        }
    }
}

/// The number of threads that libtorch would use.
fn threads() -> usize {
    let asked = std::env::var("OMP_NUM_THREADS").ok().and_then(|text| text.parse().ok());
    asked.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from))
}
