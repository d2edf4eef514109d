//! What a report says of times, of longer training, and of runs that do not compare; and its
//! picture, whatever the numbers.

use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use netc::run::EpochRow;
use netc::search::report::{Gain, Group, Kind, Report};
use netc::search::{Plan, Run, Spec, read_runs};
use netc::tools::plot::{Curve, curves};

use crate::report::{scored, search};

/// Accuracies go up by a little with the seed, so that there is something to test with.
fn report(of: impl Fn(usize, u32, u64) -> (f64, f64)) -> Report {
    let folder = tempfile::tempdir().unwrap();
    search(folder.path(), |variant, epochs, seed| Some(of(variant, epochs, seed)));
    Report::read(folder.path()).unwrap()
}

fn group<'a>(report: &'a Report, variant: &str, epochs: u32) -> &'a Group {
    report.groups.iter().find(|g| g.variant == variant && g.epochs == epochs).unwrap()
}

fn caution(report: &Report, part: &str) -> String {
    let found = report.cautions.iter().find(|caution| caution.contains(part));
    found.unwrap_or_else(|| panic!("no caution has `{part}`: {:#?}", report.cautions)).clone()
}

fn noise(seed: u64) -> f64 {
    [0.1, -0.1, 0.2, -0.2, 0.0][seed as usize]
}

/// Width 4 is better than 8 and takes half as long, but for a run of 73 s at each length. Its mean
/// time is longer.
#[test]
fn one_slow_run_decides_nothing_and_is_named() {
    let found = report(|variant, epochs, seed| {
        let time = [5.0, 10.0, 20.0][variant] + noise(seed);
        let slow = variant == 0 && seed == 3;
        (
            90.0 - variant as f64 + noise(seed),
            if slow { 73.0 } else { time * f64::from(epochs) / 2.0 },
        )
    });
    let four = group(&found, "small", 2);
    let times = four.time.unwrap();
    assert_eq!((times.n, times.max), (5, 73.0));
    assert!((times.median - 5.1).abs() < 1e-9, "{times:?}");
    assert!(four.front && !group(&found, "width=8", 2).front);
    // At five runs each the times of both overlap: 4.9 to 73 s, and 9.8 to 10.2 s.
    assert!(!four.front_clear && !group(&found, "width=8", 2).front_clear);
    assert_eq!(four.on_front(), "front?");
    let text = caution(&found, "more than 1.5 times");
    assert!(text.contains("small at 2 epochs, seed 3: 73.0 s of 5.1 s"), "{text}");
    let quiet = report(|variant, epochs, seed| {
        (
            90.0 - variant as f64 + noise(seed),
            f64::from(epochs) * (variant as f64 + 5.0) + noise(seed) / 10.0,
        )
    });
    assert!(quiet.groups.iter().all(|g| g.front_clear), "{:#?}", quiet.groups);
    assert!(!quiet.cautions.iter().any(|text| text.contains("times")), "{:#?}", quiet.cautions);
}

#[test]
fn times_that_spread_are_a_caution() {
    let found = report(|variant, epochs, seed| {
        (90.0 + noise(seed), (10.0 + noise(seed) * 10.0) * f64::from(epochs) + variant as f64)
    });
    let text = caution(&found, "differ by more than 10% of their median");
    assert!(text.starts_with("The times of 6 of 6 groups"), "{text}");
}

#[test]
fn times_of_a_moment_are_told_with_what_tells_them_apart() {
    let found = report(|_, _, seed| (90.0 + noise(seed), 0.14 + noise(seed) * 0.14));
    let text = caution(&found, "differ by more than 10% of their median");
    let (least, most) =
        text.split_once(": ").unwrap().1.split_once(" s)").unwrap().0.split_once(" to ").unwrap();
    assert!(least != most && least.len() == 4, "{text}");
}

fn of<'a>(report: &'a Report, kind: Kind, variant: &str) -> Vec<&'a Gain> {
    report.gains_of(kind).filter(|gain| gain.variant == variant).collect()
}

