//! Weights and buffers in a `safetensors` file, each under its node's path, in fp32, or in fp64 if
//! the net computes in it. For an unfinished training also the optimiser state and the averaged
//! weights, each under a prefix and the name of its weight.

use std::path::{Path, PathBuf};

use netc::disk::{self, Folder};
pub(in crate::run) use netc::lower::tensor_file::Entry;
use netc::lower::tensor_file::{
    self, EMA, OPTIMISER, SLOW, TensorFile, TensorFileError, Values, most_bytes, open,
};
use netc::run::write_atomically;
use netc::run::{RunError, RunFolder};
use serde::Serialize;
use tch::kind::Element;
use tch::{Device, Kind, TchError, Tensor};

use crate::lower::{At, TorchNet, Weight};
use crate::run::store::facts::Facts;
use crate::run::train::state::Average;
use crate::run::train::state::State;

/// For a file without facts about a training.
pub(in crate::run) const NO_FACTS: Option<&()> = None;

/// A tensor on any device as row-major fp32.
pub(in crate::run) fn entry(tensor: &Tensor) -> Result<Entry, TchError> {
    let (shape, values) = on_host(tensor, Kind::Float)?;
    Ok(Entry::floats(shape, &values))
}

/// The same without rounding: a tensor in fp64 stays so.
fn exact(tensor: &Tensor) -> Result<Entry, TchError> {
    if tensor.kind() != Kind::Double {
        return entry(tensor);
    }
    let (shape, values) = on_host(tensor, Kind::Double)?;
    Ok(Entry::doubles(shape, &values))
}

/// The shape and the numbers of a tensor, row-major.
fn on_host<T: Element + Default>(
    tensor: &Tensor,
    kind: Kind,
) -> Result<(Vec<usize>, Vec<T>), TchError> {
    let host = tensor.f_detach()?.f_to_device(Device::Cpu)?.f_to_kind(kind)?.f_contiguous()?;
    let mut values = vec![T::default(); host.numel()];
    host.f_copy_data(&mut values, host.numel())?;
    Ok((host.size().iter().map(|&d| d as usize).collect(), values))
}

/// Writes every weight and buffer of a net. The same content gives the same bytes. A reader finds
/// the old file or the new one, never a part.
///
/// # Errors
/// A file that cannot be written.
pub fn save(path: &Path, net: &TorchNet) -> Result<(), RunError> {
    write(path, weights(net)?, NO_FACTS)
}

/// Like [`save`], of a training that is over.
pub(in crate::run) fn save_trained(
    path: &Path,
    net: &TorchNet,
    facts: &Facts,
) -> Result<(), RunError> {
    write(path, weights(net)?, Some(facts))
}

/// Like [`save_trained`], with all else that training changes. The checkpoint before it is kept
/// beside it.
pub(in crate::run) fn save_state(
    path: &Path,
    state: &State,
    facts: &Facts,
) -> Result<(), RunError> {
    let mut entries = weights(&state.net)?;
    for (name, _, tensor) in more(state) {
        let entry = exact(tensor).at(&name)?;
        entries.push((name, entry));
    }
    let before = before(path);
    disk::keep(path, &before).map_err(RunError::io(&before))?;
    write(path, entries, Some(facts))
}

fn weights(net: &TorchNet) -> Result<Vec<(String, Entry)>, RunError> {
    net.weights().iter().map(|w| Ok((w.name.clone(), exact(&w.tensor).at(&w.name)?))).collect()
}

/// Where the checkpoint before the last one is kept.
pub(in crate::run) fn before(path: &Path) -> PathBuf {
    path.with_file_name(RunFolder::BEFORE)
}

/// Whether there is a previous checkpoint.
pub(in crate::run) fn has_before(path: &Path) -> bool {
    let before = before(path);
    let (folder, name) = parts(&before);
    Folder::open(folder).is_ok_and(|folder| folder.has(name))
}

/// Replaces the last checkpoint by the previous one.
pub(in crate::run) fn put_back(path: &Path, state: &State) -> Result<(), RunError> {
    write_atomically(path, &bytes_in_folder(&before(path), &state.net)?)
}

/// What training changes besides the net's weights: the name in the file, the weight it belongs to,
/// the tensor.
fn more(state: &State) -> Vec<(String, &Weight, &Tensor)> {
    let mut all = Vec::new();
    for (weight, remembered) in state.net.trained().zip(state.optimiser.remembered()) {
        let named = OPTIMISER.iter().zip(remembered);
        all.extend(
            named.map(|(prefix, tensor)| (format!("{prefix}{}", weight.name), weight, tensor)),
        );
    }
    for (prefix, average) in [(EMA, &state.ema), (SLOW, &state.slow)] {
        let tensors = average.iter().flat_map(|average| &average.0);
        let named = state.net.weights().iter().zip(tensors);
        all.extend(
            named.map(|(weight, tensor)| (format!("{prefix}{}", weight.name), weight, tensor)),
        );
    }
    all
}

