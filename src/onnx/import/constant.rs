//! Tensors in a model.

use crate::limits::{MAX_ELEMENTS, MAX_RANK};
use crate::onnx::proto::TensorProto;
use crate::onnx::proto::tensor_proto::DataType;

use super::error::{Fault, Result, shown};

/// The values of a tensor and its sizes.
#[derive(Debug, Clone)]
pub(super) struct Constant {
    pub dims: Vec<u64>,
    pub data: Data,
}

/// Values of the supported types.
#[derive(Debug, Clone)]
pub(super) enum Data {
    Floats(Vec<f32>),
    Integers(Integer, Vec<i64>),
}

/// A type of whole numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Integer {
    /// 0 and 1.
    Bool,
    Int32,
    Int64,
}

impl Integer {
    /// The number of this type that a result wraps around to.
    pub fn wrapped(self, x: i64) -> i64 {
        match self {
            Integer::Bool => i64::from(x != 0),
            Integer::Int32 => i64::from(x as i32),
            Integer::Int64 => x,
        }
    }
}

impl Constant {
    /// The content of a message; its sizes must match its data.
    pub fn read(tensor: &TensorProto) -> Result<Constant> {
        if tensor.segment.is_some() {
            return Err(Fault::Unsupported("a tensor in segments".into()));
        }
        let (dims, count) = extent(tensor).map_err(Fault::Malformed)?;
        let kind = kind(tensor);
        let data = match kind {
            DataType::Float => Data::Floats(match &tensor.raw_data {
                Some(raw) => words(raw).map(f32::from_le_bytes).collect(),
                None => tensor.float_data.clone(),
            }),
            DataType::Int64 => Data::Integers(
                Integer::Int64,
                match &tensor.raw_data {
                    Some(raw) => words(raw).map(i64::from_le_bytes).collect(),
                    None => tensor.int64_data.clone(),
                },
            ),
            DataType::Int32 => Data::Integers(
                Integer::Int32,
                match &tensor.raw_data {
                    Some(raw) => words(raw).map(|word| i32::from_le_bytes(word).into()).collect(),
                    None => tensor.int32_data.iter().map(|&i| i.into()).collect(),
                },
            ),
            DataType::Bool => Data::Integers(
                Integer::Bool,
                match &tensor.raw_data {
                    Some(raw) => raw.iter().map(|&byte| i64::from(byte != 0)).collect(),
                    None => tensor.int32_data.iter().map(|&i| i64::from(i != 0)).collect(),
                },
            ),
            other => {
                let kind = other.as_str_name().to_lowercase();
                return Err(Fault::Unsupported(format!("a tensor of {kind}; export in fp32")));
            }
        };
        let size = size_of(kind).unwrap_or(1) as usize;
        let whole = tensor.raw_data.as_ref().is_none_or(|raw| raw.len() % size == 0);
        let constant = Constant { dims, data };
        if !whole || constant.len() as u64 != count {
            let dims = &constant.dims;
            let what = format!("has {} numbers for its sizes {dims:?}", constant.len());
            return Err(Fault::Malformed(wrong(tensor, &what)));
        }
        constant.within_limits()
    }

    /// The constant, if it has no more dimensions than a value of a net, and no sizes without
    /// values.
    pub fn within_limits(self) -> Result<Constant> {
        match self.dims.len() {
            ..=MAX_RANK => count(&self.dims).map(|_| self),
            rank => Err(Fault::Unsupported(format!("a tensor of {rank} dimensions"))),
        }
    }

    /// The number of values.
    pub fn len(&self) -> usize {
        match &self.data {
            Data::Floats(values) => values.len(),
            Data::Integers(_, values) => values.len(),
        }
    }

    /// Its single value, if it is an integer or a boolean.
    pub fn flag(&self) -> Option<bool> {
        match &self.data {
            Data::Integers(_, values) => {
                <[i64; 1]>::try_from(values.as_slice()).ok().map(|[x]| x != 0)
            }
            Data::Floats(_) => None,
        }
    }

