//! From the command line to the plan of a search.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::PROBLEMS;
use super::args_search::{CombineArg, SearchArgs, TrainingsArgs};
use super::out::{complain, show};
use crate::diag::Sources;
use crate::recipe;
use crate::run::PrecisionChoice;
use crate::search::{Combine, Plan, SearchError, Spec};

/// A search that is to be worked on.
#[derive(Debug)]
pub(super) struct Planned {
    pub folder: PathBuf,
    pub plan: Plan,
}

/// The search that the arguments describe, or the folder they name; written down unless `dry`.
pub(super) fn planned(args: &SearchArgs, dry: bool) -> Result<Planned, SearchError> {
    let name = |file: &Path| file.file_stem().unwrap_or_default().to_os_string();
    of(&args.files, &args.trainings, dry, || {
        Ok((spec(args)?, Path::new("searches").join(name(&args.files[0]))))
    })
}

/// The search that `describe` gives, or the folder that `files` names.
pub(super) fn of(
    files: &[PathBuf],
    args: &TrainingsArgs,
    dry: bool,
    describe: impl FnOnce() -> Result<(Spec, PathBuf), SearchError>,
) -> Result<Planned, SearchError> {
    if let [folder] = files
        && folder.is_dir()
    {
        return Ok(Planned { plan: Plan::read(folder)?, folder: folder.clone() });
    }
    let (spec, default) = describe()?;
    let (plan, texts) = Plan::new(&spec)?;
    let folder = args.out.clone().unwrap_or(default);
    if !dry {
        plan.write(&folder, &texts)?;
    }
    Ok(Planned { folder, plan })
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
    if !args.set.is_empty() {
        spec.set = args.set.clone();
    }
    match args.combine {
        Some(CombineArg::Each) => spec.combine = Combine::Each,
        Some(CombineArg::Product) => spec.combine = Combine::Product,
        None => {}
    }
    if !args.epochs.is_empty() {
        spec.epochs = args.epochs.clone();
    }
    spec.filter = args.filter.clone().or(spec.filter);
    spec.halving = args.halving.or(spec.halving);
    trainings(&mut spec, &args.trainings);
    Ok(spec)
}

/// What both commands take.
pub(super) fn trainings(spec: &mut Spec, args: &TrainingsArgs) {
    if let PrecisionChoice::Exactly(precision) = args.machine.precision {
        spec.precision = precision.to_string();
    }
    spec.runs = args.runs.unwrap_or(spec.runs);
    spec.seed = args.seed.unwrap_or(spec.seed);
    spec.recipe = args.recipe.clone().or(spec.recipe.take());
    if let Some(data) = &args.data {
        spec.data.clone_from(data);
    }
    spec.limit_train = args.limit_train.or(spec.limit_train);
    spec.limit_test = args.limit_test.or(spec.limit_test);
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

/// Says what is wrong.
pub(super) fn refuse(error: &SearchError) -> ExitCode {
    match error {
        SearchError::Net(sources, problems) => {
            show(problems, sources);
            complain("no search: a file of it is not sound\n");
        }
        other => complain(&format!("{other}\n")),
    }
    ExitCode::from(PROBLEMS)
}
