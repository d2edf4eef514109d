//! Short labels of ops, for drawings.

use crate::graph::Value;

/// The name, and the first argument if it is given.
pub(super) fn plain(name: &str, arguments: &[Option<Value>]) -> String {
    match arguments.first() {
        Some(Some(value)) => format!("{name} {}", short(value)),
        _ => name.into(),
    }
}

fn short(value: &Value) -> String {
    match value {
        Value::Float(number) => number.to_string(),
        Value::List(sizes) => sizes.iter().map(Value::to_string).collect::<Vec<_>>().join("×"),
        value => value.to_string(),
    }
}

/// The kernel, and the stride if it is not `usual`: `conv 128 3×3 /2`.
pub(super) fn window(name: &str, kernel: [u64; 2], stride: [u64; 2], usual: [u64; 2]) -> String {
    let text = format!("{name} {}", pair(kernel));
    if stride == usual { text } else { format!("{text} /{}", square(stride)) }
}

pub(super) fn pair([h, w]: [u64; 2]) -> String {
    format!("{h}×{w}")
}

pub(super) fn square([h, w]: [u64; 2]) -> String {
    if h == w { h.to_string() } else { pair([h, w]) }
}
