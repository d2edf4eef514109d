use super::{Problem, Problems, Sources, Span};

/// Moves each problem within a text that comes with netc to the innermost call in a file of the
/// user's, where it can be mended.
pub fn at_callers(problems: Problems, sources: &Sources) -> Problems {
    problems.into_iter().map(|problem| at_caller(problem, sources)).collect()
}

fn at_caller(mut problem: Problem, sources: &Sources) -> Problem {
    let own = |span: Span| sources.get(span.file).own;
    let Some(inner) = problem.span.filter(|span| own(*span)) else { return problem };
    if let Some(at) = problem.related.iter().position(|(span, _)| !own(*span)) {
        let (span, label) = problem.related.remove(at);
        let inner_label = std::mem::replace(&mut problem.label, label);
        problem.span = Some(span);
        problem.related.insert(0, (inner, inner_label));
    }
    problem
}
