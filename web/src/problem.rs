//! Problems as a page shows them: as `netc` writes them, with the places to underline.

use netc::diag::{Code, Fix, Problem, Problems, Sources, Span, Style, render};
use serde::Serialize;

/// Columns of a rendered problem, at the least and at the most.
const COLUMNS: (usize, usize) = (40, 120);

/// The problems of a file.
#[derive(Debug, Serialize)]
pub(crate) struct List {
    errors: usize,
    warnings: usize,
    /// A few of each code.
    shown: Vec<Shown>,
}

#[derive(Debug, Serialize)]
struct Shown {
    severity: &'static str,
    code: &'static str,
    message: String,
    /// As in a terminal, with the codes of its colours.
    text: String,
    place: Option<Place>,
    fixes: Vec<Repair>,
}

/// A range of a file, in UTF-16 units, as a page counts them.
#[derive(Debug, Serialize)]
struct Place {
    file: String,
    line: usize,
    column: usize,
    start: usize,
    end: usize,
}

#[derive(Debug, Serialize)]
struct Repair {
    title: String,
    edits: Vec<(Place, String)>,
}

impl List {
    pub(crate) fn new(problems: &Problems, sources: &Sources, columns: usize) -> List {
        let all = problems.sorted();
        let errors = all.iter().filter(|p| p.severity() == netc::diag::Severity::Error).count();
        let width = columns.clamp(COLUMNS.0, COLUMNS.1);
        let style = Style { colour: true, width, all: true };
        let (shown, _) = problems.shown();
        let shown = shown.into_iter().map(|p| Shown::new(p, sources, style)).collect();
        List { errors, warnings: all.len() - errors, shown }
    }
}

impl Shown {
    fn new(problem: &Problem, sources: &Sources, style: Style) -> Shown {
        Shown {
            severity: problem.severity().as_str(),
            code: Code::as_str(problem.code),
            message: problem.message.clone(),
            text: render(&problem.clone().into(), sources, style),
            place: problem.span.map(|span| place(sources, span)),
            fixes: problem.fixes.iter().map(|fix| repair(sources, fix)).collect(),
        }
    }
}

fn place(sources: &Sources, span: Span) -> Place {
    let source = sources.get(span.file);
    let units =
        |bytes: usize| source.text.get(..bytes).unwrap_or(&source.text).encode_utf16().count();
    let at = sources.position(span);
    Place {
        file: source.name.clone(),
        line: at.line,
        column: at.column,
        start: units(span.start),
        end: units(span.end),
    }
}

fn repair(sources: &Sources, fix: &Fix) -> Repair {
    let edits = fix.edits.iter().map(|(span, text)| (place(sources, *span), text.clone()));
    Repair { title: fix.title.clone(), edits: edits.collect() }
}
