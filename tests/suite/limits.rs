//! The page on limits says what the constants say.

use std::path::Path;

/// The value of `1 << 20` or `5_000`.
fn value(text: &str) -> u64 {
    let number = |text: &str| text.trim().replace('_', "").parse::<u64>().unwrap();
    match text.split_once("<<") {
        Some((base, shift)) => number(base) << number(shift),
        None => number(text),
    }
}

/// `5,000`
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let first = digits.len() % 3;
    let mut groups: Vec<&str> = vec![&digits[..first]];
    groups.extend((first..digits.len()).step_by(3).map(|at| &digits[at..at + 3]));
    groups.into_iter().filter(|group| !group.is_empty()).collect::<Vec<_>>().join(",")
}

#[test]
fn the_page_on_limits_lists_each_with_its_value() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("docs/limits.md")).unwrap();
    let source = std::fs::read_to_string(root.join("src/limits.rs")).unwrap();
    let mut seen = 0;
    for line in source.lines().filter_map(|line| line.strip_prefix("pub const ")) {
        let (name, rest) = line.split_once(':').unwrap();
        let value = thousands(value(rest.split_once('=').unwrap().1.trim_end_matches(';')));
        let row = page.lines().find(|line| line.ends_with(&format!("| `{name}` |")));
        let row = row.unwrap_or_else(|| panic!("{name} is not on the page"));
        assert!(row.contains(&format!("| {value} |")), "{name} is {value}: {row}");
        seen += 1;
    }
    assert!(seen > 20);
    assert_eq!(page.matches("| `MAX_").count(), seen, "the page has no limit that is gone");
}
