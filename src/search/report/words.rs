/// `1 epoch`, `2 epochs`.
pub fn epochs(count: u32) -> String {
    number_of(count as usize, "epoch")
}

/// `1 run`, `2 runs`.
pub fn number_of(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
