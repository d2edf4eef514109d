//! Judges repairs by what becomes of the net.

use std::cell::OnceCell;
use std::collections::HashSet;

use crate::check::Unchecked;
use crate::diag::{Code, Fix, Problem, Problems, Severity, Span};
use crate::graph::NodeId;
use crate::graph::op::Demand;

/// Values of parameters, by name, as the language writes them.
pub type Setting = Vec<(String, String)>;

/// What a text compiles to.
pub struct Outcome {
    /// The number of errors by stage; fewer in lexicographic order is better.
    pub errors: [usize; 5],
    /// All problems.
    pub problems: Problems,
    /// The net as a list of ops, if it is sound.
    pub flat: Option<String>,
    /// What is known of it otherwise.
    pub unchecked: Option<Unchecked>,
}

/// Compiles the text with some edits and the values of some parameters.
pub type Attempt<'a> = &'a dyn Fn(&[(Span, String)], &Setting) -> Option<Outcome>;

/// A repair to be judged.
pub(super) struct Candidate {
    pub fix: Fix,
    /// The node whose operands it mends.
    pub site: Option<String>,
    /// What may become of the rest of the net.
    pub rest: Rest,
}

/// What may become of the rest of the net.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Rest {
    /// The value that flows on is as written: what is wrong further on is not due to the repair.
    FlowsOn,
    /// Nothing else may be wrong.
    Sound,
    /// The net computes the same.
    Same,
}

pub(super) struct Judge<'a> {
    attempt: Attempt<'a>,
    before: Outcome,
    /// Other values of the parameters, and what the text as it is compiles to with them.
    others: Vec<(&'a Setting, OnceCell<Option<Outcome>>)>,
}

impl<'a> Judge<'a> {
    pub fn new(attempt: Attempt<'a>, before: Outcome, settings: &'a [Setting]) -> Judge<'a> {
        let others = settings.iter().map(|setting| (setting, OnceCell::new())).collect();
        Judge { attempt, before, others }
    }

    /// The repairs that hold, those that leave the fewest problems first.
    pub fn hold(&self, problem: &Problem, candidates: Vec<Candidate>) -> Vec<Fix> {
        let left = |c: Candidate| Some((self.problems_left(problem, &c)?, c.fix));
        let mut held: Vec<(usize, Fix)> = candidates.into_iter().filter_map(left).collect();
        held.sort_by_key(|(left, _)| *left);
        held.into_iter().map(|(_, fix)| fix).collect()
    }

    fn problems_left(&self, problem: &Problem, candidate: &Candidate) -> Option<usize> {
        let after = (self.attempt)(&candidate.fix.edits, &Setting::new())?;
        let holds = self.is_gone(problem, candidate, &after)
            && new(&self.before, &after).all(|found| excused(found, candidate, &after))
            && (candidate.rest == Rest::Same || self.holds_otherwise(candidate));
        holds.then(|| after.problems.len())
    }

    /// Whether it holds with other values of the parameters.
    fn holds_otherwise(&self, candidate: &Candidate) -> bool {
        self.others.iter().all(|(setting, before)| {
            let before = before.get_or_init(|| (self.attempt)(&[], setting)).as_ref();
            let after = (self.attempt)(&candidate.fix.edits, setting);
            before.zip(after).is_some_and(|(before, after)| {
                after.errors <= before.errors && !is_wrong_at(&candidate.site, &after)
            })
        })
    }

    fn is_gone(&self, problem: &Problem, candidate: &Candidate, after: &Outcome) -> bool {
        let better = match problem.severity() {
            Severity::Error => after.errors < self.before.errors,
            Severity::Warning => after.errors == self.before.errors,
        };
        let known = after.flat.is_some() && after.flat == self.before.flat;
        let same = candidate.rest != Rest::Same || known;
        better
            && same
            && !is_wrong_at(&candidate.site, after)
            && !contains(&after.problems, problem)
    }
}

fn contains(problems: &Problems, problem: &Problem) -> bool {
    problems.sorted().iter().any(|p| (p.code, &p.message) == (problem.code, &problem.message))
}

/// The problems that were not there before.
fn new<'o>(before: &Outcome, after: &'o Outcome) -> impl Iterator<Item = &'o Problem> {
    after.problems.sorted().into_iter().filter(|problem| !contains(&before.problems, problem))
}

/// Whether a problem that comes to light is not due to a repair.
fn excused(problem: &Problem, candidate: &Candidate, after: &Outcome) -> bool {
    match candidate.rest {
        Rest::Same => false,
        Rest::FlowsOn if matches!(problem.code, Code::Shape | Code::Signature) => true,
        Rest::FlowsOn | Rest::Sound => {
            let idle = problem.code == Code::NoEffect && candidate.site.is_some();
            (problem.severity() == Severity::Warning && !idle)
                || problem.code == Code::Shape && is_of_any_size(problem, after)
        }
    }
}

/// Whether the op at a problem's place refuses its operand for its dimensions, not for its sizes.
fn is_of_any_size(problem: &Problem, after: &Outcome) -> bool {
    let Some(Unchecked { graph, .. }) = &after.unchecked else { return false };
    let here = |id: &NodeId| graph.get(*id).origin.as_ref().map(|o| o.span) == problem.span;
    graph.ids().find(here).is_some_and(|id| graph.get(id).op.traits().demand == Demand::Vector)
}

fn is_wrong_at(site: &Option<String>, after: &Outcome) -> bool {
    let (Some(site), Some(net)) = (site, &after.unchecked) else { return false };
    wrong(net).any(|id| net.graph.get(id).path == *site)
}

/// The nodes that do not accept their operands.
pub(super) fn wrong(net: &Unchecked) -> impl Iterator<Item = NodeId> {
    let Unchecked { graph, shapes } = net;
    let known: HashSet<NodeId> = shapes.keys().copied().collect();
    graph.ids().filter(move |id| {
        !known.contains(id) && graph.operands(*id).iter().all(|operand| known.contains(operand))
    })
}
