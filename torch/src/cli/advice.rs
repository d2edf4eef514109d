//! What to do after a training that failed.

use std::path::Path;

use netc::check::Checked;
use netc::cli::difference::difference;
use netc::cli::net::memory::MemoryEstimate;
use netc::cli::out::{note, quoted};
use netc::limits::MAX_PREDICTED_NODES;
use netc::lower::{ConvChoice, Precision};
use netc::recipe::Recipe;
use netc::run::{Method, RunError, RunFolder, RunInfo};
use tch::Device;

use crate::lower::cuda;
use crate::run::Machine;

/// An error of a run's folder, and what to do about it.
pub(super) fn advice(error: &RunError, run: &Path) -> String {
    let elsewhere = "train into another folder with --output";
    let help = match error {
        RunError::Finished(_) => elsewhere.into(),
        RunError::Unfinished(path) => {
            format!("go on with it: netc train --resume {}; or {elsewhere}", quoted(path.display()))
        }
        RunError::Moved(_) => "it was moved or removed while the training went on; what is there \
             now was left as it is"
            .into(),
        RunError::NotBegun(_) => "start it again with the command that began it; it may use the \
             same folder"
            .into(),
        RunError::Busy(_) => format!("wait until it is over, or {elsewhere}"),
        RunError::Occupied { .. } => {
            format!("{elsewhere}, an empty one or one that is not there yet")
        }
        RunError::OtherData { .. } | RunError::TooFew { .. } => format!(
            "where they are now: netc train --resume {} --data DATA; or train anew with the ones that are there",
            quoted(run.display())
        ),
        RunError::OtherBits { .. } => {
            "go on where it was begun (`OMP_NUM_THREADS` sets the threads), or train anew".into()
        }
        RunError::NotInLog { path, .. } => format!(
            "put {} back as it was, or train anew: {elsewhere}",
            path.with_file_name(RunFolder::LOG).display()
        ),
        RunError::Damaged { .. } => {
            format!("put the file back as it was, or train anew: {elsewhere}")
        }
        _ => return error.to_string(),
    };
    format!("{error}\nhelp: {help}")
}

/// The images to use for a run: those asked for, else those that it was trained on. A note says if
/// these are no longer where they were.
pub(super) fn data_of_run(
    asked: Option<&str>,
    info: &RunInfo,
    command: &str,
) -> Result<String, String> {
    if let Some(asked) = asked {
        return Ok(asked.into());
    }
    let found = info.images().ok_or_else(|| unnamed_data(info, command))?;
    if let Some(path) = info.data_path.as_ref().filter(|path| *path != Path::new(&found)) {
        note(&format!("the run was trained on {}: looking for {found} instead", path.display()));
    }
    Ok(found)
}

/// Why the images of a run are not opened, and the command that opens them.
fn unnamed_data(info: &RunInfo, command: &str) -> String {
    let path = info.data_path.as_ref().map_or_else(|| "DATA".into(), |path| quoted(path.display()));
    format!(
        "where the images are is taken from a run's folder only if netc wrote it here for you, and they are still there\n\
         help: name them: {command} --data {path}"
    )
}

/// Refuses a step of so many images that is predicted not to fit into this machine's memory: the
/// machine would stand still for long before the step fails.
pub(super) fn enough_memory(
    net: &Checked,
    images: usize,
    conv: ConvChoice,
    machine: Machine,
) -> Result<(), String> {
    if machine.device.is_cuda() || net.order().len() > MAX_PREDICTED_NODES {
        return Ok(());
    }
    let step = MemoryEstimate::of_step(net, images as u64, machine.precision, conv);
    step.and_then(|step| step.refusal()).map_or(Ok(()), Err)
}

/// A training that failed.
pub(super) struct Failed<'a> {
    pub net: &'a Checked,
    pub recipe: &'a Recipe,
    pub method: &'a Method,
    pub machine: Machine,
    pub out: &'a Path,
}

impl Failed<'_> {
    /// An error, and how to continue after it.
    pub(super) fn advice(&self, error: &RunError) -> String {
        match error {
            RunError::Rank { .. } if self.checkpoint().is_some() => format!(
                "{error}\nthe run goes on from its last checkpoint, with any number of ranks: netc train --resume {}",
                self.out.display()
            ),
            RunError::Diverged { .. } | RunError::NotFinite { .. } => self.diverged(error),
            RunError::Changed { path, what, was, is } => format!(
                "{error}\n{}help: put the {what} back as it was in {}, or train anew into another folder",
                difference(what, was, is),
                path.parent().unwrap_or(self.out).display()
            ),
            RunError::Torch(failed) if failed.is_out_of_memory() => self.out_of_memory(error),
            other => advice(other, self.out),
        }
    }

    /// The last checkpoint, if there is one.
    fn checkpoint(&self) -> Option<String> {
        let path = self.out.join(RunFolder::CHECKPOINT);
        path.exists().then(|| path.display().to_string())
    }

    fn diverged(&self, error: &RunError) -> String {
        let mut text = error.to_string();
        if let Some(checkpoint) = self.checkpoint() {
            text += &format!("\nthe checkpoint before it: {checkpoint}");
        }
        text += "\nhelp: a lower `peak_lr` in --recipe";
        if self.machine.precision == Precision::Fp16 {
            text += "; or --precision bf16 or fp32: in fp16 numbers end at 65504";
        }
        text
    }

    fn out_of_memory(&self, error: &RunError) -> String {
        let images = self.recipe.batch_size as u64;
        let precision = self.machine.precision;
        let plan = match self.machine.device {
            Device::Cuda(gpu) => {
                MemoryEstimate::on_gpu(self.net, images, precision, cuda::memory(gpu))
            }
            _ => MemoryEstimate::of_step(self.net, images, precision, self.method.conv),
        };
        let plan = plan.map_or(String::new(), |memory| format!("\n{}", memory.line()));
        format!(
            "{error}\nmemory ran out{plan}\nhelp: a smaller `batch_size` in --recipe, or end other programs"
        )
    }
}
