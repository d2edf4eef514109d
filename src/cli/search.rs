use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use super::PROBLEMS;
use super::args_search::{CombineArg, SearchArgs};
use super::data::load_with_progress;
use super::out::{complain, millions, print, show, table, thousands, trimmed};
use super::report;
use super::train::{INTERRUPTED, stop_on_interrupt};
use crate::diag::Sources;
use crate::run::{Machine, PrecisionChoice, recipe};
use crate::search::report::Report;
use crate::search::{Combine, Plan, Run, SearchError, Spec, Stage, Worker};

/// How often the state of a run is saved, at most.
const SAVE_EVERY: Duration = Duration::from_secs(10);

pub(super) fn run(args: &SearchArgs) -> ExitCode {
    match go(args) {
        Ok(code) => code,
        Err(SearchError::Net(sources, problems)) => {
            show(&problems, &sources);
            complain("no search: a file of it is not sound\n");
            ExitCode::from(PROBLEMS)
        }
        Err(error) => {
            complain(&format!("{error}\n"));
            ExitCode::from(PROBLEMS)
        }
    }
}

fn go(args: &SearchArgs) -> Result<ExitCode, SearchError> {
    let (folder, plan) = match args.files.as_slice() {
        [folder] if folder.is_dir() => (folder.clone(), Plan::read(folder)?),
        _ => {
            let spec = spec(args)?;
            let (plan, texts) = Plan::new(&spec)?;
            let folder = args.out.clone().unwrap_or_else(|| default_folder(&args.files[0]));
            if !args.dry_run {
                plan.write(&folder, &texts)?;
            }
            (folder, plan)
        }
    };
    print(&head(&plan));
    if args.dry_run {
        return Ok(ExitCode::SUCCESS);
    }
    work(args, &folder, &plan)
}

/// Trains until every run is over, then shows what came of them.
fn work(args: &SearchArgs, folder: &Path, plan: &Plan) -> Result<ExitCode, SearchError> {
    let wrong = |error: String| SearchError::new(error);
    let precision: PrecisionChoice = plan.spec.precision.parse().map_err(wrong)?;
    let machine = Machine::choose(args.machine.device, precision).map_err(|e| wrong(e.to_string()))?;
    let stop = stop_on_interrupt().map_err(wrong)?;
    let data = load_with_progress(&plan.spec.data).map_err(|e| wrong(e.to_string()))?;
    let worker = Worker {
        folder,
        data: &data,
        machine,
        save_every: SAVE_EVERY,
        keep_weights: args.keep_weights,
        stop: &stop,
    };
    let worked = worker.work(&mut |stage| match stage {
        Stage::Over(run) => print(&line(run)),
        Stage::Run(_) | Stage::Training(..) | Stage::Waiting(_) => {}
    })?;
    print(&format!("\n{}", report::text(&Report::read(folder)?)));
    Ok(if worked.interrupted { ExitCode::from(INTERRUPTED) } else { ExitCode::SUCCESS })
}

/// The spec of a file, or of the nets on the command line; options win over keys.
fn spec(args: &SearchArgs) -> Result<Spec, SearchError> {
    let is_spec = |path: &Path| path.extension().is_some_and(|e| e == "yaml" || e == "yml");
    let mut spec = match args.files.as_slice() {
        [file] if is_spec(file) => {
            let text = recipe::read(file).map_err(SearchError::new)?;
            let mut sources = Sources::default();
            let id = sources.add(file.display().to_string(), text.clone());
            let folder = file.parent().unwrap_or(Path::new(""));
            Spec::parse(id, &text, folder).map_err(|problems| SearchError::Net(sources, problems))?
        }
        files => Spec { nets: files.to_vec(), ..Spec::default() },
    };
    let over: Vec<String> = args.over.iter().flat_map(|names| names_of(names)).collect();
    if !over.is_empty() {
        spec.over = over;
    }
    match args.combine {
        Some(CombineArg::Each) => spec.combine = Combine::Each,
        Some(CombineArg::Product) => spec.combine = Combine::Product,
        None => {}
    }
    if !args.epochs.is_empty() {
        spec.epochs = args.epochs.clone();
    }
    if let PrecisionChoice::Exactly(precision) = args.machine.precision {
        spec.precision = precision.to_string();
    }
    spec.filter = args.filter.clone().or(spec.filter);
    spec.runs = args.runs.unwrap_or(spec.runs);
    spec.seed = args.seed.unwrap_or(spec.seed);
    spec.recipe = args.recipe.clone().or(spec.recipe);
    spec.data = args.data.clone().unwrap_or(spec.data);
    spec.limit_train = args.limit_train.or(spec.limit_train);
    spec.limit_test = args.limit_test.or(spec.limit_test);
    Ok(spec)
}

/// `res,width=[64,128]` at the commas outside brackets.
fn names_of(text: &str) -> Vec<String> {
    let (mut names, mut depth) = (vec![String::new()], 0);
    for c in text.chars() {
        depth += i32::from(c == '[') - i32::from(c == ']');
        match names.last_mut() {
            Some(_) if c == ',' && depth == 0 => names.push(String::new()),
            Some(name) => name.push(c),
            None => {}
        }
    }
    names.into_iter().map(|name| name.trim().to_string()).filter(|name| !name.is_empty()).collect()
}

fn default_folder(file: &Path) -> PathBuf {
    Path::new("searches").join(file.file_stem().unwrap_or_default())
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
    text + &format!(
        "{} variants, {} epochs, {} runs of each: {} runs\n",
        plan.variants.len(),
        lengths.join(" and "),
        plan.spec.runs,
        plan.runs.len(),
    )
}

/// A run that is over.
fn line(run: &Run) -> String {
    let (variant, epochs, seed) = (&run.inputs.variant, run.inputs.epochs, run.inputs.seed);
    match (run.accuracy(), run.time(), run.end.as_ref().and_then(|end| end.reason.as_ref())) {
        (Some(accuracy), Some(time), _) => {
            format!("{variant}, {epochs} epochs, seed {seed}: {accuracy:.2}% in {time:.1} s\n")
        }
        (_, _, Some(reason)) => format!("{variant}, {epochs} epochs, seed {seed}: failed: {reason}\n"),
        _ => format!("{variant}, {epochs} epochs, seed {seed}: failed\n"),
    }
}
