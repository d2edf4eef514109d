use super::{Problem, Problems, Sources, Span};

/// Moves each problem within a text that comes with netc to the innermost call in a file of the
/// user's, where it can be mended. Of a problem that names none, `calls` gives the calls around its
/// place, innermost first.
pub fn at_callers(
    problems: &mut Problems,
    sources: &Sources,
    calls: impl Fn(&Problem) -> Vec<(Span, String)>,
) {
    let own = |span: Span| sources.get(span.file).own;
    for problem in problems.iter_mut() {
        let Some(inner) = problem.span.filter(|span| own(*span)) else { continue };
        if problem.related.iter().all(|(span, _)| own(*span)) {
            problem.related.extend(calls(problem));
        }
        let Some(at) = problem.related.iter().position(|(span, _)| !own(*span)) else { continue };
        let (span, label) = problem.related.remove(at);
        let inner_label = std::mem::replace(&mut problem.label, label);
        problem.span = Some(span);
        problem.related.insert(0, (inner, inner_label));
    }
}
