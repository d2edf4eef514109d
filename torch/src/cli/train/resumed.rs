//! A training that goes on with an interrupted run.

use std::path::Path;

use netc::cli::export::source::net_of_run;
use netc::cli::out::{note, quoted, show, warning};
use netc::diag::Sources;
use netc::recipe::Recipe;
use netc::run::{Outcome, PrecisionChoice, RunError, RunFolder};

use super::training::{Before, Training};
use crate::cli::advice::{advice, data_of_run};

/// A resumed training. Everything it depends on comes from its folder; the images come from `data`,
/// if given.
pub(super) fn resumed(run: &Path, data: Option<&str>, first: bool) -> Result<Training, String> {
    let wrong = |error: RunError| advice(&error, run);
    // Of several ranks only the first one writes to the folder and locks it.
    let folder = match first {
        true => RunFolder::resume(run).map_err(wrong)?,
        false => RunFolder::new(run, String::new(), String::new()),
    };
    let info = RunFolder::info(run).map_err(wrong)?;
    if info.outcome == Outcome::Finished {
        return Err(wrong(RunError::NothingLeft(run.into())));
    }
    let net = net_of_run(run)?;
    let recipe = recipe_of_run(run, first)?;
    let log = RunFolder::log(run).map_err(wrong)?;
    let checkpoint = RunFolder::checkpoint_of(run);
    if first {
        if let Some(damage) = &log.damage {
            warning(&format!("{}: {damage}", run.join(RunFolder::LOG).display()));
        }
        if checkpoint.is_none() {
            note(&format!("{} has no checkpoint yet: it starts anew", run.display()));
        }
    }
    let data = data_of_run(data, &info, &format!("netc train --resume {}", quoted(run.display())))?;
    Ok(Training {
        overrides: String::new(),
        net,
        recipe,
        data,
        limits: [Some(info.train_examples), Some(info.test_examples)],
        seed: info.seed,
        precision: PrecisionChoice::Exactly(info.precision),
        method: info.method.clone(),
        folder,
        start: None,
        before: Some(Before { info, rows: log.rows, checkpoint }),
    })
}

fn recipe_of_run(run: &Path, first: bool) -> Result<Recipe, String> {
    let text = RunFolder::recipe(run).map_err(|error| error.to_string())?;
    let mut sources = Sources::default();
    let name = run.join(RunFolder::RECIPE).display().to_string();
    let file = (sources.add(name, text.clone()), text.as_str());
    let (recipe, problems) = Recipe::resolve(&[], &[file]);
    if first {
        show(&problems, &sources);
    }
    match problems.has_errors() {
        true => Err("the run's recipe is not sound".into()),
        false => Ok(recipe),
    }
}
