//! The page that compares netc with Pyrefly: what it says netc finds and repairs.

use std::path::Path;
use std::process::Command;

use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Slip {
    kind: String,
    net: String,
    netc: Netc,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Netc {
    CannotBeMade(#[expect(dead_code, reason = "for readers")] String),
    Edits(Vec<(String, String, String)>),
}

/// A folder with the nets of the article.
struct Nets(tempfile::TempDir);

impl Nets {
    fn new() -> Nets {
        let folder = tempfile::tempdir().unwrap();
        for entry in std::fs::read_dir("nets").unwrap() {
            let file = entry.unwrap().path();
            if file.is_file() {
                std::fs::copy(&file, folder.path().join(file.file_name().unwrap())).unwrap();
            }
        }
        Nets(folder)
    }

    fn text(&self, file: &str) -> String {
        std::fs::read_to_string(self.0.path().join(file)).unwrap()
    }

    fn edit(&self, (file, old, new): &(String, String, String)) {
        let text = self.text(file);
        assert_eq!(text.matches(old).count(), 1, "{old:?} in {file}");
        std::fs::write(self.0.path().join(file), text.replace(old, new)).unwrap();
    }

    fn check(&self, args: &[&str]) -> Vec<u8> {
        let netc = Path::new(env!("CARGO_BIN_EXE_netc"));
        let mut command = Command::new(netc);
        command.arg("check").args(args).current_dir(self.0.path()).output().unwrap().stdout
    }

    fn json(&self, net: &str) -> Value {
        serde_json::from_slice(&self.check(&["--format", "json", net])).unwrap()
    }
}

/// Whether anything but the number of parameters tells, and what `--fix` makes of it; the words of
/// the page.
fn judged(slip: &Slip) -> (&'static str, Option<&'static str>) {
    let Netc::Edits(edits) = &slip.netc else { return ("cannot be made", None) };
    let net = format!("{}.net", slip.net);
    let (sound, nets) = (Nets::new().json(&net), Nets::new());
    edits.iter().for_each(|edit| nets.edit(edit));
    let answer = nets.json(&net);
    let problems = answer["problems"].as_array().unwrap();
    let claim =
        |p: &Value| p["code"] == "expect" && p["message"].as_str().unwrap().contains("params");
    if problems.iter().all(claim) {
        return (if problems.is_empty() { "–" } else { "claim" }, None);
    }
    let files: Vec<&str> =
        [net.as_str()].into_iter().chain(edits.iter().map(|(file, ..)| file.as_str())).collect();
    let texts = || files.iter().map(|file| nets.text(file)).collect::<Vec<_>>();
    let before = texts();
    nets.check(&[&["--fix"], &files[..]].concat());
    let after = nets.json(&net);
    let fixed = match after["nodes"] == sound["nodes"] {
        _ if texts() == before => None,
        true => Some("repaired"),
        false if after["ok"] == true => Some("sound"),
        false => Some("not sound"),
    };
    ("found", fixed)
}

#[test]
fn the_page_says_what_netc_finds_and_repairs() {
    let slips = std::fs::read_to_string("scripts/pyrefly/mutations.yaml").unwrap();
    let slips: Vec<Slip> = serde_yaml::from_str(&slips).unwrap();
    let page = std::fs::read_to_string("docs/pyrefly.md").unwrap();
    let rows = page.split_once("<!-- table -->").unwrap().1.lines().filter(|l| l.starts_with('|'));
    let rows: Vec<Vec<&str>> =
        rows.skip(2).map(|row| row.split('|').map(str::trim).collect()).collect();
    assert_eq!(rows.len(), slips.len());
    let mut wrong = Vec::new();
    for (slip, row) in slips.iter().zip(&rows) {
        assert_eq!([slip.kind.as_str(), &slip.net], row[1..3]);
        let cell: Vec<&str> = row[3].split(", ").collect();
        let found = match cell[0] {
            "line" | "marked" | "block" | "elsewhere" => "found",
            other => other,
        };
        let fixed = cell.last().filter(|w| ["repaired", "sound", "not sound"].contains(w));
        if (found, fixed.copied()) != judged(slip) {
            wrong.push(format!("{}, {}: {} {:?}", slip.kind, slip.net, row[3], judged(slip)));
        }
    }
    assert!(
        wrong.is_empty(),
        "{wrong:#?}\n`NETC=target/debug/netc python3 scripts/pyrefly/compare.py --only netc` writes the page"
    );
}
