//! Weights that a model keeps in files beside it.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::path::Path;

use prost::bytes::Bytes;

use crate::disk::{Folder, found};
use crate::onnx::proto::tensor_proto::DataLocation;
use crate::onnx::proto::{ModelProto, TensorProto};

use super::constant;
use super::error::{ImportError, shown};
use super::read::MAX_FILE;

/// The files that were read so far.
struct Files<'f> {
    folder: Option<&'f Path>,
    read: HashMap<String, Bytes>,
    /// How many bytes more may be read.
    left: u64,
}

/// Puts the weights that are in files of `folder` into a model of `length` bytes, and returns its
/// length with them.
pub(super) fn embed(
    model: &mut ModelProto,
    folder: Option<&Path>,
    length: u64,
) -> Result<u64, ImportError> {
    let left = MAX_FILE.saturating_sub(length);
    let mut files = Files { folder, read: HashMap::new(), left };
    let graph = model.graph.iter_mut();
    let tensors = graph.flat_map(|graph| {
        let attributes = graph.node.iter_mut().flat_map(|node| &mut node.attribute);
        graph.initializer.iter_mut().chain(attributes.filter_map(|attribute| attribute.t.as_mut()))
    });
    let outside = |tensor: &&mut TensorProto| tensor.data_location() == DataLocation::External;
    for tensor in tensors.filter(outside) {
        let Some(bytes) = constant::bytes(tensor).map_err(ImportError::Malformed)? else {
            continue;
        };
        tensor.raw_data = Some(files.range(tensor, bytes)?);
        tensor.data_location = None;
    }
    Ok(length + (left - files.left))
}

impl Files<'_> {
    /// The `bytes` of a tensor.
    fn range(&mut self, tensor: &TensorProto, bytes: u64) -> Result<Bytes, ImportError> {
        let entry = |key: &str| tensor.external_data.iter().find(|entry| entry.key() == key);
        let Some(name) = entry("location").map(|entry| entry.value()) else {
            let name = shown(tensor.name());
            let what = format!("the tensor `{name}` is in a file that it does not name");
            return Err(ImportError::Malformed(what));
        };
        let wrong = |what: String| ImportError::Beside {
            tensor: shown(tensor.name()),
            file: shown(name),
            what,
        };
        let number = |key: &str, default: u64| match entry(key).map(|entry| entry.value()) {
            None => Ok(default),
            Some(text) => {
                text.parse::<u64>().map_err(|_| wrong(format!("its {key} is {:?}", shown(text))))
            }
        };
        let (offset, length) = (number("offset", 0)?, number("length", bytes)?);
        if length != bytes {
            let dims = &tensor.dims;
            return Err(wrong(format!("{length} bytes, where its sizes {dims:?} take {bytes}")));
        }
        let file = self.file(name).map_err(wrong)?;
        let whole = file.len();
        let end = offset.checked_add(length).filter(|&end| end <= whole as u64);
        let end = end.ok_or_else(|| {
            wrong(format!("{length} bytes at {offset}, where the file ends at {whole}"))
        })?;
        Ok(file.slice(offset as usize..end as usize))
    }

    /// A file by its name.
    fn file(&mut self, name: &str) -> Result<Bytes, String> {
        if let Some(file) = self.read.get(name) {
            return Ok(file.clone());
        }
        let folder = self.folder.ok_or("the model's folder is not known")?;
        if name.is_empty() || name.contains(['/', '\\']) {
            return Err("which is no name of a file in the model's folder".into());
        }
        let bytes = Folder::open(folder).and_then(|folder| folder.read(name, self.left));
        let bytes = bytes.map_err(|error| match error.kind() {
            ErrorKind::FileTooLarge => format!("with it the model has more than {MAX_FILE} bytes"),
            _ => found(&error),
        })?;
        self.left -= bytes.len() as u64;
        let file = Bytes::from(bytes);
        self.read.insert(name.to_owned(), file.clone());
        Ok(file)
    }
}
