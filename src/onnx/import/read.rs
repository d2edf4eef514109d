//! Decoding a file into messages, within limits.

use prost::Message as _;
use prost::bytes::Bytes;

use crate::onnx::proto::ModelProto;

/// The maximum size of a file: the largest size of a protobuf message.
pub const MAX_FILE: u64 = i32::MAX as u64;
/// The memory that the messages of a file may take beyond four times its length.
const MAX_OVERHEAD: u64 = 256 << 20;
/// The maximum nesting depth of messages.
const MAX_DEPTH: usize = 24;
/// Upper bounds of the memory for a message, for an empty string, and for a separate number.
const MESSAGE: u64 = 2048;
const TEXT: u64 = 64;
const NUMBER: u64 = 16;

/// Decodes a model whose messages would not take more memory than its length explains.
pub(super) fn read(bytes: Vec<u8>) -> Result<ModelProto, String> {
    let length = bytes.len() as u64;
    if length > MAX_FILE {
        return Err(format!("it has {length} bytes, more than {MAX_FILE}"));
    }
    let most = length.saturating_mul(4).saturating_add(MAX_OVERHEAD);
    let mut left = most;
    measure(&bytes, Content::Model, 0, &mut left)?;
    ModelProto::decode(Bytes::from(bytes)).map_err(|error| error.to_string())
}

/// The messages that a file can have in large numbers. The content of others is counted as if it
/// consisted of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Content {
    Model,
    Graph,
    Node,
    Attribute,
    ValueInfo,
    Tensor,
    Entry,
    /// Text or bytes.
    Text,
    /// Packed numbers.
    Packed,
    Other,
}

impl Content {
    /// The kind of a field of this message, by its number in the schema.
    fn field(self, number: u64) -> Content {
        match (self, number) {
            (Content::Model, 7) | (Content::Attribute, 6 | 11) => Content::Graph,
            (Content::Model, 14) | (Content::Graph, 16) | (Content::Node, 9) => Content::Entry,
            (Content::ValueInfo, 4) | (Content::Tensor, 13 | 16) => Content::Entry,
            (Content::Graph, 1) => Content::Node,
            (Content::Graph, 5) | (Content::Attribute, 5 | 10) => Content::Tensor,
            (Content::Graph, 11..=13) => Content::ValueInfo,
            (Content::Node, 5) => Content::Attribute,
            (Content::Attribute, 7 | 8) | (Content::Tensor, 1 | 4 | 5 | 7 | 10 | 11) => {
                Content::Packed
            }
            (Content::Model, 2..=4 | 6) | (Content::Graph, 2 | 10) | (Content::Node, 1..=8) => {
                Content::Text
            }
            (Content::Attribute, 1 | 4 | 9 | 13 | 21) | (Content::ValueInfo, 1 | 3) => {
                Content::Text
            }
            (Content::Tensor, 6 | 8 | 9 | 12) | (Content::Entry, 1 | 2) => Content::Text,
            _ => Content::Other,
        }
    }
}

/// Subtracts the cost of a message's fields from `left`.
fn measure(mut bytes: &[u8], content: Content, depth: usize, left: &mut u64) -> Result<(), String> {
    if depth > MAX_DEPTH {
        return Err(format!("messages lie more than {MAX_DEPTH} deep in one another"));
    }
    while !bytes.is_empty() {
        let key = varint(&mut bytes)?;
        let skip = match key & 7 {
            0 => {
                varint(&mut bytes)?;
                0
            }
            1 => 8,
            5 => 4,
            2 => usize::try_from(varint(&mut bytes)?).unwrap_or(usize::MAX),
            other => return Err(format!("a field of wire type {other}")),
        };
        let Some((field, rest)) = bytes.split_at_checked(skip) else {
            return Err(format!("a field of {skip} bytes where {} are left", bytes.len()));
        };
        bytes = rest;
        let within = if key & 7 == 2 { content.field(key >> 3) } else { Content::Packed };
        let length = field.len() as u64;
        let cost = match within {
            Content::Text => TEXT + length,
            Content::Packed => NUMBER + length.saturating_mul(8),
            Content::Other => MESSAGE.saturating_mul(1 + length / 2),
            _ => MESSAGE,
        };
        *left = left
            .checked_sub(cost)
            .ok_or("its messages would take far more memory than its length explains")?;
        if !matches!(within, Content::Text | Content::Packed | Content::Other) {
            measure(field, within, depth + 1, left)?;
        }
    }
    Ok(())
}

fn varint(bytes: &mut &[u8]) -> Result<u64, String> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first().ok_or("it ends in the middle of a number")?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok(value);
        }
    }
    Err("a number of more than ten bytes".into())
}