    /// Its values, if they are fp32.
    pub fn floats(&self) -> Result<&[f32]> {
        match &self.data {
            Data::Floats(values) => Ok(values),
            Data::Integers(..) => {
                Err(Fault::Malformed("whole numbers where fp32 is expected".into()))
            }
        }
    }

    /// Its values, if they are integers.
    pub fn integers(&self) -> Result<&[i64]> {
        match &self.data {
            Data::Integers(_, values) => Ok(values),
            Data::Floats(_) => {
                Err(Fault::Malformed("fp32 where whole numbers are expected".into()))
            }
        }
    }

    /// Its single value.
    pub fn scalar(&self) -> Option<f32> {
        match &self.data {
            Data::Floats(values) => <[f32; 1]>::try_from(values.as_slice()).ok().map(|[x]| x),
            Data::Integers(..) => None,
        }
    }
}

impl Data {
    /// The values at these indices.
    pub fn at(&self, places: impl Iterator<Item = usize>) -> Data {
        match self {
            Data::Floats(values) => Data::Floats(places.map(|i| values[i]).collect()),
            Data::Integers(kind, values) => {
                Data::Integers(*kind, places.map(|i| values[i]).collect())
            }
        }
    }

    /// An empty array of the same type.
    pub fn empty(&self) -> Data {
        self.at(std::iter::empty())
    }
}

/// How many bytes the values of a tensor take, if they are of a supported type.
pub(super) fn bytes(tensor: &TensorProto) -> std::result::Result<Option<u64>, String> {
    let Some(size) = size_of(kind(tensor)) else { return Ok(None) };
    extent(tensor).map(|(_, count)| Some(count * size))
}

/// The sizes of a tensor, and how many values it has.
fn extent(tensor: &TensorProto) -> std::result::Result<(Vec<u64>, u64), String> {
    let size =
        |&d: &i64| u64::try_from(d).map_err(|_| wrong(tensor, &format!("has a size of {d}")));
    let dims: Vec<u64> = tensor.dims.iter().map(size).collect::<std::result::Result<_, _>>()?;
    let count = elements(&dims).map_err(|misfit| match misfit {
        Misfit::Empty => wrong(tensor, &format!("is empty, with sizes {dims:?}")),
        Misfit::TooLarge => wrong(tensor, "is too large"),
    })?;
    Ok((dims, count))
}

fn kind(tensor: &TensorProto) -> DataType {
    DataType::try_from(tensor.data_type()).unwrap_or(DataType::Undefined)
}

/// The bytes of a value of a supported type.
fn size_of(kind: DataType) -> Option<u64> {
    match kind {
        DataType::Float | DataType::Int32 => Some(4),
        DataType::Int64 => Some(8),
        DataType::Bool => Some(1),
        _ => None,
    }
}

fn wrong(tensor: &TensorProto, what: &str) -> String {
    format!("the tensor `{}` {what}", shown(tensor.name()))
}

/// How many values a tensor of these sizes has.
pub(super) fn count(dims: &[u64]) -> Result<u64> {
    elements(dims).map_err(|misfit| match misfit {
        Misfit::Empty => Fault::Malformed(format!("a tensor is empty, with sizes {dims:?}")),
        Misfit::TooLarge => Fault::Unsupported(format!("a constant of sizes {dims:?}, too large")),
    })
}

/// Why sizes are refused.
enum Misfit {
    Empty,
    TooLarge,
}

/// The same, or what is wrong. A tensor without values may have no other sizes, for which work
/// would be done.
fn elements(dims: &[u64]) -> std::result::Result<u64, Misfit> {
    match dims.iter().try_fold(1u64, |product, &d| product.checked_mul(d)) {
        Some(0) if dims.len() > 1 => Err(Misfit::Empty),
        Some(count @ ..=MAX_ELEMENTS) => Ok(count),
        _ => Err(Misfit::TooLarge),
    }
}

fn words<const N: usize>(raw: &[u8]) -> impl Iterator<Item = [u8; N]> {
    raw.chunks_exact(N).filter_map(|word| word.try_into().ok())
}
