//! `netc search` and `netc reproduce`, in the program that links libtorch.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use netc::check::Checked;
use netc::cli::PROBLEMS;
use netc::cli::bar::Bar;
use netc::cli::out::{Log, error, print, quoted, warning};
use netc::cli::search::args::{ReproduceArgs, SearchArgs, TrainingsArgs};
use netc::cli::search::plan::{Planned, load, note, of, planned, refuse, trainings};
use netc::cli::search::report;
use netc::cli::table::{millions, table, thousands, trimmed};
use netc::diag::number_of;
use netc::disk::Folder;
use netc::lower::ConvChoice;
use netc::run::data::Dataset;
use netc::search::report::Report;
use netc::search::{Plan, SearchError, Sha, Sorted, Spec, rough};

use super::advice::enough_memory;
use super::search_view::{SearchView, line, serve};
use super::search_workers::{machine, supervise};
use super::train::{INTERRUPTED, stop_on_interrupt};
use crate::run::{Images, trainable};
use crate::search::{Stage, Worked, Worker, calibrate, moved};

/// The maximum number of listed runs that could not be done.
const MOST_LISTED: usize = 8;
/// Data sets of which the images are known, without loading them.
const CIFAR: [&str; 2] = ["cifar10", "cifar100"];
/// How many images they have to train on and to test with.
const CIFAR_IMAGES: [usize; 2] = [50_000, 10_000];

pub(super) fn run(args: &SearchArgs) -> ExitCode {
    finish(planned(args, args.trainings.dry_run), &args.trainings)
}

pub(super) fn reproduce(args: &ReproduceArgs) -> ExitCode {
    finish(reproduction(args, args.trainings.dry_run), &args.trainings)
}

/// The search that `netc reproduce` performs.
fn reproduction(args: &ReproduceArgs, dry: bool) -> Result<Planned, SearchError> {
    of(&args.files, &args.trainings, dry, || {
        let sorted = Sorted::claiming(&args.files)?;
        note(&sorted);
        let mut spec = Spec { nets: sorted.nets, ..Spec::default() };
        spec.epochs = args.epochs.into_iter().collect();
        trainings(&mut spec, &args.trainings)?;
        Ok((spec, PathBuf::from("searches/reproduce")))
    })
}

fn finish(planned: Result<Planned, SearchError>, args: &TrainingsArgs) -> ExitCode {
    planned.and_then(|planned| go(planned, args)).unwrap_or_else(|error| refuse(&error))
}

fn go(mut planned: Planned, args: &TrainingsArgs) -> Result<ExitCode, SearchError> {
    let data = planned.data.take();
    let Planned { folder, plan, .. } = &planned;
    if args.worker {
        end_with_parent();
        return work(args, &planned, data, true).map(|worked| code(worked, &Log::default()));
    }
    // CIFAR, which may have to be downloaded, is not loaded for a dry run: its images are known.
    let loaded = match &data {
        None if args.dry_run && !CIFAR.contains(&plan.spec.data.as_str()) => Some(load(plan)?),
        _ => None,
    };
    let known = loaded.as_ref().or(data.as_ref());
    if args.dry_run || data.is_some() {
        all_can_be_trained(&planned, args, known)?;
    }
    if !args.dry_run {
        planned.write()?;
    }
    if args.dry_run {
        print(&head(plan));
        print(&estimate(&planned, args, known)?);
        return Ok(ExitCode::SUCCESS);
    }
    let place = Folder::open(folder).map_err(SearchError::io(folder))?;
    let anchor = place.anchor().map_err(SearchError::io(folder))?;
    let mut log = Log::default();
    log.print(&head(plan));
    if let Some(port) = args.serve {
        serve(folder, port)?;
    }
    let view = SearchView::start(folder, args.quiet)?;
    let worked = match args.workers.unwrap_or(1) {
        1 => work(args, &planned, data, false),
        count => {
            // Each worker loads them for itself.
            drop(data);
            supervise(args, folder, plan, count)
        }
    };
    drop(view);
    if !anchor.holds() {
        return Err(moved(folder));
    }
    let worked = worked?;
    let report = Report::read(folder)?;
    log.print(&format!("\n{}", report::text(&report)));
    if worked.interrupted {
        log.print(&format!("interrupted; to go on: netc search {}\n", quoted(folder.display())));
    }
    if report.finished == 0 && !report.failed.is_empty() && !worked.interrupted {
        let failed = number_of(report.failed.len(), "run");
        error(&format!("no run could be finished: {failed} failed"));
        return Ok(ExitCode::from(PROBLEMS));
    }
    Ok(code(worked, &log))
}

/// If the process that started this worker is gone, it saves its state and ends.
fn end_with_parent() {
    #[cfg(target_os = "linux")]
    {
        let _ =
            rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::TERM));
    }
}

/// Reports which runs could not be done.
fn code(worked: Worked, log: &Log) -> ExitCode {
    for why in worked.blocked.iter().take(MOST_LISTED) {
        error(&format!("a run that could not be done: {why}"));
    }
    match (worked.interrupted, worked.blocked.len()) {
        (true, _) => ExitCode::from(INTERRUPTED),
        (false, 0) => log.code(),
        (false, blocked) => {
            let runs = number_of(blocked, "run");
            error(&format!("{runs} could not be done; remove what stands in the way"));
            ExitCode::from(PROBLEMS)
        }
    }
}