/// A third epoch gives each run of width 4 about a point, and width 8 two tenths that could be
/// chance; all runs of width 16 gain exactly half a point. p-values by `scipy.stats.ttest_rel`,
/// times two by Holm.
#[test]
fn longer_training_is_tested_by_seed_and_a_change_of_the_net_at_equal_length() {
    let found = report(|variant, epochs, seed| {
        let more = match variant {
            0 => 1.0 + noise(seed) / 10.0,
            1 => 0.2 * if seed < 3 { 1.0 } else { -0.5 },
            _ => 0.5,
        };
        let mean = [90.0, 92.0, 90.05][variant] + 3.0 * noise(seed);
        (mean + if epochs == 3 { more } else { 0.0 }, 10.0 * f64::from(epochs) + variant as f64)
    });
    let longer = of(&found, Kind::Longer, "small");
    let [gain] = longer[..] else { panic!("{longer:?}") };
    assert_eq!((gain.lengths().as_str(), gain.verdict(), gain.n), ("2 to 3", "helps", [5, 5]));
    // The runs of a length deviate by half a point: only pairs show the gain as surely as this.
    assert!((gain.gain - 1.0).abs() < 1e-9 && gain.p.unwrap() < 1e-6, "{gain:?}");
    assert!((gain.extra_time.unwrap() - 10.0).abs() < 1e-9);
    assert!((gain.per_second.unwrap() - 0.1).abs() < 1e-9);
    let open = of(&found, Kind::Longer, "width=8")[0];
    assert_eq!(open.verdict(), "open");
    assert!((open.p.unwrap() - 0.337_501_856).abs() < 1e-6, "{open:?}");
    assert_eq!(open.adjusted, open.p, "the larger of two p-values is multiplied by one");
    let [low, high] = open.interval.unwrap();
    assert!(low < 0.0 && high > 0.0);
    assert_eq!(of(&found, Kind::Longer, "width=16")[0].verdict(), "not tested");
    let changes = of(&found, Kind::Change, "width=8");
    assert_eq!(changes.iter().map(|gain| gain.epochs).collect::<Vec<_>>(), [3, 2]);
    assert!(
        changes.iter().all(|gain| gain.base == "small" && gain.verdict() == "helps"),
        "{changes:?}"
    );
    assert!(of(&found, Kind::Change, "width=16").iter().all(|gain| gain.verdict() == "open"));
    assert!(of(&found, Kind::Change, "small").is_empty());
}

#[test]
fn no_time_is_said_where_times_may_be_the_same() {
    let found = report(|variant, epochs, seed| {
        (90.0 + variant as f64 + noise(seed), 10.0 + f64::from(epochs) / 100.0 + noise(seed))
    });
    for gain in &found.gains {
        assert_eq!((gain.extra_time, gain.per_second), (None, None), "{gain:?}");
    }
}

fn runs(folder: &Path) -> (Plan, Vec<Run>) {
    search(folder, |variant, epochs, seed| {
        Some((90.0 + variant as f64 + noise(seed), f64::from(epochs)))
    });
    (Plan::read(folder).unwrap(), read_runs(folder).unwrap())
}

#[test]
fn runs_that_were_made_by_different_means_are_a_caution() {
    let folder = tempfile::tempdir().unwrap();
    let (plan, same) = runs(folder.path());
    let cautions = |change: &dyn Fn(&mut Run)| {
        let mut runs = same.clone();
        change(&mut runs[3]);
        Report::new(&plan, &runs).cautions.join("\n")
    };
    let before = cautions(&|_| {});
    for part in ["different versions", "kind of machine", "fewer finished runs"] {
        assert!(!before.contains(part), "{before}");
    }
    let netc = cautions(&|run| run.inputs.netc = "9.9.9".into());
    assert!(netc.contains("different versions of netc (") && netc.contains("9.9.9"), "{netc}");
    let libtorch = cautions(&|run| run.inputs.libtorch = "1.0".into());
    assert!(libtorch.contains("different versions of libtorch (1.0; "), "{libtorch}");
    let threads = cautions(&|run| run.attempts[0].hardware.threads = 64);
    assert!(threads.contains("kind of machine or number of threads"), "{threads}");
    let missing = cautions(&|run| run.end = None);
    assert!(missing.contains("1 of 6 groups has fewer finished runs than planned ("), "{missing}");
    assert!(missing.contains("4 of 5)"), "{missing}");
}

#[test]
fn runs_that_were_added_to_a_plan_are_a_caution() {
    let folder = tempfile::tempdir().unwrap();
    let net = folder.path().join("small.net");
    let text = "net small {\n  input image: [N, 3, 8, 8]\n  head: flatten -> linear(10)\n  output logits: [N, 10]\n}\n";
    std::fs::write(&net, text).unwrap();
    let spec = |runs| Spec { nets: vec![net.clone()], epochs: vec![2], runs, ..Spec::default() };
    let write = |runs| {
        let (plan, texts) = Plan::new(&spec(runs)).unwrap();
        plan.write(folder.path(), &texts).unwrap();
        Plan::read(folder.path()).unwrap().extended
    };
    assert_eq!(
        [write(3), write(3), write(5), write(5), write(9)],
        [vec![], vec![], vec![3], vec![3], vec![3, 5]]
    );
    let other = tempfile::tempdir().unwrap();
    let (mut plan, runs) = runs(other.path());
    plan.extended = vec![3, 5];
    assert!(
        Report::new(&plan, &runs).cautions.iter().any(|text| text.contains("which had 3 at first"))
    );
    plan.extended.clear();
    assert!(!Report::new(&plan, &runs).cautions.iter().any(|text| text.contains("at first")));
}

/// Ends within a minute: a picture takes milliseconds, and one that hangs never ends.
fn in_time<T: Send + 'static>(what: &str, draw: impl FnOnce() -> T + Send + 'static) -> T {
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || send.send(draw()));
    receive.recv_timeout(Duration::from_secs(60)).unwrap_or_else(|e| panic!("{what}: {e}"))
}

