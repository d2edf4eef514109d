//! The variants of a search: the nets of a spec, each combination of graph and recipe once.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::condition::{Condition, listed};
use super::{Combine, SearchError, Sha, Spec};
use crate::check::Checked;
use crate::compile;
use crate::diag::{Sources, did_you_mean};
use crate::graph::members;
use crate::limits::{MAX_VALUES, MAX_VARIANTS};
use crate::recipe::{Layers, Recipe};
use crate::syntax::ast::{ItemKind, Net, Param};
use crate::syntax::{self, Project};

/// One net of a search.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Variant {
    /// Unique in its search: `base`, `res=[1,3]`.
    pub name: String,
    /// Its series in plots: the varied parameter, or the start of its file's name.
    pub family: String,
    /// The canonical graph's SHA-256.
    pub graph: Sha,
    /// Trained parameters.
    pub params: u64,
    /// Multiply-accumulate operations for one image.
    pub macs: u64,
    /// Other names of the same graph with the same recipe, which are not trained again.
    pub also: Vec<String>,
    /// The accuracies claimed in the recipes of its files; empty for a variation.
    #[serde(default)]
    pub claims: Vec<Claim>,
}

/// The accuracy that a net's recipe claims.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Claim {
    /// The net's name, made unique within the search.
    pub net: String,
    /// Mean test accuracy in percent.
    pub accuracy: f64,
    /// The number of epochs.
    pub epochs: u32,
}

/// A variant with what is needed to plan its runs.
pub(super) struct Found {
    pub variant: Variant,
    pub net: Checked,
    /// Its recipes, one per length.
    pub recipes: Vec<Recipe>,
}

/// The variants of a spec.
pub(super) struct Variants {
    pub found: Vec<Found>,
    /// The names of variants excluded by the condition.
    pub excluded: Vec<String>,
    /// An op or a block that the condition names in quotes.
    pub in_quotes: Option<String>,
}

/// A value chosen for a parameter: `("res", "[1, 3]")`.
type Choice = (String, String);

/// All variants, in the order of the spec.
pub(super) fn variants(spec: &Spec) -> Result<Variants, SearchError> {
    let condition = spec.filter.as_deref().map(Condition::parse).transpose()?;
    let set = spec.set.iter().map(|text| setting(text)).collect::<Result<Vec<Choice>, _>>()?;
    let layers = spec.layers();
    let mut all = Variants { found: Vec::new(), excluded: Vec::new(), in_quotes: None };
    let mut seen: HashMap<(String, Vec<String>), usize> = HashMap::new();
    let mut names = HashSet::new();
    for path in &spec.nets {
        let axes = spec.over.iter().map(|over| axis(path, over)).collect::<Result<Vec<_>, _>>()?;
        for choices in combinations(&axes, spec.combine)? {
            let (net, sources) = net(path, &set, &choices)?;
            let (name, family) = name(&net, &choices, spec.nets.len() > 1);
            if let Some(condition) = &condition
                && !condition.holds(&net)?
            {
                all.excluded.push(name);
                all.in_quotes = condition.in_quotes(&net).map(str::to_owned);
                continue;
            }
            let recipes = recipes(&net, sources, &layers, &spec.epochs)?;
            let claim = |name: &str| match set.is_empty() && choices.is_empty() {
                true => claim(&net, name),
                false => None,
            };
            let graph = net.graph().hash();
            let key = (graph.clone(), recipes.iter().map(Recipe::to_yaml).collect());
            if let Some(&same) = seen.get(&key) {
                let first: &mut Variant = &mut all.found[same].variant;
                let of_one_name = first.name == name;
                let name = if of_one_name { unused(name, path, &mut names) } else { name };
                let claim = claim(&name);
                if !of_one_name || claim.is_some() {
                    first.also.push(name);
                }
                first.claims.extend(claim);
                continue;
            }
            seen.insert(key, all.found.len());
            let name = unused(name, path, &mut names);
            let graph = Sha::try_from(graph).map_err(SearchError::new)?;
            let (params, macs) = (net.params(), net.macs());
            let claims = claim(&name).into_iter().collect();
            let variant = Variant { name, family, graph, params, macs, also: Vec::new(), claims };
            all.found.push(Found { variant, net, recipes });
        }
    }
    Ok(all)
}

/// A unique name, because several files may contain nets with the same name.
fn unused(name: String, file: &Path, names: &mut HashSet<String>) -> String {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let more = (2..).map(|n| format!("{name} in {stem} ({n})"));
    let mut all = [name.clone(), format!("{name} in {stem}")].into_iter().chain(more);
    // The iterator is infinite, so an unused one exists.
    let free = all.find(|name| !names.contains(name)).unwrap_or_default();
    names.insert(free.clone());
    free
}

/// The recipes of a net, from its own recipe and what comes above it, one for each of these
/// lengths; if there are none, for that of the recipe. The net's sources are for error messages.
fn recipes(
    net: &Checked,
    mut sources: Sources,
    layers: &Layers,
    epochs: &[u32],
) -> Result<Vec<Recipe>, SearchError> {
    let lengths: Vec<Option<u32>> = match epochs {
        [] => vec![None],
        some => some.iter().copied().map(Some).collect(),
    };
    let mut recipes: Vec<Recipe> = Vec::new();
    for length in lengths {
        let settings = &net.graph().settings;
        let resolved = layers.resolve(settings, length, &mut sources);
        let (recipe, problems) = resolved.map_err(SearchError::new)?;
        if problems.has_errors() {
            return Err(SearchError::Net(sources, problems));
        }
        // The claimed accuracy does not affect training.
        let recipe = Recipe { accuracy: None, ..recipe };
        if recipes.iter().all(|other| other.epochs != recipe.epochs) {
            recipes.push(recipe);
        }
    }
    Ok(recipes)
}

