//! Searches: what is planned, and how runs are read.

use netc::search::{Fate, Flaw, Index, Plan, Spec, fates, read_runs};

const NET: &str = "net small(width: one_of(4, 8) = 4, more: subset(1, 2) = []) {
  input image: [N, 3, 32, 32]
  stem: conv(width) -> bn -> relu -> maxpool(4)
  conv if more has 1
  relu if more has 2
  head: globalmaxpool -> flatten -> linear(10)
  output logits: [N, 10]
  recipe { epochs = 3 }
}
";

pub fn small() -> (tempfile::TempDir, Spec) {
    let folder = tempfile::tempdir().unwrap();
    let net = folder.path().join("small.net");
    std::fs::write(&net, NET).unwrap();
    (folder, Spec { nets: vec![net], runs: 2, ..Spec::default() })
}

fn names(spec: &Spec) -> Vec<String> {
    let (plan, _) = Plan::new(spec).unwrap();
    plan.variants
        .iter()
        .map(|v| [vec![v.name.clone()], v.also.clone()].concat().join(" = "))
        .collect()
}

#[test]
fn the_variants_are_the_values_of_the_declared_domains() {
    let (_folder, spec) = small();
    let over =
        |over: &[&str]| Spec { over: over.iter().map(|s| s.to_string()).collect(), ..spec.clone() };
    let each = ["small = width=4 = more=[]", "width=8", "more=[1]", "more=[2]", "more=[1,2]"];
    assert_eq!(names(&over(&["width", "more"])), each);
    let product =
        Spec { combine: netc::search::Combine::Product, ..over(&["width", "more=[[1]]"]) };
    assert_eq!(
        names(&product),
        ["small = width=4", "width=8", "more=[1] = width=4 more=[1]", "width=8 more=[1]"]
    );
    let few =
        Spec { filter: Some("params < 300 and width == 4".into()), ..over(&["width", "more"]) };
    let (plan, _) = Plan::new(&few).unwrap();
    assert!(plan.excluded.contains(&"width=8".to_string()), "{:?}", plan.excluded);
    assert!(
        Plan::new(&over(&["widht"])).unwrap_err().to_string().contains("did you mean `width`?")
    );
}

#[test]
fn the_identity_of_a_run_is_all_that_it_depends_on() {
    let (_folder, spec) = small();
    let ids = |spec: &Spec| {
        Plan::new(spec).unwrap().0.runs.iter().map(|r| r.id.clone()).collect::<Vec<_>>()
    };
    let first = ids(&spec);
    assert_eq!(first, ids(&spec));
    assert_eq!(first[0], ids(&Spec { runs: 1, ..spec.clone() })[0]);
    for other in [
        Spec { seed: 5, ..spec.clone() },
        Spec { epochs: vec![4], ..spec.clone() },
        Spec { limit_train: Some(9), ..spec.clone() },
        Spec { data: "synthetic".into(), ..spec.clone() },
        Spec { precision: "fp32".into(), ..spec.clone() },
    ] {
        assert!(ids(&other).iter().all(|id| !first.contains(id)), "{other:?}");
    }
}

