//! The report of a search: its statistics against SciPy's, and what it makes of runs.

use std::path::Path;
use std::process::Command;

use netc::recipe::Task;
use netc::run::{EpochRow, Hardware, Metrics, Outcome};
use netc::search::report::Report;
use netc::search::stats::{Sample, holm, runs_needed, welch};
use netc::search::{Attempt, Claim, End, Line, Plan, Spec};

/// The metrics of a classification.
pub(crate) fn scored(loss: f64, accuracy: f64) -> Metrics {
    Metrics::mean(Task::Classification, &[loss, accuracy], 1)
}

fn close(found: Option<f64>, expected: f64) {
    let found = found.unwrap();
    assert!((found - expected).abs() < 1e-8 * expected.abs(), "{found} is not {expected}");
}

/// Against `scipy.stats` 1.x: `t.interval`, `ttest_ind(equal_var=False)`, `ttest_1samp`.
#[test]
fn the_statistics_are_those_of_scipy() {
    let a = Sample::of(&[93.9, 94.1, 94.0, 94.3, 93.8]).unwrap();
    let b = Sample::of(&[94.4, 94.2, 94.6, 94.1]).unwrap();
    close(Some(a.std), 0.192_353_840_616_711_74);
    close(a.interval().map(|[low, _]| low), 93.781_161_161_190_01);
    close(a.interval().map(|[_, high]| high), 94.258_838_838_810_01);
    close(welch(&a, &b), 0.072_308_303_344_147_83);
    close(a.differs_from(94.3), 0.031_229_813_927_080_2);
    let two = Sample::of(&[94.1, 93.9]).unwrap();
    close(two.interval().map(|[low, _]| low), 92.729_379_526_382_6);
}

/// Holm's example by hand; the numbers of runs as `scipy.stats.nct` gives them for a power of 0.8.
#[test]
fn many_comparisons_are_corrected_and_the_runs_needed_are_those_of_the_power() {
    let adjusted = holm(&[0.01, 0.04, 0.03, 0.005]);
    for (found, expected) in adjusted.iter().zip([0.03, 0.06, 0.06, 0.02]) {
        assert!((found - expected).abs() < 1e-12, "{adjusted:?}");
    }
    let sample = |mean, std| Sample { n: 5, mean, std };
    assert_eq!(runs_needed(&sample(94.2, 0.2), &sample(94.0, 0.2), 0.05), Some(17));
    assert_eq!(runs_needed(&sample(94.0, 0.15), &sample(94.1, 0.3), 0.05 / 105.0), Some(216));
    assert_eq!(runs_needed(&sample(94.0, 0.2), &sample(94.0, 0.2), 0.05), None);
}

#[test]
fn too_few_values_give_no_verdict() {
    let one = Sample::of(&[94.0]).unwrap();
    let same = Sample::of(&[94.0, 94.0]).unwrap();
    assert_eq!(Sample::of(&[]), None);
    assert_eq!((one.std_error(), one.interval(), one.differs_from(93.0)), (None, None, None));
    assert_eq!(welch(&one, &same), None);
    assert_eq!(welch(&same, &same), None);
}

const NET: &str = "net small(width: one_of(4, 8, 16) = 4) {
  input image: [N, 3, 32, 32]
  stem: conv(width) -> bn -> relu -> maxpool(4)
  head: globalmaxpool -> flatten -> linear(10)
  output logits: [N, 10]
}
";

