//! Repairs that tools offer: computed from the graph, kept if the repaired text is better, and
//! written as the formatter would write them.

mod calls;
mod claims;
mod ends;
mod judge;
mod lints;
mod recipes;
mod shapes;
mod site;
mod text;
mod tidy;
mod words;

pub use calls::Texts;
pub use judge::{Attempt, Outcome, Setting};

use judge::{Candidate, Judge, wrong};
use site::Site;

use crate::check::Unchecked;
use crate::diag::{Code, Fix, Problem, Problems, Severity};
use crate::limits::{MAX_REPAIRED_BYTES, MAX_REPAIRED_NODES};

/// At most so many errors, and warnings, of one run are repaired: each attempt compiles the file
/// again.
const MAX_REPAIRED: usize = 8;
/// A repair is tried with so many other values of parameters; large nets with fewer.
const MAX_SETTINGS: usize = 6;

/// Gives problems the repairs that make them go away.
pub fn repair(
    problems: &mut Problems,
    net: &Unchecked,
    texts: &Texts<'_>,
    attempt: Attempt<'_>,
    settings: &[Setting],
) {
    let sources = texts.sources;
    let bytes: usize = sources.ids().map(|id| sources.get(id).text.len()).sum();
    if net.graph.len() > MAX_REPAIRED_NODES || bytes > MAX_REPAIRED_BYTES {
        return;
    }
    let count = (2 * MAX_REPAIRED_NODES / net.graph.len().max(1)).min(MAX_SETTINGS);
    let settings = &settings[..settings.len().min(count)];
    let mut judge = None;
    for severity in [Severity::Error, Severity::Warning] {
        let open = |p: &&mut Problem| p.severity() == severity && p.fixes.is_empty();
        let mut left = MAX_REPAIRED;
        for problem in problems.iter_mut().filter(open) {
            let candidates = candidates(problem, net, texts);
            if candidates.is_empty() || left == 0 {
                continue;
            }
            left -= 1;
            if judge.is_none() {
                let before = attempt(&[], &Setting::new());
                judge = before.map(|before| Judge::new(attempt, before, settings));
            }
            let Some(judge) = &judge else { return };
            problem.fixes = judge.hold(problem, candidates);
            if severity == Severity::Error {
                problem.help = help(problem).or(problem.help.take());
            }
        }
    }
    tidy::tidy(problems, sources);
}

/// The best repair in words. If it is offered alone, after what is known otherwise, and with the
/// best of another place.
fn help(problem: &Problem) -> Option<String> {
    let best = problem.fixes.first()?;
    if best.safe {
        return Some(best.title.clone());
    }
    let place = |fix: &Fix| fix.edits.first().map(|(span, _)| *span);
    let other = problem.fixes.iter().find(|fix| place(fix) != place(best));
    let offered = [Some(best), other].into_iter().flatten().map(|fix| fix.title.clone());
    Some(problem.help.iter().cloned().chain(offered).collect::<Vec<_>>().join(", or "))
}

fn candidates(problem: &Problem, net: &Unchecked, texts: &Texts<'_>) -> Vec<Candidate> {
    match problem.code {
        Code::Shape => {
            let here = |id: &_| net.graph.get(*id).origin.as_ref().map(|o| o.span) == problem.span;
            let site = wrong(net).find(here).and_then(|id| Site::of(id, net, texts));
            site.map_or_else(Vec::new, |site| shapes::of(&site))
        }
        Code::Signature => {
            let mut candidates = ends::of(problem, net);
            candidates.extend(claims::of(problem, net, texts));
            candidates
        }
        Code::UnknownName => recipes::of(problem, texts),
        _ => lints::of(problem, net, texts),
    }
}
