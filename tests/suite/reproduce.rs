//! `netc reproduce`: which nets it trains, and what it says of their claims.

use std::path::{Path, PathBuf};

use netc::search::Sorted;

const BLOCKS: &str = "block down(c) {
  conv(c) -> bn -> relu -> maxpool(4)
}
";

fn net(name: &str, recipe: &str) -> String {
    format!(
        "import \"lib.net\": down

net {name} {{
  input image: [N, 3, 32, 32]
  stem: down(4)
  head: globalmaxpool -> flatten -> linear(10)
  output logits: [N, 10]
  recipe {{ {recipe} }}
}}
"
    )
}

/// Two nets of one graph with a claim each, one that claims nothing, and a file of blocks.
fn files(folder: &Path) -> Vec<PathBuf> {
    let all = [
        ("headline.net", net("headline", "epochs = 2, accuracy = 94.0")),
        ("lib.net", BLOCKS.into()),
        ("search.net", net("search", "epochs = 1, accuracy = 93.0")),
        ("silent.net", net("silent", "epochs = 3")),
    ];
    let write = |(name, text): (&str, String)| {
        std::fs::write(folder.join(name), text).unwrap();
        PathBuf::from(name)
    };
    all.into_iter().map(write).collect()
}

#[test]
fn files_without_a_net_and_nets_without_a_claim_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let files: Vec<PathBuf> =
        files(folder.path()).into_iter().map(|file| folder.path().join(file)).collect();
    let sorted = Sorted::claiming(&files).unwrap();
    assert_eq!(sorted.nets, [files[0].clone(), files[2].clone()]);
    assert_eq!((&sorted.blocks[..], &sorted.unclaimed[..]), (&files[1..2], &files[3..]));
    let error = Sorted::claiming(&files[3..]).unwrap_err().to_string();
    assert!(error.contains("no net claims an accuracy"), "{error}");
    // A file given alone is meant.
    let error = Sorted::claiming(&files[1..2]).unwrap_err().to_string();
    assert!(error.contains("lib.net holds blocks and no net"), "{error}");
}

/// Whichever file comes first, no claim is lost.
#[test]
fn nets_that_are_one_training_keep_a_claim_each() {
    use netc::search::{Plan, Spec};
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("sub")).unwrap();
    for lib in ["lib.net", "sub/lib.net"] {
        std::fs::write(folder.path().join(lib), BLOCKS).unwrap();
    }
    let write = |file: &str, name: &str, accuracy: &str| {
        let path = folder.path().join(file);
        std::fs::write(&path, net(name, &format!("epochs = 2, accuracy = {accuracy}"))).unwrap();
        path
    };
    let all = [
        ("a.net", "a", "50.0"),
        ("b.net", "b", "20.0"),
        ("sub/a.net", "a", "70.0"),
        ("c.net", "c", "50.0"),
    ];
    let nets = all.map(|(file, name, accuracy)| write(file, name, accuracy)).into();
    let plan = Plan::new(&Spec { nets, ..Spec::default() }).unwrap().0;
    let [variant] = &plan.variants[..] else { panic!("{:?}", plan.variants) };
    let claims: Vec<(&str, f64)> =
        variant.claims.iter().map(|c| (c.net.as_str(), c.accuracy)).collect();
    assert_eq!(claims, [("a", 50.0), ("b", 20.0), ("a in a", 70.0), ("c", 50.0)]);
    assert_eq!(variant.also, ["b", "a in a", "c"]);
}

#[test]
fn each_claim_is_held_against_runs_by_its_own_recipe() {
    use netc::search::{Plan, report::Report};
    let folder = tempfile::tempdir().unwrap();
    let mut command = std::process::Command::new(crate::programs::netc_torch());
    command.arg("reproduce").args(files(folder.path())).current_dir(folder.path());
    command.args([
        "--data",
        "synthetic",
        "--limit-train",
        "64",
        "--limit-test",
        "64",
        "--runs",
        "2",
    ]);
    let output = command.args(["--quiet", "--output", "out"]).output().unwrap();
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(output.status.success(), "{text}");
    assert!(text.contains("note: left out, blocks and no net: lib.net"), "{text}");
    assert!(text.contains("note: left out, no accuracy in their recipes: silent.net"), "{text}");
    let out = folder.path().join("out");
    let plan = Plan::read(&out).unwrap();
    assert_eq!(plan.runs.iter().map(|run| run.epochs).collect::<Vec<_>>(), [2, 1, 2, 1]);
    let claims: Vec<(String, f64, usize)> = Report::read(&out)
        .unwrap()
        .claims
        .into_iter()
        .map(|c| (c.variant, c.claim.accuracy, c.sample.unwrap().n))
        .collect();
    assert_eq!(claims, [("headline".into(), 94.0, 2), ("search".into(), 93.0, 2)]);
}
