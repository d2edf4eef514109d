//! Extracts recurring parts of a net as blocks, with what varies as their parameters.
//!
//! Two kinds of parts are recognised: chains, and *diamonds*, which are a join with its branches
//! back to the one value that they all come from. The part that saves the most calls becomes a
//! block, each occurrence a call of it, and the search continues with those calls as ops, so that
//! blocks may contain blocks.

use std::collections::{BTreeMap, HashSet};

use super::arguments::{self, Parameters};
use super::flow::{Call, Flow, Step};
use crate::graph::op::Activation;

/// The longest chain and the largest diamond that are considered, and the maximum number of blocks
/// of a net.
const LONGEST: usize = 10;
const WIDEST: usize = 100;
/// The maximum number of steps by which a diamond is extended on each side.
const BESIDE: usize = 3;
const MOST: usize = 12;
/// The minimum number of calls that a block must save.
const WORTH: usize = 3;

/// A recurring part: what all its occurrences share.
#[derive(Debug)]
pub(super) struct Block {
    pub name: String,
    pub parameters: Vec<String>,
    /// Its body; the incoming value is `in`.
    pub body: Flow,
}

/// One occurrence of a part: its steps in order, and the value that it reads.
#[derive(Debug, Clone)]
struct Place {
    steps: Vec<usize>,
    entry: usize,
}

/// Finds blocks, and replaces their occurrences by calls. `taken` are names that no block may
/// have.
pub(super) fn blocks(mut flow: Flow, taken: &HashSet<String>) -> (Flow, Vec<Block>) {
    let mut blocks: Vec<Block> = Vec::new();
    while blocks.len() < MOST {
        let used =
            |name: &str| taken.contains(name) || blocks.iter().any(|block| block.name == name);
        let best = best(&flow, diamonds(&flow), used).or_else(|| best(&flow, chains(&flow), used));
        let Some((block, places, parameters)) = best else { break };
        flow = contract(flow, &block, &places, &parameters);
        blocks.push(block);
    }
    (flow, blocks)
}

/// The part that saves the most calls, as a block.
fn best(
    flow: &Flow,
    candidates: Vec<Vec<Place>>,
    used: impl Fn(&str) -> bool,
) -> Option<(Block, Vec<Place>, Parameters)> {
    let mut found: Option<((usize, usize), Vec<Place>, Parameters)> = None;
    for places in candidates {
        let Some(parameters) = arguments::parameters(flow, &steps_of(&places)) else { continue };
        let (length, count) = (places[0].steps.len(), places.len());
        let saved = (length - 1) * count;
        let costs = length + parameters.names.len() * count.div_ceil(3);
        // Among equal savings prefer a part that starts with a layer, then the longest.
        let begins = usize::from(begins_well(&flow.steps[places[0].steps[0]]));
        let score = (2 * saved.saturating_sub(costs) + begins, length);
        if saved >= costs + WORTH && found.as_ref().is_none_or(|(best, ..)| score > *best) {
            found = Some((score, places, parameters));
        }
    }
    let (_, places, parameters) = found?;
    let body = body(flow, &places[0], &parameters);
    let name = name(&body, used);
    Some((Block { name, parameters: parameters.names.clone(), body }, places, parameters))
}

fn steps_of(places: &[Place]) -> Vec<Vec<usize>> {
    places.iter().map(|place| place.steps.clone()).collect()
}

fn begins_well(step: &Step) -> bool {
    ["conv", "linear"].contains(&step.head.as_str()) || step.is_block
}

/// What the steps of two occurrences must have in common: the op, and every argument that may not
/// vary.
fn kind(step: &Step) -> String {
    let fixed = step.said.iter().filter(|(name, _)| !step.is_block && !arguments::may_vary(name));
    let fixed: Vec<String> = fixed.map(|(name, text)| format!("{name}={text}")).collect();
    format!("{}({})", step.head, fixed.join(","))
}

/// The structure of an occurrence: its steps' kinds, and what each reads.
fn structure(flow: &Flow, place: &Place) -> String {
    let position = |operand: &usize| match place.steps.iter().position(|step| step == operand) {
        Some(at) => at.to_string(),
        None => "in".into(),
    };
    let one = |&i: &usize| {
        let operands: Vec<String> = flow.steps[i].operands.iter().map(position).collect();
        format!("{}<-{}", kind(&flow.steps[i]), operands.join(","))
    };
    place.steps.iter().map(one).collect::<Vec<_>>().join(";")
}