/// The combinations of choices: first the empty one, the original net.
fn combinations(axes: &[Vec<Choice>], combine: Combine) -> Result<Vec<Vec<Choice>>, SearchError> {
    let mut all: Vec<Vec<Choice>> = vec![Vec::new()];
    for axis in axes {
        let more: Vec<Vec<Choice>> = match combine {
            Combine::Each => axis.iter().map(|choice| vec![choice.clone()]).collect(),
            Combine::Product => {
                let with = |set: &Vec<Choice>, choice: &Choice| {
                    [set.as_slice(), std::slice::from_ref(choice)].concat()
                };
                all.iter()
                    .flat_map(|set| axis.iter().map(move |choice| with(set, choice)))
                    .collect()
            }
        };
        all.extend(more);
        if all.len() > MAX_VARIANTS {
            return Err(SearchError::new(format!(
                "the search has more than {MAX_VARIANTS} variants"
            ))
            .help("vary fewer parameters, or name the values: --over width=[64,128]"));
        }
    }
    Ok(all)
}

/// The values to vary by `over`, for one of the nets.
fn axis(file: &Path, over: &str) -> Result<Vec<Choice>, SearchError> {
    let (name, values) = match over.split_once('=') {
        Some((name, values)) => (name.trim(), Some(values)),
        None => (over.trim(), None),
    };
    let project =
        syntax::load(file).map_err(|(sources, problems)| SearchError::Net(sources, problems))?;
    let params = parameters(&project);
    let Some(param) = params.iter().find(|param| param.name.node == name) else {
        if !project.file(project.root).nets().any(|_| true) {
            return Err(SearchError::new(format!("{} holds blocks and no net", file.display())));
        }
        let names: Vec<&str> = params.iter().map(|param| param.name.node.as_str()).collect();
        let near = did_you_mean(name, names.iter().copied()).question();
        return Err(SearchError::new(format!("{} has no parameter `{name}`", file.display()))
            .help(near.unwrap_or_else(|| match names.is_empty() {
                true => "it has no parameters".into(),
                false => format!("it has {}", names.join(", ")),
            })));
    };
    let values = match values {
        Some(text) => listed(name, text)?,
        None => param.ty.as_ref().and_then(|ty| members(&ty.node, MAX_VALUES)).ok_or_else(|| {
            let has = match &param.ty {
                Some(ty) => {
                    format!("the domain of `{name}`, {}, is not a short list", project.sources.text(ty.span))
                }
                None => format!("`{name}` declares no domain"),
            };
            SearchError::new(has).help(format!(
                "name the values, `--over {name}=[..]`, or declare a domain such as `{name}: one_of(..)`"
            ))
        })?,
    };
    Ok(values.iter().map(|value| (name.to_string(), value.to_string())).collect())
}

/// The parameters of a file's net and its ancestors, its own first.
fn parameters(project: &Project) -> Vec<&Param> {
    let mut params: Vec<&Param> = Vec::new();
    let mut file = Some(project.root);
    while let Some(id) = file {
        let net: Option<&Net> = project.file(id).items.iter().find_map(|item| match &item.kind {
            ItemKind::Net(net) => Some(net),
            ItemKind::Import(_) | ItemKind::Block(_) => None,
        });
        params.extend(net.iter().flat_map(|net| &net.params));
        file = net.and_then(|net| project.linked(id, &net.extends.as_ref()?.path.node));
    }
    params
}

/// `width=16`.
fn setting(text: &str) -> Result<Choice, SearchError> {
    let (name, value) = text.split_once('=').ok_or_else(|| {
        SearchError::new(format!("expected NAME=VALUE to set, got `{text}`"))
            .help("write `set: width=16`")
    })?;
    Ok((name.trim().to_string(), value.trim().to_string()))
}

/// The accuracy claimed in the net's own recipe.
fn claim(net: &Checked, name: &str) -> Option<Claim> {
    let (recipe, _) = Recipe::resolve(&net.graph().settings, &[]);
    Some(Claim { net: name.into(), accuracy: recipe.accuracy?, epochs: recipe.epochs })
}

/// The net with these values, and its sources; choices take precedence over `set`.
fn net(file: &Path, set: &[Choice], choices: &[Choice]) -> Result<(Checked, Sources), SearchError> {
    let mut values: Vec<Choice> = choices.to_vec();
    values.extend(
        set.iter().filter(|(name, _)| !choices.iter().any(|(chosen, _)| chosen == name)).cloned(),
    );
    let compilation = compile(file, &values);
    match compilation.net {
        Some(net) => Ok((net, compilation.sources)),
        None if compilation.problems.has_errors() => {
            Err(SearchError::Net(compilation.sources, compilation.problems))
        }
        None => {
            Err(SearchError::new(format!("{} holds blocks alone; there is no net", file.display())))
        }
    }
}

/// A variant's name and family.
fn name(net: &Checked, choices: &[Choice], several: bool) -> (String, String) {
    let own = &net.graph().name;
    let set: Vec<String> =
        choices.iter().map(|(name, value)| format!("{name}={}", value.replace(' ', ""))).collect();
    let params: Vec<&str> = choices.iter().map(|(name, _)| name.as_str()).collect();
    match (choices.is_empty(), several) {
        (true, false) => (own.clone(), own.clone()),
        (true, true) => (own.clone(), own.split('_').next().unwrap_or(own).to_string()),
        (false, false) => (set.join(" "), params.join("+")),
        (false, true) => (format!("{own} {}", set.join(" ")), params.join("+")),
    }
}