/// A search of three widths at two lengths, five runs each, whose runs end as given: an accuracy in
/// percent and a time for each run of a plan, in its order; a negative accuracy for a failure,
/// `None` for a run that was not begun.
pub fn search(folder: &Path, results: impl Fn(usize, u32, u64) -> Option<(f64, f64)>) {
    let net = folder.join("small.net");
    std::fs::write(&net, NET).unwrap();
    let spec =
        Spec { nets: vec![net], over: vec!["width".into()], epochs: vec![2, 3], ..Spec::default() };
    let (mut plan, texts) = Plan::new(&spec).unwrap();
    plan.spec.nets = vec!["small.net".into()];
    plan.write(folder, &texts).unwrap();
    for run in &plan.runs {
        let Some((accuracy, time)) = results(run.variant, run.epochs, run.seed) else { continue };
        let hardware =
            Hardware { cpu: "A processor".into(), threads: 2, device: "cpu".into(), gpu: None };
        let attempt = Attempt { host: "h".into(), pid: 1, hardware, time: 0.0, after_epoch: 0 };
        let mut lines = vec![
            Line::Inputs(Box::new(
                plan.inputs(run, texts[&plan.variants[run.variant].graph].clone()),
            )),
            Line::Attempt(attempt),
        ];
        let failed = accuracy < 0.0;
        for epoch in 1..=if failed { 1 } else { run.epochs } {
            let row = EpochRow {
                epoch,
                lr: 0.1,
                train_time: 1.0,
                train: scored(1.0, 0.5),
                test_time: 0.1,
                test: Some(scored(1.0, accuracy.max(0.0) / 100.0)),
                total_time: time * f64::from(epoch) / f64::from(run.epochs),
            };
            lines.push(Line::Epoch(row));
        }
        let outcome = if failed { Outcome::Failed } else { Outcome::Finished };
        let reason = failed.then(|| "the loss is NaN".to_string());
        lines.push(Line::End(End { outcome, reason, time: 0.0 }));
        let path = Plan::run_folder(folder, &run.id);
        std::fs::create_dir_all(&path).unwrap();
        let text: Vec<String> =
            lines.iter().map(|line| serde_json::to_string(line).unwrap()).collect();
        std::fs::write(path.join("run.jsonl"), text.join("\n") + "\n").unwrap();
    }
}

/// Width 8 is clearly better than 4, 16 is hardly better than 8 and takes twice as long; one run of
/// 16 failed and one was not begun.
fn mixed(variant: usize, epochs: u32, seed: u64) -> Option<(f64, f64)> {
    let noise = [0.1, -0.1, 0.2, -0.2, 0.0][seed as usize];
    let (mean, time) = [(90.0, 10.0), (93.0, 20.0), (93.05, 40.0)][variant];
    match (variant, epochs, seed) {
        (2, 3, 4) => None,
        (2, 3, 3) => Some((-1.0, 0.0)),
        _ => Some((mean + noise + f64::from(epochs) * 0.3, time * f64::from(epochs))),
    }
}

fn report(folder: &Path, args: &[&str]) -> (bool, String) {
    let mut netc = Command::new(env!("CARGO_BIN_EXE_netc"));
    let output = netc.arg("report").arg(folder).args(args).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(text).unwrap())
}

#[test]
fn a_report_says_what_can_be_told_apart_and_what_was_not_counted() {
    let folder = tempfile::tempdir().unwrap();
    search(folder.path(), mixed);
    let (ok, text) = report(folder.path(), &[]);
    assert!(ok, "{text}");
    let found = Report::read(folder.path()).unwrap();
    for run in found.failed.iter().chain(&found.unfinished) {
        assert!(text.contains(&run.id), "{run:?} is not named");
    }
    let bound = crate::check::snapshots();
    let _guard = bound.bind_to_scope();
    let ids = found.failed.iter().chain(&found.unfinished);
    let text = ids.fold(text.clone(), |text, run| text.replace(&run.id, "ID"));
    insta::assert_snapshot!("report", text);
    let best = &found.groups[0];
    assert_eq!((best.variant.as_str(), best.rank, best.runs.len()), ("width=16", 1, 3));
    assert!(found.groups[1].like_best && !found.groups[2].like_best);
    let front: Vec<(&str, u32)> =
        found.groups.iter().filter(|g| g.front).map(|g| (g.variant.as_str(), g.epochs)).collect();
    assert!(front.contains(&("small", 2)) && front.contains(&("width=8", 3)), "{front:?}");
}

#[test]
fn pairs_without_the_best_are_listed_too() {
    let folder = tempfile::tempdir().unwrap();
    search(folder.path(), |variant, _, seed| {
        Some(([90.0, 90.05, 95.0][variant] + [0.1, -0.1, 0.2, -0.2, 0.0][seed as usize], 10.0))
    });
    let text = report(folder.path(), &[]).1;
    let pair = "1 of 3 pairs cannot be told apart (Welch's test at 5%, Holm's correction)\n  \
                width=8 before small: 0.05 points";
    assert_eq!(text.matches(pair).count(), 2, "{text}");
}

#[test]
fn the_order_in_which_runs_are_read_does_not_matter() {
    let folder = tempfile::tempdir().unwrap();
    search(folder.path(), mixed);
    let plan = Plan::read(folder.path()).unwrap();
    let mut runs = netc::search::read_runs(folder.path()).unwrap();
    let before = Report::new(&plan, &runs).json().unwrap();
    runs.reverse();
    assert_eq!(before, Report::new(&plan, &runs).json().unwrap());
}

