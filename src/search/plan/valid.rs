//! Validation of a plan, which may be untrusted.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use super::{Plan, PlannedRun, recipe_key};
use crate::diag::FileId;
use crate::limits::{
    MAX_EPOCHS, MAX_HALVING, MAX_IMAGES, MAX_MACS, MAX_PARAMS, MAX_RECIPE_BYTES, MAX_RUNS,
    MAX_SEED, MAX_VARIANTS,
};
use crate::recipe::Recipe;
use crate::run::PrecisionChoice;
use crate::search::untrusted::{line, number};
use crate::search::{Spec, Variant};

impl Plan {
    /// The first field that is out of range, as a message.
    pub(super) fn validate(&self) -> Result<(), String> {
        spec(&self.spec)?;
        let variants = self.variants.len();
        number(format_args!("the number of variants"), variants, &(1..=MAX_VARIANTS))?;
        let mut names = HashSet::new();
        for (i, variant) in self.variants.iter().enumerate() {
            self::variant(i, variant)?;
            if !names.insert(variant.name.as_str()) {
                return Err(format!("variants[{i}].name: another variant has this name"));
            }
        }
        for (i, name) in self.excluded.iter().enumerate() {
            line(format_args!("excluded[{i}]"), name)?;
        }
        self.validate_runs()
    }

    fn validate_runs(&self) -> Result<(), String> {
        number(format_args!("the number of runs"), self.runs.len(), &(1..=MAX_RUNS))?;
        let (mut ids, mut recipes) = (HashSet::new(), Recipes::default());
        for (i, run) in self.runs.iter().enumerate() {
            number(format_args!("runs[{i}].variant"), run.variant, &(0..=self.variants.len() - 1))?;
            number(format_args!("runs[{i}].epochs"), run.epochs, &(1..=MAX_EPOCHS))?;
            number(format_args!("runs[{i}].seed"), run.seed, &(0..=MAX_SEED))?;
            if !ids.insert(&run.id) {
                return Err(format!("runs[{i}].id: another run has this id"));
            }
            recipes.of(self, run).map_err(|why| format!("runs[{i}]: {why}"))?;
        }
        if self.spec.halving.is_some() { self.equally_many_runs() } else { Ok(()) }
    }

    /// Halving compares variants after equally many runs of a length.
    fn equally_many_runs(&self) -> Result<(), String> {
        let mut counts: BTreeMap<u32, BTreeMap<usize, usize>> = BTreeMap::new();
        for run in &self.runs {
            *counts.entry(run.epochs).or_default().entry(run.variant).or_default() += 1;
        }
        for (epochs, runs) in counts {
            let (first, number) = runs.first_key_value().map_or((0, 0), |(&i, &n)| (i, n));
            if let Some((other, unlike)) = runs.iter().find(|(_, n)| **n != number) {
                return Err(format!(
                    "runs: with spec.halving, variants have equally many of a length, and at \
                     {epochs} epochs variants[{first}] has {number}, variants[{other}] has {unlike}"
                ));
            }
        }
        Ok(())
    }
}

/// The recipes that were found to be valid, with their epochs.
#[derive(Default)]
struct Recipes<'p> {
    by_key: HashSet<(usize, u32)>,
    by_text: HashMap<&'p str, u32>,
}

impl<'p> Recipes<'p> {
    fn of(&mut self, plan: &'p Plan, run: &PlannedRun) -> Result<(), String> {
        if !self.by_key.insert((run.variant, run.epochs)) {
            return Ok(());
        }
        let key = recipe_key(run.variant, run.epochs);
        let text =
            plan.recipes.get(&key).ok_or_else(|| format!("there is no recipe {key}"))?.as_str();
        let epochs = match self.by_text.get(text) {
            Some(epochs) => *epochs,
            None => {
                let epochs = epochs(text).ok_or_else(|| format!("recipes.{key} is not sound"))?;
                *self.by_text.entry(text).or_insert(epochs)
            }
        };
        match epochs == run.epochs {
            true => Ok(()),
            false => Err(format!("recipes.{key} is for {epochs} epochs")),
        }
    }
}

fn epochs(recipe: &str) -> Option<u32> {
    if recipe.len() > MAX_RECIPE_BYTES {
        return None;
    }
    let (recipe, problems) = Recipe::resolve(&[], &[(FileId(0), recipe)]);
    (!problems.has_errors()).then_some(recipe.epochs)
}

fn variant(i: usize, variant: &Variant) -> Result<(), String> {
    let at = format!("variants[{i}]");
    line(format_args!("{at}.name"), &variant.name)?;
    line(format_args!("{at}.family"), &variant.family)?;
    for (j, name) in variant.also.iter().enumerate() {
        line(format_args!("{at}.also[{j}]"), name)?;
    }
    number(format_args!("{at}.params"), variant.params, &(0..=MAX_PARAMS))?;
    number(format_args!("{at}.macs"), variant.macs, &(0..=MAX_MACS))?;
    for (j, claim) in variant.claims.iter().enumerate() {
        let at = format!("{at}.claims[{j}]");
        line(format_args!("{at}.net"), &claim.net)?;
        number(format_args!("{at}.accuracy"), claim.accuracy, &(0.0..=100.0))?;
        number(format_args!("{at}.epochs"), claim.epochs, &(1..=MAX_EPOCHS))?;
    }
    Ok(())
}

fn spec(spec: &Spec) -> Result<(), String> {
    let path = |at: &str, path: &Path| line(format_args!("spec.{at}"), &path.to_string_lossy());
    spec.nets.iter().try_for_each(|net| path("nets", net))?;
    spec.recipe.iter().try_for_each(|recipe| path("recipe", recipe))?;
    let words = [("set", &spec.set), ("over", &spec.over), ("keys", &spec.keys)];
    for (key, texts) in words {
        texts.iter().try_for_each(|text| line(format_args!("spec.{key}"), text))?;
    }
    spec.filter.iter().try_for_each(|text| line(format_args!("spec.where"), text))?;
    line(format_args!("spec.data"), &spec.data)?;
    spec.precision
        .parse::<PrecisionChoice>()
        .map_err(|_| "spec.precision: no such precision".to_string())?;
    for &epochs in &spec.epochs {
        number(format_args!("spec.epochs"), epochs, &(1..=MAX_EPOCHS))?;
    }
    number(format_args!("spec.runs"), spec.runs as usize, &(1..=MAX_RUNS))?;
    number(format_args!("spec.seed"), spec.seed, &(0..=MAX_SEED))?;
    if let Some(halving) = spec.halving {
        number(format_args!("spec.halving"), halving, &(2..=MAX_HALVING))?;
    }
    for (key, limit) in [("limit_train", spec.limit_train), ("limit_test", spec.limit_test)] {
        if let Some(limit) = limit {
            number(format_args!("spec.{key}"), limit as u64, &(1..=MAX_IMAGES))?;
        }
    }
    Ok(())
}
