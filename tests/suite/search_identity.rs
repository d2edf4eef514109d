//! What makes two runs of a search the same, and whose files a spec may show.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use netc::recipe::{Algorithm, Layers, Recipe};
use netc::search::{Plan, Sha, Spec};

const NET: &str =
    "net rates(width: one_of(4, 8) = 4, lr = 0.4, wd: one_of(0.0005, 0.001) = 0.0005) {
  input image: [N, 3, 16, 16]
  stem: conv(width) -> bn -> relu
  head: globalmaxpool -> flatten -> linear(10)
  output logits: [N, 10]
  recipe { epochs = 3, peak_lr = lr, weight_decay = wd }
}
";

fn rates() -> (tempfile::TempDir, Spec) {
    let folder = tempfile::tempdir().unwrap();
    let net = folder.path().join("rates.net");
    std::fs::write(&net, NET).unwrap();
    (folder, Spec { nets: vec![net], runs: 2, ..Spec::default() })
}

fn sha(digit: char) -> Sha {
    Sha::try_from(digit.to_string().repeat(64)).unwrap()
}

#[test]
fn variants_that_differ_in_their_recipe_alone_are_several() {
    let (_folder, spec) = rates();
    let spec = Spec { over: vec!["lr=[0.1,0.4,1.6]".into(), "wd".into(), "width".into()], ..spec };
    let (plan, texts) = Plan::new(&spec).unwrap();
    let names: Vec<&str> = plan.variants.iter().map(|variant| variant.name.as_str()).collect();
    assert_eq!(names, ["rates", "lr=0.1", "lr=1.6", "wd=0.001", "width=8"]);
    assert_eq!(plan.variants[0].also, ["lr=0.4", "wd=0.0005", "width=4"]);
    assert_eq!((texts.len(), plan.runs.len()), (2, 10));
    let rate = |run: usize| plan.recipe(&plan.runs[run]).unwrap().peak_lr;
    assert_eq!([rate(0), rate(1), rate(2)], [0.4, 0.1, 1.6]);
    let ids: std::collections::BTreeSet<_> = plan.runs.iter().map(|run| &run.id).collect();
    assert_eq!(ids.len(), 10);
}

#[test]
fn lengths_and_names_that_come_twice() {
    let (folder, spec) = rates();
    let (plan, _) = Plan::new(&Spec { epochs: vec![4, 4, 2], ..spec.clone() }).unwrap();
    assert_eq!(plan.runs.len(), 4);
    let other = folder.path().join("other.net");
    std::fs::write(&other, NET.replace("conv(width)", "conv(width, k = 1)")).unwrap();
    let (plan, texts) =
        Plan::new(&Spec { nets: vec![spec.nets[0].clone(), other], ..spec }).unwrap();
    let names: Vec<&str> = plan.variants.iter().map(|variant| variant.name.as_str()).collect();
    assert_eq!(names, ["rates", "rates in other"]);
    let search = folder.path().join("search");
    plan.write(&search, &texts).unwrap();
    assert_eq!(Plan::read(&search).unwrap(), plan);
}

#[test]
fn other_images_are_other_runs_and_their_place_is_not() {
    let (folder, spec) = rates();
    let ids = |spec: &Spec, data: char| -> Vec<_> {
        Plan::new(spec)
            .unwrap()
            .0
            .on(sha(data), [8, 8])
            .runs
            .into_iter()
            .map(|run| run.id)
            .collect()
    };
    let here = Spec { data: "images".into(), ..spec.clone() };
    let there = Spec { data: "/elsewhere/images".into(), ..spec };
    assert_eq!(ids(&here, '1'), ids(&there, '1'));
    assert!(ids(&here, '1').iter().all(|id| !ids(&here, '2').contains(id)));
    let search = folder.path().join("search");
    let (plan, texts) = Plan::new(&here).unwrap();
    plan.clone().on(sha('1'), [8, 8]).write(&search, &texts).unwrap();
    plan.clone().on(sha('1'), [8, 8]).write(&search, &texts).unwrap();
    let error = plan.on(sha('2'), [8, 8]).write(&search, &texts).unwrap_err().to_string();
    assert!(error.contains("on other images") && error.contains("--output"), "{error}");
}

#[test]
fn paths_of_a_spec_are_those_of_its_folder_and_a_plan_has_them_whole() {
    let (folder, _) = rates();
    let file = folder.path().join("my.yaml");
    std::fs::write(&file, "nets: rates.net\ndata: images\nrecipe: r.yaml\n").unwrap();
    std::fs::write(folder.path().join("r.yaml"), "# a comment\nmomentum: 0.5\n").unwrap();
    let spec = Spec::read(&file).unwrap();
    assert_eq!(Path::new(&spec.data), folder.path().join("images"));
    let plan = Plan::new(&Spec { data: "images".into(), ..spec }).unwrap().0;
    assert!(plan.spec.nets[0].is_absolute() && Path::new(&plan.spec.data).is_absolute());
    assert_eq!(
        Plan::new(&Spec { data: "cifar100".into(), ..plan.spec }).unwrap().0.spec.data,
        "cifar100"
    );
}

