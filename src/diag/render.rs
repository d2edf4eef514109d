use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteDiagnostic, NamedSource, Report,
    SourceSpan,
};

use super::{Problem, Problems, Severity, Sources, Span, plain};

/// The maximum length of an excerpt in bytes; for longer lines only the place is named.
const MAX_EXCERPT: usize = 4096;
/// The columns of an excerpt before its text, and of what leads to a label.
const MARGIN: usize = 10;
/// The narrowest label, even if it passes the width.
const MIN_LABEL: usize = 24;
/// A space that is not broken at: for private use, so that no text that is shown has it.
const JOINER: char = '\u{f8fe}';
/// A hyphen that is not broken at, likewise.
const HYPHEN: char = '\u{f8ff}';

/// How diagnostics look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// ANSI colours.
    pub colour: bool,
    /// The width in columns.
    pub width: usize,
    /// Whether all problems are shown, however many are of one code.
    pub all: bool,
}

impl Style {
    /// No colour, 80 columns: what tests and pipes get.
    pub const PLAIN: Style = Style { colour: false, width: 80, all: false };
}

/// The problems as text for a terminal: sorted, a few of each code, each with an excerpt.
pub fn render(problems: &Problems, sources: &Sources, style: Style) -> String {
    let mut theme =
        if style.colour { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    theme.characters.error = "error:".into();
    theme.characters.warning = "warning:".into();
    let handler =
        GraphicalReportHandler::new_themed(theme).with_width(style.width).with_links(false);
    let (shown, more) = match style.all {
        true => (problems.sorted(), BTreeMap::new()),
        false => problems.shown(),
    };
    let mut out = String::new();
    for problem in shown {
        let report = report(problem, sources, style.width);
        let mut text = String::new();
        // Writing into a string cannot fail.
        let _ = handler.render_report(&mut text, report.as_ref());
        out += &text.trim_start().replace(JOINER, " ").replace(HYPHEN, "-");
        if let Some(span) = problem.span.filter(|span| !can_be_shown(*span, sources)) {
            let column = sources.position(span).column;
            let _ = writeln!(out, "  at {}:{column}", plain(&sources.place(span)));
        }
        for (span, label) in elsewhere(problem) {
            let _ = writeln!(out, "  at {}", plain(&format!("{}: {label}", sources.place(*span))));
        }
        out.push('\n');
    }
    for (code, count) in more {
        let code = code.as_str();
        let _ = writeln!(out, "and {count} more of `{code}`: `netc check --all` shows them");
    }
    out
}

/// Whether a place and the lines around it are short enough to show.
fn can_be_shown(span: Span, sources: &Sources) -> bool {
    let text = sources.get(span.file).text.as_bytes();
    let two_lines = |bytes: &mut dyn Iterator<Item = &u8>| {
        bytes
            .take(MAX_EXCERPT + 1)
            .scan(0, |lines, byte| {
                *lines += usize::from(*byte == b'\n');
                (*lines < 2).then_some(())
            })
            .count()
    };
    let (start, end) = (span.start.min(text.len()), span.end.min(text.len()));
    let before = two_lines(&mut text[..start].iter().rev());
    let after = two_lines(&mut text[end..].iter());
    before + (end - start) + after <= MAX_EXCERPT
}

fn elsewhere(problem: &Problem) -> impl Iterator<Item = &(Span, String)> {
    problem.related.iter().filter(|(s, _)| problem.span.is_none_or(|p| p.file != s.file))
}

fn report(problem: &Problem, sources: &Sources, width: usize) -> Report {
    let message = format!("{} [{}]", problem.message, problem.code.as_str());
    let mut diagnostic = MietteDiagnostic::new(whole_shapes(&shown(&message))).with_severity(
        match problem.severity() {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
        },
    );
    if let Some(help) = &problem.help {
        diagnostic = diagnostic.with_help(whole_shapes(&shown(help)));
    }
    let Some(span) = problem.span.filter(|span| can_be_shown(*span, sources)) else {
        return Report::new(diagnostic);
    };
    let words = |label: &str, span| wrapped(&shown(label), sources.columns(span), width);
    let label = (!problem.label.is_empty()).then(|| words(&problem.label, span));
    let mut labels = vec![LabeledSpan::new_primary_with_span(label, source_span(span))];
    let here = |other: &Span| other.file == span.file && can_be_shown(*other, sources);
    for (other, label) in problem.related.iter().filter(|(s, _)| here(s)) {
        labels.push(LabeledSpan::new_with_span(Some(words(label, *other)), source_span(*other)));
    }
    let source = sources.get(span.file);
    Report::new(diagnostic.with_labels(labels))
        .with_source_code(NamedSource::new(shown(&source.name), shown(&source.text)))
}

/// A label in lines that end within the width, below the middle of its place.
fn wrapped(label: &str, place: Range<usize>, width: usize) -> String {
    let before = MARGIN + (place.start + place.end) / 2;
    textwrap::fill(&whole_shapes(label), width.saturating_sub(before).max(MIN_LABEL))
}

/// A text that is safe for a terminal, without the marks of this module.
fn shown(text: &str) -> String {
    plain(text).replace([JOINER, HYPHEN], "\u{fffd}")
}

/// A text whose shapes, and other lists in brackets, are not broken between lines.
fn whole_shapes(text: &str) -> String {
    let mut depth = 0usize;
    let joined = text.char_indices().map(|(i, c)| {
        // A bracket that is spoken of is closed nowhere.
        depth += usize::from(c == '[' && text[i..].contains(']'));
        depth = depth.saturating_sub(usize::from(c == ']'));
        match c {
            ' ' if depth > 0 => JOINER,
            '-' if depth > 0 => HYPHEN,
            c => c,
        }
    });
    joined.collect()
}

fn source_span(span: Span) -> SourceSpan {
    (span.start, span.end - span.start).into()
}