/// Recurring chains: for each structure its occurrences, without overlaps.
fn chains(flow: &Flow) -> Vec<Vec<Place>> {
    let readers = flow.readers();
    let follows = |i: usize| -> Option<usize> {
        let [reader] = readers[i].as_slice() else { return None };
        let step = &flow.steps[*reader];
        let same = step.stage == flow.steps[i].stage;
        (step.operands.len() == 1 && same && i != flow.output).then_some(*reader)
    };
    let kinds: Vec<String> = flow.steps.iter().map(kind).collect();
    let mut found: BTreeMap<Vec<&str>, Vec<Place>> = BTreeMap::new();
    for first in (1..flow.steps.len()).filter(|&i| flow.steps[i].operands.len() == 1) {
        let mut steps = vec![first];
        while let Some(next) = follows(steps[steps.len() - 1]).filter(|_| steps.len() < LONGEST) {
            steps.push(next);
            let key: Vec<&str> = steps.iter().map(|&i| kinds[i].as_str()).collect();
            if !is_periodic(&key) {
                let entry = flow.steps[first].operands[0];
                found.entry(key).or_default().push(Place { steps: steps.clone(), entry });
            }
        }
    }
    found.into_values().map(apart).filter(|places| places.len() > 2).collect()
}

/// Whether it is a shorter chain repeated, which `repeat` expresses.
fn is_periodic(key: &[&str]) -> bool {
    (1..=key.len() / 2)
        .any(|n| key.len().is_multiple_of(n) && key.chunks(n).all(|part| part == &key[..n]))
}

/// Joins whose branches come from one value, extended by the steps that all occurrences share
/// before and after.
fn diamonds(flow: &Flow) -> Vec<Vec<Place>> {
    let readers = flow.readers();
    let mut found: BTreeMap<String, Vec<Place>> = BTreeMap::new();
    for join in (0..flow.steps.len()).filter(|&i| flow.steps[i].operands.len() > 1) {
        if let Some(place) = diamond(flow, &readers, join) {
            found.entry(structure(flow, &place)).or_default().push(place);
        }
    }
    found
        .into_values()
        .map(apart)
        .filter(|places| places.len() > 1)
        .map(|p| extended(flow, &readers, p))
        .collect()
}

/// The steps from the one value that all operands of a join come from, each by a chain that nothing
/// else reads.
fn diamond(flow: &Flow, readers: &[Vec<usize>], join: usize) -> Option<Place> {
    let mut ends = HashSet::new();
    let mut inside = Vec::new();
    for &operand in &flow.steps[join].operands {
        let mut at = operand;
        while readers[at].len() == 1 && at != flow.output && flow.steps[at].operands.len() == 1 {
            inside.push(at);
            at = flow.steps[at].operands[0];
        }
        ends.insert(at);
    }
    inside.push(join);
    inside.sort_unstable();
    let entry = ends.iter().next().copied().filter(|_| ends.len() == 1)?;
    let whole = inside.iter().all(|&i| flow.steps[i].stage == flow.steps[join].stage);
    (whole && (3..=WIDEST).contains(&inside.len())).then_some(Place { steps: inside, entry })
}

/// The occurrences that do not overlap an earlier one.
fn apart(places: Vec<Place>) -> Vec<Place> {
    let mut used = HashSet::new();
    let mut kept = Vec::new();
    for place in places {
        if place.steps.iter().all(|step| !used.contains(step)) {
            used.extend(place.steps.iter().copied());
            kept.push(place);
        }
    }
    kept
}

/// The occurrences, extended by the steps that follow and precede all of them equally.
fn extended(flow: &Flow, readers: &[Vec<usize>], mut places: Vec<Place>) -> Vec<Place> {
    let mut used: HashSet<usize> =
        places.iter().flat_map(|place| place.steps.iter().copied()).collect();
    let after = |place: &Place| {
        let last = place.steps.last().copied()?;
        let [reader] = readers[last].as_slice() else { return None };
        let fits = flow.steps[*reader].operands.len() == 1 && last != flow.output;
        fits.then_some(*reader)
    };
    let append = |place: &mut Place, step: usize| place.steps.push(step);
    let _ = (0..BESIDE).take_while(|_| grow(flow, &mut places, &mut used, after, append)).count();
    let before = |place: &Place| {
        let step = &flow.steps[place.entry];
        let own = readers[place.entry].iter().all(|reader| place.steps.contains(reader));
        (own && step.operands.len() == 1 && place.entry != flow.output).then_some(place.entry)
    };
    let prepend = |place: &mut Place, step: usize| {
        place.steps.insert(0, step);
        place.entry = flow.steps[step].operands[0];
    };
    let _ = (0..BESIDE).take_while(|_| grow(flow, &mut places, &mut used, before, prepend)).count();
    places
}

