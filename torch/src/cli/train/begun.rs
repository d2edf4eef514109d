//! A new training.

use std::path::Path;

use netc::check::Checked;
use netc::cli::net::{blocks_alone, unsound};
use netc::cli::out::show;
use netc::cli::table::echo_overrides;
use netc::cli::train::args::TrainArgs;
use netc::cli::train::weights::start_weights;
use netc::compile;
use netc::diag::Sources;
use netc::lower::Optimisation;
use netc::recipe::{Layers, Recipe};
use netc::run::{Method, RunFolder};
use netc::search::unlike_published;
use netc::syntax::parse;

use super::training::Training;
use crate::cli::advice::advice;

/// A new training. Of several ranks only the first one reports problems.
pub(super) fn begun(args: &TrainArgs, first: bool) -> Result<Training, String> {
    let file = args.file.as_deref().unwrap_or(Path::new(""));
    let mut compilation = compile(file, &args.set.set);
    if first {
        show(&compilation.problems, &compilation.sources);
    }
    let Some(net) = compilation.net.take() else {
        return Err(match compilation.ok() {
            true => blocks_alone(file, "train"),
            false => format!("no training: {}", unsound(&compilation.problems, "the net")),
        });
    };
    let recipe = recipe_in_force(args, &net, &compilation.sources, first)?;
    let start = start_weights(&args.start, &net)?;
    let (text, yaml) = (readable(net.flat_text(None))?, recipe.to_yaml());
    let folder = match &args.output {
        Some(out) => RunFolder::new(out, text, yaml),
        None => {
            let name = format!("{}-{}", net.graph().name, args.seed);
            RunFolder::free(Path::new("runs"), &name, text, yaml)
        }
    };
    if first {
        folder.check().map_err(|error| advice(&error, &folder.path()))?;
    }
    let mut without = args.without.clone();
    if args.no_graph {
        without.disable(Optimisation::Graph);
    }
    Ok(Training {
        overrides: echo_overrides(&net, &args.set.set),
        folder,
        recipe,
        data: args.data.clone().unwrap_or_else(|| "cifar10".into()),
        limits: [args.limit_train, args.limit_test],
        seed: args.seed,
        precision: args.machine.precision,
        method: Method {
            executor: args.executor,
            conv: args.conv,
            passes: args.passes.clone(),
            without,
            deterministic: args.deterministic,
            sync_norm: args.sync_bn,
        },
        net,
        start,
        before: None,
    })
}

/// The flat text of a net, if it can be read back.
fn readable(flat: String) -> Result<String, String> {
    let mut sources = Sources::default();
    let id = sources.add("its flat text", flat.clone());
    match parse(&sources, id) {
        Ok(_) => Ok(flat),
        Err(problems) => {
            let why =
                problems.sorted().first().map_or(String::new(), |problem| problem.message.clone());
            Err(format!("no training: the net is too large to be read again from its run: {why}"))
        }
    }
}

fn recipe_in_force(
    args: &TrainArgs,
    net: &Checked,
    sources: &Sources,
    first: bool,
) -> Result<Recipe, String> {
    let mut sources = sources.clone();
    let layers = Layers::of(&args.recipe.recipe)?;
    let settings = &net.graph().settings;
    let (recipe, problems) = layers.resolve(settings, args.epochs, &mut sources)?;
    if first {
        show(&problems, &sources);
    }
    if problems.has_errors() {
        return Err("no training: the recipe is not sound".into());
    }
    // The published accuracy is kept where the result may be held against it.
    let data = args.data.as_deref().unwrap_or("cifar10");
    let limits = [args.limit_train, args.limit_test];
    let as_published = args.set.set.is_empty()
        && recipe.epochs == Recipe::resolve(settings, &[]).0.epochs
        && unlike_published(data, limits, &layers).is_none();
    Ok(Recipe { accuracy: recipe.accuracy.filter(|_| as_published), ..recipe })
}
