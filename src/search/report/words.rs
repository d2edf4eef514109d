/// `1 epoch`, `2 epochs`.
pub fn epochs(count: u32) -> String {
    format!("{count} epoch{}", if count == 1 { "" } else { "s" })
}