/// Extends every occurrence by one step, if all have one of the same kind and stage that is not in
/// any occurrence yet.
fn grow(
    flow: &Flow,
    places: &mut [Place],
    used: &mut HashSet<usize>,
    next: impl Fn(&Place) -> Option<usize>,
    take: impl Fn(&mut Place, usize),
) -> bool {
    let Some(steps) = places.iter().map(next).collect::<Option<Vec<usize>>>() else { return false };
    let kinds: HashSet<String> = steps.iter().map(|&i| kind(&flow.steps[i])).collect();
    let distinct: HashSet<usize> =
        steps.iter().copied().filter(|step| !used.contains(step)).collect();
    let stages = steps
        .iter()
        .zip(places.iter())
        .all(|(&i, p)| flow.steps[i].stage == flow.steps[p.steps[0]].stage);
    // A pool or a reshape ends a part.
    let inner = |head: &str| {
        ["conv", "linear", "bn", "dropout"].contains(&head)
            || Activation::names().any(|name| name == head)
    };
    let fits = steps.iter().all(|&i| inner(&flow.steps[i].head));
    if !fits || kinds.len() != 1 || distinct.len() != places.len() || !stages {
        return false;
    }
    used.extend(&distinct);
    places.iter_mut().zip(steps).for_each(|(place, step)| take(place, step));
    true
}

/// An occurrence as the body of a block.
fn body(flow: &Flow, place: &Place, parameters: &Parameters) -> Flow {
    let mut steps = vec![Step { operands: Vec::new(), content: Call::input("in") }];
    for (i, &from) in place.steps.iter().enumerate() {
        let mut step = flow.steps[from].clone();
        let local = |o: &usize| place.steps.iter().position(|s| s == o).map_or(0, |at| at + 1);
        step.operands = step.operands.iter().map(local).collect();
        step.said = parameters.said[i].clone();
        step.stage = None;
        steps.push(step);
    }
    Flow { output: steps.len() - 1, steps }
}

/// The name of a block: by its join, or by its ops if they are few.
fn name(body: &Flow, used: impl Fn(&str) -> bool) -> String {
    let heads: Vec<&str> = body.steps.iter().skip(1).map(|step| step.head.as_str()).collect();
    let join = body.steps.iter().rev().find(|step| step.operands.len() > 1);
    // Whether it is a shortcut around layers: the join reads a value that another step of the body
    // also reads.
    let around = join.is_some_and(|join| {
        join.operands
            .iter()
            .any(|o| body.steps.iter().filter(|step| step.operands.contains(o)).count() > 1)
    });
    let wanted = match join.map(|join| (join.head.as_str(), around)) {
        Some(("add", true)) => "residual".into(),
        Some(("add", false)) => "projected".into(),
        Some(("concat", true)) => "dense".into(),
        Some(("concat", false)) => "fork".into(),
        Some(("mul", _)) => "gated".into(),
        Some(("sub", _)) => "difference".into(),
        _ if heads.len() <= 5 => heads.join("_"),
        _ => "unit".into(),
    };
    let free = |name: &String| !used(name) && crate::graph::op::signature(name).is_none();
    // A letter as suffix, because numbered names are those of calls.
    let letters = ('b'..='z').map(|letter| format!("{wanted}_{letter}"));
    std::iter::once(wanted.clone()).chain(letters).find(free).unwrap_or(wanted)
}

/// Replaces the occurrences of a block by calls.
fn contract(mut flow: Flow, block: &Block, places: &[Place], parameters: &Parameters) -> Flow {
    let mut kept = vec![true; flow.steps.len()];
    for (place, values) in places.iter().zip(&parameters.values) {
        let Some((&last, inner)) = place.steps.split_last() else { continue };
        inner.iter().for_each(|&step| kept[step] = false);
        let named = block.parameters.iter().cloned().zip(values.iter().cloned());
        let channels = flow.steps[place.steps[0]].channels;
        let step = &mut flow.steps[last];
        step.head = block.name.clone();
        step.operands = vec![place.entry];
        step.values = named.clone().collect();
        step.said = named.map(|(name, value)| (name, value.to_string())).collect();
        step.positional = block.parameters.first().cloned();
        step.is_block = true;
        step.channels = channels;
    }
    flow.keep(&kept);
    flow
}