/// Trains until every run is over. With `alone` there is no live view, so it reports finished runs
/// itself.
fn work(
    args: &TrainingsArgs,
    planned: &Planned,
    data: Option<Dataset>,
    alone: bool,
) -> Result<Worked, SearchError> {
    let Planned { folder, plan, .. } = planned;
    let machine = machine(args, plan)?;
    let stop = stop_on_interrupt().map_err(SearchError::new)?;
    let data = data.map_or_else(|| load(plan), Ok)?;
    let worker = Worker {
        folder,
        data: &data,
        machine,
        save_every: Duration::from_secs(args.save_every.into()),
        keep_weights: args.keep_weights,
        stop: &stop,
    };
    let mut log = Log::default();
    worker.work(&mut |stage| match stage {
        Stage::Over(run) if alone => log.print(&line(run)),
        Stage::Again(planned, flaw) => {
            warning(&format!("run {} is done again: {flaw}", planned.id));
        }
        Stage::Over(_) | Stage::Run(_) | Stage::Training(..) | Stage::Waiting(_) => {}
    })
}

/// The plan: each variant, and how many runs there are.
fn head(plan: &Plan) -> String {
    let mut table = table(&["variant", "params", "MACs", "the same as"], 1..3);
    for variant in &plan.variants {
        let (params, macs) = (thousands(variant.params), millions(variant.macs));
        table.add_row([variant.name.clone(), params, macs, variant.also.join(", ")]);
    }
    let mut lengths: Vec<u32> = plan.runs.iter().map(|run| run.epochs).collect();
    lengths.sort_unstable();
    lengths.dedup();
    let lengths: Vec<String> = lengths.iter().map(u32::to_string).collect();
    let mut text = format!("{}\n\n", trimmed(&table));
    if !plan.excluded.is_empty() {
        text += &format!("left out by the condition: {}\n", plan.excluded.join(", "));
    }
    text += &format!(
        "{}, {} epoch{}, {} of each: {}\n",
        number_of(plan.variants.len(), "variant"),
        lengths.join(" and "),
        if lengths == ["1"] { "" } else { "s" },
        number_of(plan.spec.runs as usize, "run"),
        number_of(plan.runs.len(), "run"),
    );
    if let Some(halving) = plan.spec.halving {
        text += &format!(
            "successive halving: after 1, {halving}, {} ... runs the best one in {halving} goes on; it biases the means\n",
            u64::from(halving).pow(2)
        );
    }
    text
}

/// A net of the plan.
fn net(planned: &Planned, graph: &Sha) -> Result<Checked, SearchError> {
    match planned.texts.as_ref().and_then(|texts| texts.get(graph)) {
        Some(text) => Plan::compile(text, graph),
        None => Plan::net(&planned.folder, graph).map(|(net, _)| net),
    }
}

/// Refuses a plan with a run that the images do not fit, or whose step does not fit into this
/// machine's memory.
fn all_can_be_trained(
    planned: &Planned,
    args: &TrainingsArgs,
    data: Option<&Dataset>,
) -> Result<(), SearchError> {
    let plan = &planned.plan;
    let machine = machine(args, plan)?;
    let limit = plan.spec.limit_train;
    let cifar = || Images {
        name: &plan.spec.data,
        image: [3, 32, 32],
        classes: if plan.spec.data == "cifar100" { 100 } else { 10 },
        count: limit.unwrap_or(usize::MAX).min(CIFAR_IMAGES[0]),
    };
    let images = data.map_or_else(cifar, |data| Images::of(data, limit));
    for (i, variant) in plan.variants.iter().enumerate() {
        let run = plan.runs.iter().find(|run| run.variant == i);
        let Some(recipe) = run.and_then(|run| plan.recipe(run)) else { continue };
        let net = net(planned, &variant.graph)?;
        let refuse =
            |why: String| SearchError::new(format!("no search: variant `{}`: {why}", variant.name));
        trainable(&net, &recipe, images).map_err(|why| refuse(why.to_string()))?;
        let batch = recipe.batch_size.min(images.count);
        enough_memory(&net, batch, ConvChoice::default(), machine).map_err(refuse)?;
    }
    Ok(())
}

/// What the plan costs, and about how long it takes.
fn estimate(
    planned: &Planned,
    args: &TrainingsArgs,
    data: Option<&Dataset>,
) -> Result<String, SearchError> {
    let plan = &planned.plan;
    let all = data.map_or(CIFAR_IMAGES, |data| [data.train.len(), data.test.len()]);
    let train = plan.spec.limit_train.map_or(all[0], |limit| limit.min(all[0]));
    let test = plan.spec.limit_test.map_or(all[1], |limit| limit.min(all[1]));
    let machine = machine(args, plan)?;
    let bar = Bar::spinner();
    let start = Instant::now();
    let found = calibrate(plan, &|graph| net(planned, graph), machine, &mut |name| {
        bar.message(&format!("timing a few steps of {name}"))
    });
    bar.clear();
    let found = found?;
    let workers = f64::from(args.workers.unwrap_or(1));
    let seconds = found.seconds(plan, train, test);
    Ok(format!(
        "{:.3} PMACs, a training step counted as three forward passes\n\
         about {} on {} ({}, {}, by a few steps of {}, timed in {:.0} s){}\n",
        plan.macs(train, test) / 1e15,
        rough(seconds),
        if workers > 1.0 { "one worker" } else { "this machine" },
        machine.hardware().label(),
        machine.precision,
        number_of(found.timed, "net"),
        start.elapsed().as_secs_f64(),
        if workers > 1.0 {
            format!("; {} if {workers} such work at the same time", rough(seconds / workers))
        } else {
            String::new()
        },
    ) + &assumed(&plan.spec, [train, test]))
}

/// What the estimate takes for granted.
fn assumed(spec: &Spec, [train, test]: [usize; 2]) -> String {
    let mut text = format!(
        "assumed: {} training and {} test images, a test after every epoch",
        thousands(train as u64),
        thousands(test as u64)
    );
    if spec.halving.is_some() {
        text += ", every run trained to its end in spite of --halving";
    }
    text + ", nothing else at work on the machine\n"
}
