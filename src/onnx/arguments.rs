//! Arguments of netc's ops as attributes of ONNX's.

/// Arguments for initialisation and training, which ONNX cannot represent.
pub(super) const OF_TRAINING: &[&str] = &["gamma", "beta", "init", "train_gamma", "train_weight"];

/// The shortest decimal that rounds to this fp32 value, which is most likely what a person wrote.
pub(super) fn decimal(x: f32) -> f64 {
    x.to_string().parse().unwrap_or(f64::from(x))
}

/// The momentum as in PyTorch, the weight of the current batch, from that of ONNX, the weight of
/// the old value.
pub(super) fn rate(stays: f32) -> f64 {
    format!("{:.6}", 1.0 - decimal(stays)).parse().unwrap_or(0.0)
}