const ODD: [f64; 12] = [
    0.0,
    1.0,
    -1.0,
    1e308,
    -1e308,
    f64::MAX,
    f64::MIN_POSITIVE,
    5e-324,
    1e17,
    1e-9,
    f64::NAN,
    f64::INFINITY,
];

#[test]
fn any_numbers_have_a_picture_or_none() {
    let folder = tempfile::tempdir().unwrap();
    let (plan, ordinary) = runs(folder.path());
    let (mut drawn, mut tried) = (0, 0);
    for (accuracy, time) in ODD.iter().flat_map(|&a| ODD.iter().map(move |&t| (a, t))) {
        for all in [false, true] {
            let mut runs = ordinary.clone();
            let changed = if all { runs.len() } else { 1 };
            for row in runs.iter_mut().take(changed).flat_map(|run| &mut run.epochs) {
                (row.test, row.total_time) = (Some(scored(1.0, accuracy)), time);
            }
            let plan = plan.clone();
            let what = format!("accuracy {accuracy:e}, time {time:e}");
            let picture = in_time(&what, move || Report::new(&plan, &runs).picture());
            tried += 1;
            if let Ok(svg) = picture {
                assert!(
                    svg.contains("</svg>") && !svg.contains("NaN") && !svg.contains("inf"),
                    "{what}"
                );
                drawn += 1;
            }
        }
    }
    assert!(drawn > tried / 2, "{drawn} of {tried}");
}

#[test]
fn curves_of_any_numbers_have_a_picture() {
    for (loss, time) in ODD.iter().flat_map(|&a| ODD.iter().map(move |&t| (a, t))) {
        let row = |epoch| EpochRow {
            epoch,
            lr: 0.1,
            train_time: 1.0,
            train: scored(1.0, 0.5),
            test_time: 0.1,
            test: Some(scored(
                if epoch == 2 { loss } else { 1.0 },
                if epoch == 2 { loss } else { 0.5 },
            )),
            total_time: if epoch == 2 { time } else { 1.0 },
        };
        let curve = Curve { name: "a".into(), rows: vec![row(1), row(2), row(3)] };
        let svg = in_time(&format!("{loss:e} {time:e}"), move || curves(&[curve])).unwrap();
        assert!(svg.contains("</svg>"));
    }
}

/// The names of all fields of a document.
fn fields(value: &serde_json::Value, found: &mut std::collections::BTreeSet<String>) {
    match value {
        serde_json::Value::Object(object) => object.iter().for_each(|(name, value)| {
            found.insert(name.clone());
            fields(value, found);
        }),
        serde_json::Value::Array(items) => items.iter().for_each(|item| fields(item, found)),
        _ => {}
    }
}

#[test]
fn every_field_of_the_json_and_every_column_is_in_the_reference() {
    let folder = tempfile::tempdir().unwrap();
    let (mut plan, runs) = runs(folder.path());
    plan.variants[0].claims =
        vec![netc::search::Claim { net: "a".into(), accuracy: 91.0, epochs: 3 }];
    let found = Report::new(&plan, &runs[1..]);
    let mut names = std::collections::BTreeSet::new();
    fields(&serde_json::from_str(&found.json().unwrap()).unwrap(), &mut names);
    let csv = found.csv().unwrap();
    names.extend(csv.lines().next().unwrap().split(',').map(String::from));
    assert!(names.len() > 50, "{names:?}");
    let page = include_str!("../../docs/search.md");
    let missing: Vec<&String> =
        names.iter().filter(|name| !page.contains(&format!("`{name}`"))).collect();
    assert!(missing.is_empty(), "not in docs/search.md: {missing:?}");
}

/// Names of variants and of the machine may be a stranger's.
#[test]
fn a_report_of_hostile_names_is_well_formed() {
    let hostile = "=a<b>&\"\u{0}\u{1b}[31m\u{fffe}]]>--></svg><script>x</script>";
    let folder = tempfile::tempdir().unwrap();
    let (mut plan, mut runs) = runs(folder.path());
    plan.variants[0].name = hostile.into();
    plan.variants[1].family = hostile.into();
    runs.iter_mut().for_each(|run| run.attempts[0].hardware.cpu = hostile.into());
    let found = Report::new(&plan, &runs);
    let svg = found.picture().unwrap();
    let parsed = resvg::usvg::roxmltree::Document::parse(&svg).unwrap();
    assert!(!parsed.descendants().any(|node| node.has_tag_name("script")), "{svg}");
    let page = found.html().unwrap();
    assert!(!page.contains("<script>x") && !page.contains(['\0', '\u{1b}', '\u{fffe}']), "{page}");
    let csv = found.csv().unwrap();
    assert!(csv.contains("\"'=a<b>&\"\"") && !csv.contains("\n\"="), "{csv}");
}
