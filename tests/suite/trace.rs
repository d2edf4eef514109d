//! From the events of a trace to the table of kernels; and a trace of a real step.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use netc::cli::train::kernel_table;
use netc::run::trace::{Activity, Execution, KernelTimes, PeakRates, TaskWork, TraceEvent};

const PEAKS: PeakRates = PeakRates { macs: 400e12, bytes: 3e12 };

/// A case: the number of steps, the work of ranges, and the events.
#[derive(Default)]
struct Case {
    steps: usize,
    work: BTreeMap<String, TaskWork>,
    events: Vec<TraceEvent>,
}

impl Case {
    fn read(path: &Path) -> Case {
        let mut case = Case::default();
        let text = std::fs::read_to_string(path).unwrap();
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let words: Vec<&str> = line.split_whitespace().collect();
            let number = |i: usize| words[i].parse::<u64>().unwrap();
            let activity = match words[0] {
                "steps" => {
                    case.steps = usize::try_from(number(1)).unwrap();
                    continue;
                }
                "work" => {
                    let work = TaskWork { macs: number(2), bytes: number(3) };
                    case.work.insert(words[1].replace("\\s", " "), work);
                    continue;
                }
                "op" => Activity::Op,
                "range" => Activity::Range,
                "launch" => Activity::Launch,
                "kernel" => Activity::Kernel,
                _ => Activity::Other,
            };
            case.events.push(TraceEvent {
                activity,
                name: words[6..].join(" "),
                start: number(1),
                duration: number(2),
                correlation: number(3),
                op: number(4),
                lane: i64::try_from(number(5)).unwrap(),
            });
        }
        case
    }

    fn times(&self) -> KernelTimes {
        let on_gpu = self.events.iter().any(|event| event.activity == Activity::Launch);
        let executions = match on_gpu {
            true => Execution::kernels(&self.events),
            false => Execution::ops(&self.events),
        };
        KernelTimes::new(&executions, self.steps, PEAKS, |range| self.work.get(range).copied())
    }
}

#[test]
fn traces_become_tables() {
    crate::check::snapshots().bind(|| {
        insta::glob!("../cases/trace", "*.txt", |path| {
            let mut case = Case::read(path);
            let times = case.times();
            let table = kernel_table(&times);
            assert!(table.lines().all(|line| line.chars().count() <= 100), "{table}");
            let ranges = times.ranges.iter().map(|range| {
                format!("{}: {} x, {:.0} ns\n", range.name, range.launches, range.seconds * 1e9)
            });
            insta::assert_snapshot!("trace", format!("{table}\n{}", ranges.collect::<String>()));
            case.events.reverse();
            assert_eq!(times, case.times(), "another order of events");
        });
    });
}

#[test]
fn no_event_at_all_is_no_kernel() {
    let times = KernelTimes::new(&[], 0, PEAKS, |_| None);
    assert_eq!((times.step, times.covered, times.gaps.count), (0.0, 0.0, 0.0));
    assert_eq!(kernel_table(&times), "no kernel was recorded\n");
}

/// Events at the edges of time, and ranges that overlap without one being inside the other.
#[test]
fn no_times_are_too_odd() {
    let event = |activity, start, duration| TraceEvent {
        activity,
        name: format!("{start}"),
        start,
        duration,
        correlation: start,
        op: 0,
        lane: 0,
    };
    let times = [0, 1, 2, 3, u64::MAX - 1, u64::MAX];
    let both = times.iter().flat_map(|&start| times.map(|duration| (start, duration)));
    let activities =
        [Activity::Op, Activity::Range, Activity::Launch, Activity::Kernel, Activity::Other];
    for (start, duration) in both {
        let first = activities.map(|activity| event(activity, start, duration));
        let events: Vec<TraceEvent> =
            first.into_iter().chain(activities.map(|activity| event(activity, 1, 2))).collect();
        for executions in [Execution::kernels(&events), Execution::ops(&events)] {
            let times = KernelTimes::new(&executions, 1, PEAKS, |_| None);
            assert!((0.0..=1.0).contains(&times.covered), "{start} {duration}: {times:?}");
            assert!((0.0..=1.0).contains(&times.overlapped), "{start} {duration}: {times:?}");
        }
    }
}

#[test]
fn a_profile_traces_its_steps() {
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("trace.json");
    let profile = |args: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_netc"))
            .args(["profile", "nets/resnet9.net", "--set", "width=8", "--batch", "8"])
            .args(["--steps", "2", "--device", "cpu", "--precision", "fp32"])
            .args(args)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let text = profile(&["--trace", trace.to_str().unwrap()]);
    let recorded: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&trace).unwrap()).unwrap();
    let events = recorded["traceEvents"].as_array().unwrap();
    let named = |category: &str, name: &str| {
        events.iter().filter(|event| event["cat"] == category && event["name"] == name).count()
    };
    for range in ["augmentation", "optimiser", "prep.conv", "prep.conv backward", "head.linear"] {
        assert_eq!(named("user_annotation", range), 2, "{range}");
    }
    assert!(named("cpu_op", "aten::mm") >= 2);
    for word in ["kernels ms", "outside libtorch's ops", "gaps between them", "written to"] {
        assert!(text.contains(word), "{word} in {text}");
    }

    let found: serde_json::Value =
        serde_json::from_str(&profile(&["--kernels", "--format", "json"])).unwrap();
    let kernels = &found["kernels"];
    let seconds = |of: &serde_json::Value| of["seconds"].as_f64().unwrap();
    let all: f64 = kernels["kernels"].as_array().unwrap().iter().map(seconds).sum();
    let of_tasks: f64 = found["tasks"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|task| task["traced"].as_array().unwrap())
        .map(|seconds| seconds.as_f64().unwrap())
        .sum();
    assert!(0.0 < of_tasks && of_tasks < all, "{of_tasks} of {all}");
    assert!(all <= kernels["step"].as_f64().unwrap(), "one thread runs one op at a time");
}