#[test]
fn a_line_that_a_crash_cut_short_is_passed_over_and_a_wrong_one_costs_its_run_alone() {
    let (folder, spec) = small();
    let (plan, texts) = Plan::new(&spec).unwrap();
    plan.write(folder.path(), &texts).unwrap();
    let line = |run: usize| {
        let inputs = plan.inputs(&plan.runs[run], "text".into());
        serde_json::to_string(&netc::search::Line::Inputs(Box::new(inputs))).unwrap()
    };
    let write = |run: usize, text: String| {
        let own = Plan::run_folder(folder.path(), &plan.runs[run].id);
        std::fs::create_dir_all(&own).unwrap();
        std::fs::write(own.join("run.jsonl"), text).unwrap();
    };
    let first = line(0);
    write(0, format!("{first}\n{}\n{first}", &first[..40]));
    assert_eq!(read_runs(folder.path()).unwrap().len(), 1);
    let epoch = r#"{"event":"epoch","epoch":1,"lr":0.1,"train_time":1,"train_loss":1,"train_acc":0.5,"test_time":1,"#;
    let epoch = format!("{epoch}\"test_loss\":LOSS,\"test_acc\":0.5,\"total_time\":TIME}}");
    let with = |loss: &str, time: &str| epoch.replace("LOSS", loss).replace("TIME", time);
    let end = r#"{"event":"end","outcome":"finished","reason":null,"time":0}"#;
    let second = line(1);
    for (lines, why) in [
        (format!("{second}\n{{\"event\":\"epoc\"}}\n"), "run.jsonl:2: not a line of a run"),
        (format!("{second}\n\0\0\0\0"), "run.jsonl:2: not a line of a run"),
        (
            format!("{second}\n{}\n", with("null", "1")),
            "run.jsonl:2: test_loss: expected a number from",
        ),
        (
            format!("{second}\n{}\n", with("1", "1e308")),
            "run.jsonl:2: total_time: expected a number from 0",
        ),
        (
            format!("{second}\n{}\n", with("1", "-1")),
            "run.jsonl:2: total_time: expected a number from 0",
        ),
        (
            format!("{second}\n{}\n", with("1", "1").replace(":0.5", ":1.5")),
            "train_acc: expected a number",
        ),
        (
            format!("{second}\n{}\n", with("1", "1").replace("\"epoch\":1", "\"epoch\":4")),
            "epoch: expected",
        ),
        (format!("{second}\n{end}\n"), "finished with 0 of 3 epochs"),
        (format!("{end}\n"), "does not begin with the run's inputs"),
        (format!("{first}\n"), "its inputs are not those of the plan: `seed` differs"),
        (format!("{}\n", second.replace("cifar10", "cifar100")), "`data` differs"),
    ] {
        write(1, lines);
        let index = Index::open(folder.path()).unwrap();
        assert_eq!(index.runs().unwrap().len(), 1, "{why}");
        let flaw = &index.flaws()[&plan.runs[1].id];
        assert!(
            matches!(flaw, Flaw::Damaged(text) if text.contains(why)),
            "{flaw}, expected {why}"
        );
    }
}

/// Eight variants, two runs each round: what each round decides, and when.
#[test]
fn halving_drops_the_worse_half_once_a_round_is_over() {
    let (_folder, spec) = small();
    let over = vec!["wide=[1,2,3,4,5,6,7,8]".to_string()];
    let text = std::fs::read_to_string(&spec.nets[0]).unwrap();
    let text = text.replace("width: one_of(4, 8) = 4", "wide = 1").replace("(width)", "(wide)");
    std::fs::write(&spec.nets[0], text).unwrap();
    let spec = Spec { over, runs: 5, halving: Some(2), epochs: vec![3], ..spec };
    let (plan, _) = Plan::new(&spec).unwrap();
    let variants = plan.variants.len();
    assert_eq!(variants, 8);
    let mut results = vec![None; plan.runs.len()];
    let count = |results: &[Option<f64>], fate: Fate| {
        fates(&plan, results).into_iter().filter(|found| *found == fate).count()
    };
    assert_eq!((count(&results, Fate::Due), count(&results, Fate::Undecided)), (8, 32));
    for (i, run) in plan.runs.iter().enumerate().take(7) {
        results[i] = Some(run.variant as f64);
    }
    assert_eq!(count(&results, Fate::Dropped), 0, "one of the round is not over");
    results[7] = Some(f64::NEG_INFINITY);
    // Four go on to a second run; the failed one does not.
    assert_eq!((count(&results, Fate::Dropped), count(&results, Fate::Undecided)), (16, 12));
    for (i, run) in plan.runs.iter().enumerate() {
        results[i] = Some(run.variant as f64);
    }
    let fates = fates(&plan, &results);
    let kept: Vec<usize> = (0..variants)
        .map(|v| {
            plan.runs
                .iter()
                .zip(&fates)
                .filter(|(run, fate)| run.variant == v && **fate == Fate::Due)
                .count()
        })
        .collect();
    assert_eq!(kept, [1, 1, 1, 1, 2, 2, 4, 5]);
}
