use crate::diag::number_of;

/// `1 epoch`, `2 epochs`.
pub fn epochs(count: u32) -> String {
    number_of(count as usize, "epoch")
}

/// A number with two decimals. What rounds to 0 has no sign.
pub fn hundredths(x: f64) -> String {
    let text = format!("{x:.2}");
    match text.strip_prefix('-') {
        Some("0.00") => "0.00".into(),
        _ => text,
    }
}