#[test]
fn the_report_is_written_as_table_json_page_and_picture() {
    let folder = tempfile::tempdir().unwrap();
    search(folder.path(), mixed);
    let file = |name: &str| folder.path().join(name).display().to_string();
    let (ok, text) = report(
        folder.path(),
        &["-o", &file("r.csv"), "-o", &file("r.json"), "-o", &file("r.html"), "-o", &file("r.png")],
    );
    assert!(ok, "{text}");
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    let rows: Vec<String> = read("r.csv").lines().map(String::from).collect();
    assert_eq!(rows.len(), 1 + 6);
    assert!(rows.iter().all(|row| row.split(',').count() == 19), "{rows:?}");
    let json: serde_json::Value = serde_json::from_str(&read("r.json")).unwrap();
    assert_eq!(json["groups"].as_array().unwrap().len(), 6);
    assert_eq!(json["failed"][0]["why"], "the loss is NaN");
    let page = read("r.html");
    for name in ["width=8", "width=16", "the loss is NaN", "not begun"] {
        assert!(page.contains(name), "no {name}");
    }
    for outside in ["src=", "href=", "@import", "url("] {
        assert!(!page.contains(outside), "the page asks for something beside it: {outside}");
    }
    let png = std::fs::read(folder.path().join("r.png")).unwrap();
    assert!(png.starts_with(b"\x89PNG"));
}

#[test]
fn a_search_without_a_finished_run_has_a_report_but_no_picture() {
    let folder = tempfile::tempdir().unwrap();
    search(folder.path(), |_, _, _| None);
    std::fs::create_dir_all(folder.path().join("runs")).unwrap();
    let (ok, text) = report(folder.path(), &[]);
    assert!(ok && text.contains("nothing to conclude"), "{text}");
    let (ok, text) = report(folder.path(), &["-o", "never.svg"]);
    assert!(!ok && text.contains("no run is finished"), "{text}");
    assert!(!Path::new("never.svg").exists());
    let (ok, text) = report(Path::new("nowhere"), &[]);
    assert!(!ok && text.contains("nowhere"), "{text}");
}

/// The verdicts by hand: the mean of width 4 at 3 epochs is 90.9 with a standard error of 0.0707.
#[test]
fn a_claim_is_held_against_the_runs_of_its_own_length() {
    let folder = tempfile::tempdir().unwrap();
    search(folder.path(), mixed);
    let mut plan = Plan::read(folder.path()).unwrap();
    let runs = netc::search::read_runs(folder.path()).unwrap();
    let claim = |accuracy, epochs| vec![Claim { net: "a net".into(), accuracy, epochs }];
    plan.variants[0].claims = claim(91.0, 3);
    plan.variants[1].claims = claim(94.5, 2);
    plan.variants[2].claims = claim(94.0, 20);
    let cifar = Plan { spec: Spec { data: "cifar10".into(), ..plan.spec.clone() }, ..plan.clone() };
    let verdicts = |plan: &Plan| -> Vec<String> {
        Report::new(plan, &runs).claims.iter().map(|claim| claim.to_string()).collect()
    };
    let expected = [
        "cannot be told apart, p = 0.230; 0.31 points off would show",
        "0.90 points below, p = 0.000",
        "not comparable: trained for 3 epochs, claimed for 20 epochs",
    ];
    assert_eq!(verdicts(&cifar), expected);
    let limited =
        Plan { spec: Spec { limit_train: Some(100), ..cifar.spec.clone() }, ..cifar.clone() };
    assert!(verdicts(&limited).iter().all(|v| v == "not comparable: on 100 training images"));
}

#[test]
fn only_a_net_as_it_is_inherits_its_claim() {
    let folder = tempfile::tempdir().unwrap();
    let net = folder.path().join("small.net");
    let text = NET.replace(
        "output logits: [N, 10]",
        "output logits: [N, 10]\n  recipe { epochs = 3, accuracy = 50.0 }",
    );
    std::fs::write(&net, text).unwrap();
    let spec = Spec { nets: vec![net], over: vec!["width".into()], ..Spec::default() };
    let claims = |spec: &Spec| -> Vec<Vec<Claim>> {
        Plan::new(spec).unwrap().0.variants.into_iter().map(|variant| variant.claims).collect()
    };
    let own = Claim { net: "small".into(), accuracy: 50.0, epochs: 3 };
    assert_eq!(claims(&spec), [vec![own], vec![], vec![]]);
    let set = Spec { set: vec!["width=8".into()], over: Vec::new(), ..spec };
    assert_eq!(claims(&set), [[]]);
}