/// Reads what [`save_state`] wrote, and returns its facts. If all `epochs` are done, the file may
/// have only the weights, as [`save`] wrote them. On any difference nothing is changed, except
/// that lookahead begins or not as in the file.
pub(in crate::run) fn load_state(
    path: &Path,
    state: &mut State,
    epochs: u32,
) -> Result<Facts, RunError> {
    let bytes = bytes_in_folder(path, &state.net)?;
    let file = opened(path, &bytes)?;
    let damaged = |reason: String| RunError::Damaged { path: path.into(), reason };
    let facts =
        file.facts.clone().ok_or_else(|| damaged("it does not say which epoch it is of".into()))?;
    let facts: Facts = serde_json::from_value(facts)
        .map_err(|e| damaged(format!("what it says of its training: {e}")))?;
    let names = file.names();
    if facts.epochs == epochs as usize && !names.iter().any(|name| name.starts_with(OPTIMISER[0])) {
        put(&file, path, &state.net, "")?;
        state.ema =
            state.ema.take().map(|_| Average::of(&state.net)).transpose().at("the running mean")?;
        return Ok(facts);
    }
    let begun = names.iter().any(|name| name.starts_with(SLOW));
    state.slow = begun.then(|| Average::of(&state.net)).transpose().at("lookahead")?;
    let refuse = |reason: String| RunError::Checkpoint { path: path.into(), reason };
    let mut all = Vec::new();
    for (name, weight, tensor) in more(state) {
        let values = stored(&file, &name, &weight.dims).map_err(|e| refuse(e.to_string()))?;
        all.push((tensor, values.at(&name)?));
    }
    put(&file, path, &state.net, "")?;
    for (tensor, values) in all {
        tch::no_grad(|| tensor.shallow_clone().f_copy_(&values)).at("the state of the training")?;
    }
    Ok(facts)
}

/// Writes tensors by name.
pub(in crate::run) fn write(
    path: &Path,
    entries: Vec<(String, Entry)>,
    facts: Option<&impl Serialize>,
) -> Result<(), RunError> {
    let refuse = |reason: String| RunError::Checkpoint { path: path.into(), reason };
    let facts = facts.map(serde_json::to_value).transpose().map_err(|e| refuse(e.to_string()))?;
    let bytes = tensor_file::write(&entries, facts.as_ref()).map_err(|e| refuse(e.to_string()))?;
    write_atomically(path, &bytes)
}

/// Reads every weight and buffer of a net, or their exponential moving average if the training
/// keeps one. The file must have exactly its names and shapes in fp32 or fp64, and may have the
/// state of a training; on any difference the net is unchanged.
///
/// # Errors
/// A file that cannot be read, is damaged or differs; the first difference is named.
pub fn load(path: &Path, net: &TorchNet) -> Result<(), RunError> {
    let bytes = disk::read(path, most(net)).map_err(RunError::io(path))?;
    let file = opened(path, &bytes)?;
    put(&file, path, net, file.eval_prefix())
}

/// Like [`load`], from a run's folder, in which no link is followed.
pub(in crate::run) fn load_of_run(run: &Path, net: &TorchNet) -> Result<(), RunError> {
    let bytes = RunFolder::read_checkpoint(run, most(net))?;
    let path = run.join(RunFolder::CHECKPOINT);
    let file = opened(&path, &bytes)?;
    put(&file, &path, net, file.eval_prefix())
}

/// Reads a file in a folder that may be untrusted.
fn bytes_in_folder(path: &Path, net: &TorchNet) -> Result<Vec<u8>, RunError> {
    let (folder, name) = parts(path);
    Folder::open(folder).and_then(|folder| folder.read(name, most(net))).map_err(RunError::io(path))
}

/// The folder and the name of a file.
fn parts(path: &Path) -> (&Path, &str) {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let name = path.file_name().and_then(|name| name.to_str());
    (folder.unwrap_or(Path::new(".")), name.unwrap_or_default())
}

/// The maximum size of a net's checkpoint in bytes.
fn most(net: &TorchNet) -> u64 {
    most_bytes(net.weights().iter().map(|weight| weight.tensor.numel() as u64).sum())
}

fn opened<'b>(path: &Path, bytes: &'b [u8]) -> Result<TensorFile<'b>, RunError> {
    open(bytes).map_err(|e| RunError::Damaged { path: path.into(), reason: e.to_string() })
}

/// Loads the weights and buffers under a prefix into a net.
fn put(file: &TensorFile<'_>, path: &Path, net: &TorchNet, prefix: &str) -> Result<(), RunError> {
    let refuse = |reason: String| RunError::Checkpoint { path: path.into(), reason };
    if let Some(extra) = file.extra(|name| net.weights().iter().any(|w| w.name == name)) {
        return Err(refuse(format!("it has a tensor `{extra}` that the net lacks")));
    }
    let mut all = Vec::new();
    for weight in net.weights() {
        let values = stored(file, &format!("{prefix}{}", weight.name), &weight.dims);
        all.push(values.map_err(|e| refuse(e.to_string()))?.at(&weight.name)?);
    }
    for (weight, values) in net.weights().iter().zip(all) {
        weight.adopt(&values).at(&weight.name)?;
    }
    Ok(())
}

/// A tensor of a file, in the precision that it is stored in.
fn stored(
    file: &TensorFile<'_>,
    name: &str,
    dims: &[i64],
) -> Result<Result<Tensor, TchError>, TensorFileError> {
    let values = match file.stored_values(name, dims)? {
        Values::Single(values) => Tensor::f_from_slice(&values),
        Values::Double(values) => Tensor::f_from_slice(&values),
    };
    Ok(values.and_then(|tensor| tensor.f_reshape(dims)))
}
