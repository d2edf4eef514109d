/// `1 epoch`, `2 epochs`.
pub fn epochs(count: u32) -> String {
    format!("{count} epoch{}", if count == 1 { "" } else { "s" })
}

/// A number with two decimals. What rounds to 0 has no sign.
pub fn hundredths(x: f64) -> String {
    let text = format!("{x:.2}");
    match text.strip_prefix('-') {
        Some("0.00") => "0.00".into(),
        _ => text,
    }
}