/// A spec may come from a stranger, and an error quotes what it is about.
#[test]
fn what_a_spec_names_is_not_quoted_unless_it_begins_like_a_net_or_a_recipe() {
    let (folder, _) = rates();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("users.txt", "# users\nthe_secret:x:0:0\nnet\n");
    write("nets.yaml", "nets: users.txt\n");
    write("recipe.yaml", "nets: rates.net\nrecipe: users.txt\n");
    std::os::unix::fs::symlink("users.txt", folder.path().join("link.net")).unwrap();
    write("link.yaml", "nets: link.net\n");
    for spec in ["nets.yaml", "recipe.yaml", "link.yaml"] {
        let output = Command::new(env!("CARGO_BIN_EXE_netc"))
            .args(["search", spec, "--emit", "slurm", "--output", "out"])
            .current_dir(folder.path())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("is named under") && !said.contains("the_secret"), "{said}");
    }
    // What begins like a net is shown with what is wrong with it.
    write("wrong.net", "# a net\nnet wrong {\n  what is this\n}\n");
    write("wrong.yaml", "nets: wrong.net\n");
    assert!(matches!(
        Plan::new(&Spec::read(&folder.path().join("wrong.yaml")).unwrap()).unwrap_err(),
        netc::search::SearchError::Net(..)
    ));
}

/// Each field of a plan, and what an error about it says.
#[test]
fn a_plan_that_was_read_has_every_field_in_its_range() {
    let (folder, spec) = rates();
    let (plan, texts) =
        Plan::new(&Spec { halving: Some(2), limit_train: Some(9), ..spec }).unwrap();
    plan.write(folder.path(), &texts).unwrap();
    let file = folder.path().join("plan.json");
    let text: serde_json::Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    let deep = serde_json::json!("x".repeat(5000));
    for (pointer, value, why) in [
        ("/runs/0/id", "../../x".into(), "runs[0].id: expected 16 hexadecimal digits"),
        ("/runs/0/id", "/x".into(), "runs[0].id"),
        ("/runs/0/id", plan.runs[1].id.as_str().into(), "runs[1].id: another run has this id"),
        ("/runs/0/variant", 99.into(), "runs[0].variant: expected a number from 0 to 0, got 99"),
        ("/runs/0/variant", (-1).into(), "runs[0].variant"),
        ("/runs/0/epochs", 0.into(), "runs[0].epochs"),
        ("/runs/0/epochs", 4.into(), "runs[0]: there is no recipe 0/4"),
        ("/runs/0/seed", u64::MAX.into(), "runs[0].seed"),
        ("/runs", serde_json::json!([]), "the number of runs"),
        ("/variants", serde_json::json!([]), "the number of variants"),
        ("/variants/0/graph", "../x".into(), "variants[0].graph: expected 64 hexadecimal digits"),
        ("/variants/0/name", "\u{1b}[2J".into(), "variants[0].name: a control character"),
        ("/variants/0/name", "\u{202e}".into(), "variants[0].name"),
        ("/variants/0/family", "a\nb".into(), "variants[0].family: a control character"),
        ("/variants/0/family", deep, "variants[0].family: 5000 bytes of at most 4096"),
        ("/variants/0/params", u64::MAX.into(), "variants[0].params"),
        ("/variants/0/macs", u64::MAX.into(), "variants[0].macs"),
        ("/variants/0/also", serde_json::json!(["\u{0}"]), "variants[0].also[0]"),
        (
            "/variants/0/claims",
            serde_json::json!([{"net": "a", "accuracy": 1e308, "epochs": 1}]),
            "variants[0].claims[0].accuracy",
        ),
        ("/spec/halving", 1.into(), "spec.halving"),
        ("/spec/limit_train", 0.into(), "spec.limit_train"),
        ("/spec/runs", 4_000_000_000_u64.into(), "spec.runs"),
        ("/spec/precision", "fp7".into(), "spec.precision"),
        ("/spec/data", "\u{7}".into(), "spec.data"),
        ("/recipes/0~13", "epochs: 9".into(), "recipes.0/3 is for 9 epochs"),
        ("/recipes/0~13", "peak_lr: fast".into(), "recipes.0/3 is not sound"),
        ("/excluded", serde_json::json!(["\u{1b}"]), "excluded[0]"),
        ("/data_sha256", "12".into(), "data_sha256: expected 64 hexadecimal digits"),
    ] {
        let mut changed = text.clone();
        *changed.pointer_mut(pointer).unwrap() = value;
        std::fs::write(&file, changed.to_string()).unwrap();
        let error = Plan::read(folder.path()).unwrap_err().to_string();
        assert!(
            error.contains(why) && !error.contains(['\u{1b}', '\u{202e}']),
            "{pointer}: {error}"
        );
    }
}

/// The second time a plan is held against the first, run by run; the square of their number would
/// take minutes.
#[test]
fn a_large_plan_is_written_again_in_linear_time() {
    let (folder, spec) = rates();
    let (plan, texts) = Plan::new(&Spec { runs: 20_000, ..spec.clone() }).unwrap();
    plan.write(folder.path(), &texts).unwrap();
    let (more, texts) = Plan::new(&Spec { runs: 20_001, ..spec }).unwrap();
    let start = Instant::now();
    more.write(folder.path(), &texts).unwrap();
    println!("20,001 runs written over 20,000 in {:.1} s", start.elapsed().as_secs_f64());
    assert_eq!(Plan::read(folder.path()).unwrap().runs.len(), 20_001);
}

