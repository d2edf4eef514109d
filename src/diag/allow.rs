use super::{Code, FileId, Problem, Problems, Severity, Sources, Span, did_you_mean, line_start};

/// Removes the warnings that a comment allows: `# allow: dropped-pixels`, several codes separated
/// by commas, at the end of the line that the warning points to or on a separate line right above.
/// Reports codes that such a comment cannot allow.
pub fn allow(problems: &mut Problems, sources: &Sources) {
    problems.retain(|problem| {
        let allowed = problem.span.is_some_and(|span| is_allowed(problem.code, span, sources));
        problem.severity() == Severity::Error || !allowed
    });
    for file in sources.ids() {
        let mut start = 0;
        for line in sources.get(file).text.split_inclusive('\n') {
            if problems.is_full() {
                return;
            }
            codes(line).for_each(|(at, code)| mistaken(file, start + at, code, problems));
            start += line.len();
        }
    }
}

fn is_allowed(code: Code, span: Span, sources: &Sources) -> bool {
    let text = &sources.get(span.file).text;
    if !text.is_char_boundary(span.start) {
        return false;
    }
    let start = line_start(text, span.start);
    let here = text[start..].lines().next().unwrap_or_default();
    let above = text[..start].lines().next_back().filter(|line| line.trim_start().starts_with('#'));
    [Some(here), above]
        .into_iter()
        .flatten()
        .flat_map(codes)
        .any(|(_, allowed)| allowed == code.as_str())
}

/// The codes that a line's comment allows, each with its place in the line.
fn codes(line: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut in_string = false;
    let hash = line.find(|c| {
        in_string ^= c == '"';
        c == '#' && !in_string
    });
    let list = hash.and_then(|at| line[at + 1..].trim().strip_prefix("allow:"));
    let codes = list.into_iter().flat_map(|list| list.split(',').map(str::trim));
    codes.map(move |code| (code.as_ptr() as usize - line.as_ptr() as usize, code))
}

fn mistaken(file: FileId, start: usize, code: &str, problems: &mut Problems) {
    let span = Span { file, start, end: start + code.len() };
    let warnings = || Code::warnings().map(Code::as_str);
    match Code::ALL.iter().find(|c| c.as_str() == code) {
        Some(known) if known.severity() == Severity::Warning => {}
        Some(_) => problems.push(
            Problem::new(
                Code::Structure,
                span,
                format!("`{code}` is an error and cannot be allowed"),
            )
            .help("repair what it points at; only warnings can be allowed"),
        ),
        None => problems.push(
            Problem::new(Code::UnknownName, span, format!("there is no warning `{code}`"))
                .label("unknown code")
                .help(did_you_mean(code, warnings()).question().unwrap_or_else(|| {
                    format!("there are {}", warnings().collect::<Vec<_>>().join(", "))
                })),
        ),
    }
}
