//! Weights and buffers in a `safetensors` file, each under its node's path, fp32. Of a training that is
//! to go on, also the optimiser's velocities, each under `optimiser/` and its weight's name.

use std::path::{Path, PathBuf};

use serde_json::Value as Facts;
use tch::{Device, Kind, TchError, Tensor};

use super::folder::write_atomically;
pub(super) use super::sealed::Entry;
use super::sealed::{Opened, open, seal};
use super::{RunError, Sgd};
use crate::disk;
use crate::limits::MAX_CHECKPOINT_BYTES;
use crate::lower::{At, TorchNet, Weight};

impl Entry {
    /// A tensor on any device as fp32, in the order of its dimensions.
    pub(super) fn of(tensor: &Tensor) -> Result<Entry, TchError> {
        let host = tensor.f_detach()?.f_to_device(Device::Cpu)?.f_to_kind(Kind::Float)?.f_contiguous()?;
        let mut values = vec![0.0f32; host.numel()];
        host.f_copy_data(&mut values, host.numel())?;
        Ok(Entry::floats(host.size().iter().map(|&d| d as usize).collect(), &values))
    }
}

/// What stands before the names of the optimiser's tensors.
const OPTIMISER: &str = "optimiser/";

/// Writes every weight and buffer of a net, and `facts` as JSON under the metadata key `netc`. The same
/// content gives the same bytes. A reader finds the old file or the new one, never a part.
///
/// # Errors
/// A file that cannot be written.
pub fn save(path: &Path, net: &TorchNet, facts: Option<Facts>) -> Result<(), RunError> {
    let entry = |w: &Weight| Ok((w.name.clone(), Entry::of(&w.tensor).at(&w.name)?));
    let entries = net.weights().iter().map(entry).collect::<Result<_, RunError>>()?;
    write(path, entries, facts)
}

/// Like [`save`], with the state of the optimiser. The checkpoint before it is kept beside it.
pub(super) fn save_state(path: &Path, net: &TorchNet, optimiser: &Sgd, facts: Facts) -> Result<(), RunError> {
    let entry = |name: String, tensor: &Tensor| Ok((name.clone(), Entry::of(tensor).at(&name)?));
    let weights = net.weights().iter().map(|w| entry(w.name.clone(), &w.tensor));
    let velocities = net.trained().zip(optimiser.velocities());
    let velocities = velocities.map(|(w, tensor)| entry(format!("{OPTIMISER}{}", w.name), tensor));
    let entries = weights.chain(velocities).collect::<Result<_, RunError>>()?;
    let before = before(path);
    disk::keep(path, &before).map_err(RunError::io(&before))?;
    write(path, entries, Some(facts))
}

/// Where the checkpoint before the last one is kept.
pub(super) fn before(path: &Path) -> PathBuf {
    path.with_extension("before.safetensors")
}

/// Puts the checkpoint before the last one in its place.
pub(super) fn put_back(path: &Path) -> Result<(), RunError> {
    write_atomically(path, &bytes(&before(path))?)
}

/// Reads what [`save_state`] wrote, and gives back its facts. The weights of a training whose `epochs` are all
/// done have no optimiser beside them. On any difference nothing is changed.
pub(super) fn load_state(
    path: &Path,
    net: &TorchNet,
    optimiser: &Sgd,
    epochs: u32,
) -> Result<Facts, RunError> {
    let bytes = bytes(path)?;
    let refuse = |reason: String| RunError::Checkpoint { path: path.into(), reason };
    let file = opened(path, &bytes)?;
    let facts = file.facts.clone();
    let facts = facts.ok_or_else(|| RunError::Damaged {
        path: path.into(),
        reason: "it does not say which epoch it is of".into(),
    })?;
    let mut velocities = Vec::new();
    for (weight, tensor) in net.trained().zip(optimiser.velocities()) {
        if facts["epochs"] == epochs {
            break;
        }
        let name = format!("{OPTIMISER}{}", weight.name);
        let values = file.floats(&name, &weight.dims).map_err(refuse)?;
        velocities
            .push((tensor, Tensor::f_from_slice(&values).and_then(|t| t.f_reshape(&weight.dims)).at(&name)?));
    }
    put(&file, path, net)?;
    for (tensor, values) in velocities {
        tch::no_grad(|| tensor.shallow_clone().f_copy_(&values)).at("the optimiser")?;
    }
    Ok(facts)
}

/// Writes tensors by name.
pub(super) fn write(
    path: &Path,
    entries: Vec<(String, Entry)>,
    facts: Option<Facts>,
) -> Result<(), RunError> {
    let bytes = seal(&entries, facts.as_ref())
        .map_err(|reason| RunError::Checkpoint { path: path.into(), reason })?;
    write_atomically(path, &bytes)
}

/// Reads every weight and buffer of a net. The file must have exactly its names, shapes and fp32, and may
/// have an optimiser's state; on any difference the net is unchanged.
///
/// # Errors
/// A file that cannot be read, is damaged or differs; the first difference is named.
pub fn load(path: &Path, net: &TorchNet) -> Result<(), RunError> {
    let bytes = bytes(path)?;
    put(&opened(path, &bytes)?, path, net)
}

fn bytes(path: &Path) -> Result<Vec<u8>, RunError> {
    disk::read(path, MAX_CHECKPOINT_BYTES).map_err(RunError::io(path))
}

fn opened<'b>(path: &Path, bytes: &'b [u8]) -> Result<Opened<'b>, RunError> {
    open(bytes).map_err(|reason| RunError::Damaged { path: path.into(), reason })
}

fn put(file: &Opened<'_>, path: &Path, net: &TorchNet) -> Result<(), RunError> {
    let refuse = |reason: String| RunError::Checkpoint { path: path.into(), reason };
    let known = |name: &str| name.starts_with(OPTIMISER) || net.weights().iter().any(|w| w.name == name);
    if let Some(extra) = file.names().into_iter().find(|name| !known(name)) {
        return Err(refuse(format!("it has a tensor `{extra}` that the net lacks")));
    }
    let mut all = Vec::new();
    for weight in net.weights() {
        all.push(file.floats(&weight.name, &weight.dims).map_err(refuse)?);
    }
    for (weight, values) in net.weights().iter().zip(all) {
        weight.set_values(&values).at(&weight.name)?;
    }
    Ok(())
}