/// With halving, variants are compared after equally many runs.
#[test]
fn a_plan_with_halving_has_as_many_runs_of_each_variant() {
    let (folder, spec) = rates();
    let over = vec!["lr=[0.1,0.4,1.6]".into()];
    let (plan, texts) = Plan::new(&Spec { over, runs: 4, halving: Some(2), ..spec }).unwrap();
    plan.write(folder.path(), &texts).unwrap();
    let file = folder.path().join("plan.json");
    let mut text: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    let runs = text["runs"].as_array_mut().unwrap();
    runs.retain(|run| run["variant"] == 0 || run["seed"] == 0);
    std::fs::write(&file, text.to_string()).unwrap();
    let error = Plan::read(folder.path()).unwrap_err().to_string();
    assert!(
        error.contains("runs: with spec.halving") && error.contains("variants[1] has 1"),
        "{error}"
    );
}

/// What is wrong with the text of a spec, with what helps.
fn refused(folder: &Path, text: &str) -> String {
    let file = folder.join("spec.yaml");
    std::fs::write(&file, text).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_netc")).arg("check").arg(&file).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_spec_is_told_how_it_sets_keys_of_recipes() {
    let (folder, _) = rates();
    let keys = "`keys: [\"batch_size=64\"]`";
    for (line, words) in [
        ("recipe: batch_size=64", ["expected a file for `recipe`", keys]),
        ("recipe:\n  batch_size: 64", ["`recipe` names a file", keys]),
        ("batch_size: 64", ["it is a key of recipes", keys]),
        ("data: synthetic\ndata: cifar10", ["error: `data` is set twice", ""]),
        ("recipe: absent.yaml", ["`recipe:` names", "absent.yaml"]),
    ] {
        let said = refused(folder.path(), &format!("nets: rates.net\n{line}\n"));
        for word in words {
            assert!(said.contains(word), "{line}: {said}");
        }
    }
    let said = refused(folder.path(), "nets: absent.net\nruns: 3\n");
    assert!(said.contains("no such"), "{said}");
}

#[test]
fn a_folder_is_no_recipe() {
    let (folder, _) = rates();
    let said = refused(folder.path(), "nets: rates.net\nrecipe: .\n");
    assert!(said.contains("expected a file, got a folder"), "{said}");
}

#[test]
fn keys_that_have_no_effect_on_any_run_are_told() {
    let layers = |keys: &[&str]| Layers {
        keys: keys.iter().map(|key| (*key).to_owned()).collect(),
        ..Layers::default()
    };
    let given = Recipe { muon_lr: 0.3, adam_eps: 1e-3, momentum: 0.5, ..Recipe::default() };
    let recipes =
        [Algorithm::Sgd, Algorithm::AdamW].map(|optimiser| Recipe { optimiser, ..given.clone() });
    let told = |keys: &[&str], recipes: &[Recipe]| layers(keys).unread(recipes).unwrap();
    assert!(told(&["adam_eps=1e-3", "momentum=0.5"], &recipes).is_empty());
    assert_eq!(told(&["muon_lr=0.3"], &recipes).len(), 1);
    let told = told(&["adam_eps=1e-3", "momentum=0.5"], &recipes[..1]);
    assert_eq!(told, ["`adam_eps` has no effect: it is for `optimiser = \"adamw\"`"]);
}

#[test]
fn the_page_and_the_help_list_the_keys_of_a_spec() {
    let page = std::fs::read_to_string("docs/search.md").unwrap();
    let table = page.split("## The keys of a spec").nth(1).unwrap().split("\n## ").next().unwrap();
    let rows = table.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    assert_eq!(rows.collect::<Vec<_>>(), Spec::KEYS);
    let help =
        Command::new(env!("CARGO_BIN_EXE_netc")).args(["search", "--help"]).output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let words: Vec<&str> = help.split_whitespace().collect();
    let (last, keys) = Spec::KEYS.split_last().unwrap();
    let keys = format!("The keys of a spec are {} and {last}", keys.join(", "));
    assert!(words.join(" ").contains(&keys), "{help}");
}

/// An op is no text: `act == "relu"` holds for no `act`.
#[test]
fn a_condition_that_names_an_op_in_quotes_is_told_so() {
    let (folder, spec) = rates();
    let net = NET
        .replace("lr = 0.4", "lr = 0.4, act: one_of(relu, silu) = relu")
        .replace("-> relu", "-> act");
    std::fs::write(folder.path().join("rates.net"), net).unwrap();
    let over = vec!["act".into()];
    let filter = Some("params > 0 and act == \"silu\"".into());
    let error = Plan::new(&Spec { over, filter, ..spec }).unwrap_err().to_string();
    assert!(error.contains("did you mean `silu`? In quotes it is a text"), "{error}");
}
