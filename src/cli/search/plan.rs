//! From the command line to the plan of a search.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::cli::PROBLEMS;
use crate::cli::net::unsound;
use crate::cli::out::{self, error, quoted, show};
use crate::cli::search::args::{CombineArg, SearchArgs, TrainingsArgs};
use crate::cli::train::data::load_and_say;
use crate::recipe::Layers;
use crate::run::PrecisionChoice;
use crate::run::data::Dataset;
use crate::search::{Combine, Plan, SearchError, Sha, Sorted, Spec, Texts};

/// A search to work on.
#[derive(Debug)]
pub struct Planned {
    pub folder: PathBuf,
    pub plan: Plan,
    /// The nets, if they were compiled just now.
    pub texts: Option<Texts>,
    /// The images, if they were loaded just now.
    pub data: Option<Dataset>,
}

impl Planned {
    /// Writes a plan that was made just now to its folder.
    ///
    /// # Errors
    /// A folder that holds something else, or cannot be written.
    pub fn write(&self) -> Result<(), SearchError> {
        self.texts.as_ref().map_or(Ok(()), |texts| self.plan.write(&self.folder, texts))
    }
}

/// The search that the arguments describe, or the folder that they name; if `dry`, without the
/// images. Nothing is written yet.
pub fn planned(args: &SearchArgs, dry: bool) -> Result<Planned, SearchError> {
    let name = |file: &Path| file.file_stem().unwrap_or_default().to_os_string();
    of(&args.files, &args.trainings, dry, || {
        Ok((spec(args)?, Path::new("searches").join(name(&args.files[0]))))
    })
}

/// The search that `describe` gives, or the folder that `files` names.
pub fn of(
    files: &[PathBuf],
    args: &TrainingsArgs,
    dry: bool,
    describe: impl FnOnce() -> Result<(Spec, PathBuf), SearchError>,
) -> Result<Planned, SearchError> {
    if let [folder] = files
        && folder.is_dir()
    {
        let plan = going_on(folder, args.data.as_deref())?;
        return Ok(Planned { plan, folder: folder.clone(), texts: None, data: None });
    }
    let (spec, default) = describe()?;
    let folder = args.output.clone().unwrap_or(default);
    // What is wrong with the spec is said before the data are fetched.
    let (plan, texts) = Plan::new(&spec)?;
    let mut seen = HashSet::new();
    let first = plan.runs.iter().filter(|run| seen.insert((run.variant, run.epochs)));
    let recipes: Vec<_> = first.filter_map(|run| plan.recipe(run)).collect();
    let unread = spec.layers().unread(&recipes).map_err(SearchError::new)?;
    unread.iter().for_each(|why| out::warning(why));
    if dry {
        return Ok(Planned { folder, plan, texts: Some(texts), data: None });
    }
    let data = load(&plan)?;
    let hash = Sha::try_from(data.sha256()).map_err(SearchError::new)?;
    let plan = plan.on(hash, [data.train.len(), data.test.len()]);
    Ok(Planned { folder, plan, texts: Some(texts), data: Some(data) })
}

/// The plan of a search's folder, with the images where the user says; else where the plan does, if
/// the user wrote it.
fn going_on(folder: &Path, data: Option<&str>) -> Result<Plan, SearchError> {
    let mut plan = Plan::read(folder)?;
    match data {
        // Workers may be started in another folder.
        Some(data) => plan.spec = Spec { data: data.into(), ..plan.spec }.absolute()?,
        None if plan.names_own_data() => {}
        None => {
            let (folder, data) = (folder.display(), &plan.spec.data);
            return Err(SearchError::new(format!(
                "{folder}/{} names {data} as its images, and was not written by your netc on this machine",
                Plan::FILE
            ))
            .help(format!(
                "if these are the images that you mean: netc search {} --data {}",
                quoted(folder),
                quoted(data)
            )));
        }
    }
    Ok(plan)
}

/// The images of a plan.
pub fn load(plan: &Plan) -> Result<Dataset, SearchError> {
    load_and_say(&plan.spec.data).map_err(|error| SearchError::new(error.to_string()))
}

/// Reports which files are left out.
pub fn note(sorted: &Sorted) {
    for note in sorted.notes() {
        out::note(&note);
    }
}

/// The spec of a file, or of the nets on the command line; options win over keys.
fn spec(args: &SearchArgs) -> Result<Spec, SearchError> {
    let is_spec = |path: &Path| path.extension().is_some_and(|e| e == "yaml" || e == "yml");
    let mut spec = match args.files.as_slice() {
        [file] if is_spec(file) => Spec::read(file)?,
        files => {
            let sorted = Sorted::new(files);
            note(&sorted);
            Spec { nets: sorted.nets, ..Spec::default() }
        }
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
    trainings(&mut spec, &args.trainings)?;
    Ok(spec)
}

/// The arguments that both commands take.
///
/// # Errors
/// Two recipe files.
pub fn trainings(spec: &mut Spec, args: &TrainingsArgs) -> Result<(), SearchError> {
    if let PrecisionChoice::Exactly(precision) = args.machine.precision {
        spec.precision = precision.to_string();
    }
    spec.runs = args.runs.unwrap_or(spec.runs);
    spec.seed = args.seed.unwrap_or(spec.seed);
    let layers = Layers::of(&args.recipe.recipe).map_err(SearchError::new)?;
    spec.recipe = layers.file.or(spec.recipe.take());
    spec.keys.extend(layers.keys);
    if let Some(data) = &args.data {
        spec.data.clone_from(data);
    }
    spec.limit_train = args.limit_train.or(spec.limit_train);
    spec.limit_test = args.limit_test.or(spec.limit_test);
    Ok(())
}

/// Splits `res,width=[64,128]` at the commas outside brackets.
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

/// Reports an error.
pub fn refuse(why: &SearchError) -> ExitCode {
    match why {
        SearchError::Net(sources, problems) => {
            show(problems, sources);
            let why = unsound(problems, "a net, the spec or its condition");
            error(&format!("no search: {why}"));
        }
        other => error(&other.to_string()),
    }
    ExitCode::from(PROBLEMS)
}
