//! Weights and buffers in a `safetensors` file, each under its node's path, fp32. Of a training that is
//! to go on, also what the optimiser remembers and what follows the weights, each under a prefix and its weight's name.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs;
use std::path::Path;

use safetensors::{Dtype, SafeTensors, View};
use serde_json::Value as Facts;
use tch::{Device, Kind, TchError, Tensor};

use super::RunError;
use super::folder::write_atomically;
use super::state::{Average, State};
use crate::lower::{At, TorchNet, Weight};

/// A tensor as the file holds it.
pub(super) struct Entry {
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl Entry {
    pub(super) fn floats(shape: Vec<usize>, values: &[f32]) -> Entry {
        Entry { dtype: Dtype::F32, shape, bytes: values.iter().flat_map(|x| x.to_le_bytes()).collect() }
    }

    pub(super) fn integers(shape: Vec<usize>, values: &[i64]) -> Entry {
        Entry { dtype: Dtype::I64, shape, bytes: values.iter().flat_map(|x| x.to_le_bytes()).collect() }
    }

    /// A tensor on any device as fp32, in the order of its dimensions.
    pub(super) fn of(tensor: &Tensor) -> Result<Entry, TchError> {
        let host = tensor.f_detach()?.f_to_device(Device::Cpu)?.f_to_kind(Kind::Float)?.f_contiguous()?;
        let mut values = vec![0.0f32; host.numel()];
        host.f_copy_data(&mut values, host.numel())?;
        Ok(Entry::floats(host.size().iter().map(|&d| d as usize).collect(), &values))
    }
}

impl View for &Entry {
    fn dtype(&self) -> Dtype {
        self.dtype
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        (&self.bytes).into()
    }

    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}

/// What stands before the names of the tensors that the optimiser remembers, the first and the second of a weight.
const OPTIMISER: [&str; 2] = ["optimiser/", "optimiser2/"];
/// Before those of the running mean of the weights, and of lookahead's slow weights.
const EMA: &str = "ema/";
const SLOW: &str = "slow/";

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

/// Like [`save`], with all else that training changes.
pub(super) fn save_state(path: &Path, state: &State, facts: Facts) -> Result<(), RunError> {
    let weights = state.net.weights().iter().map(|w| (w.name.clone(), &w.tensor));
    let more = more(state).into_iter().map(|(name, _, tensor)| (name, tensor));
    let entry = |(name, tensor): (String, &Tensor)| Ok((name.clone(), Entry::of(tensor).at(&name)?));
    write(path, weights.chain(more).map(entry).collect::<Result<_, RunError>>()?, Some(facts))
}

/// What training changes besides the net's weights: the name in the file, the weight it belongs to, the tensor.
fn more(state: &State) -> Vec<(String, &Weight, &Tensor)> {
    let mut all = Vec::new();
    for (weight, remembered) in state.net.trained().zip(state.optimiser.remembered()) {
        let named = OPTIMISER.iter().zip(remembered);
        all.extend(named.map(|(prefix, tensor)| (format!("{prefix}{}", weight.name), weight, tensor)));
    }
    for (prefix, average) in [(EMA, &state.ema), (SLOW, &state.slow)] {
        let tensors = average.iter().flat_map(|average| &average.0);
        let named = state.net.weights().iter().zip(tensors);
        all.extend(named.map(|(weight, tensor)| (format!("{prefix}{}", weight.name), weight, tensor)));
    }
    all
}

/// Reads what [`save_state`] wrote, and gives back its facts. On any difference nothing is changed but that lookahead begins or
/// not as in the file.
pub(super) fn load_state(path: &Path, state: &mut State) -> Result<Facts, RunError> {
    let bytes = fs::read(path).map_err(RunError::io(path))?;
    let refuse = |reason: String| RunError::Checkpoint { path: path.into(), reason };
    let file = SafeTensors::deserialize(&bytes).map_err(|error| refuse(error.to_string()))?;
    let begun = file.names().iter().any(|name| name.starts_with(SLOW));
    state.slow = begun.then(|| Average::of(&state.net)).transpose().at("lookahead")?;
    let mut all = Vec::new();
    for (name, weight, tensor) in more(state) {
        let values = tensor_of(&file, &name, weight).map_err(refuse)?;
        let values = Tensor::f_from_slice(&values).and_then(|t| t.f_reshape(&weight.dims)).at(&name)?;
        all.push((tensor, values));
    }
    let facts = SafeTensors::read_metadata(&bytes).ok();
    let facts = facts.and_then(|(_, m)| serde_json::from_str(m.metadata().as_ref()?.get("netc")?).ok());
    let facts = facts.ok_or_else(|| refuse("it does not say which epoch it is of".into()))?;
    read(path, &file, &state.net, "")?;
    for (tensor, values) in all {
        tch::no_grad(|| tensor.shallow_clone().f_copy_(&values)).at("the state of the training")?;
    }
    Ok(facts)
}

/// The numbers of a tensor of a file, which must have the shape of a weight.
fn tensor_of(file: &SafeTensors, name: &str, weight: &Weight) -> Result<Vec<f32>, String> {
    let found = file.tensor(name).map_err(|_| format!("it lacks `{name}`"))?;
    if found.dtype() != Dtype::F32 || found.shape() != shape(weight) {
        let (dims, dtype) = (found.shape(), found.dtype());
        return Err(format!("expected `{name}` as F32 {:?}, got {dtype:?} {dims:?}", weight.dims));
    }
    Ok(floats(found.data()))
}

/// Writes tensors by name.
pub(super) fn write(
    path: &Path,
    entries: Vec<(String, Entry)>,
    facts: Option<Facts>,
) -> Result<(), RunError> {
    // One key: a map of several would come in another order each time.
    let metadata = facts.map(|facts| HashMap::from([("netc".to_string(), facts.to_string())]));
    let bytes = safetensors::serialize(entries.iter().map(|(name, entry)| (name, entry)), metadata)
        .map_err(|error| RunError::Checkpoint { path: path.into(), reason: error.to_string() })?;
    write_atomically(path, &bytes)
}

/// Reads every weight and buffer of a net; of a training that keeps a running mean of them, that mean. The file must have
/// exactly its names, shapes and fp32, and may have the state of a training; on any difference the net is unchanged.
///
/// # Errors
/// A file that cannot be read or differs; the first difference is named.
pub fn load(path: &Path, net: &TorchNet) -> Result<(), RunError> {
    let bytes = fs::read(path).map_err(RunError::io(path))?;
    let refuse = |reason: String| RunError::Checkpoint { path: path.into(), reason };
    let file = SafeTensors::deserialize(&bytes).map_err(|error| refuse(error.to_string()))?;
    let mean = file.names().iter().any(|name| name.starts_with(EMA));
    read(path, &file, net, if mean { EMA } else { "" })
}

/// Reads the weights and buffers under a prefix.
fn read(path: &Path, file: &SafeTensors, net: &TorchNet, prefix: &str) -> Result<(), RunError> {
    let refuse = |reason: String| RunError::Checkpoint { path: path.into(), reason };
    if let Some(extra) = extra(file, net) {
        return Err(refuse(format!("it has a tensor `{extra}` that the net lacks")));
    }
    let mut all = Vec::new();
    for weight in net.weights() {
        all.push(tensor_of(file, &format!("{prefix}{}", weight.name), weight).map_err(refuse)?);
    }
    for (weight, values) in net.weights().iter().zip(all) {
        weight.set_values(&values).at(&weight.name)?;
    }
    Ok(())
}

fn shape(weight: &Weight) -> Vec<usize> {
    weight.dims.iter().map(|&d| d as usize).collect()
}

/// The first name, in alphabetical order, that the net does not know.
fn extra(file: &SafeTensors, net: &TorchNet) -> Option<String> {
    let mut extra: Vec<&str> =
        file.names().into_iter().filter(|name| !net.weights().iter().any(|w| w.name == *name)).collect();
    let state = [OPTIMISER[0], OPTIMISER[1], EMA, SLOW];
    extra.retain(|name| !state.iter().any(|prefix| name.starts_with(prefix)));
    extra.sort_unstable();
    extra.first().map(|name| name.to_string())
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    let words = bytes.chunks_exact(4);
    words.map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
}
