//! From a file to a checked net: the pipeline, one line per stage.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use crate::check::{self, Checked, Unchecked};
use crate::diag::{self, Code, FileId, Problems, Severity, Sources, Span};
use crate::forgotten::{self, Beside};
use crate::graph::{self, Override, Provenance};
use crate::recipe::Recipe;
use crate::repair::{self, Outcome, Setting, Texts};
use crate::syntax::ast::{self, ExprKind, Spanned};
use crate::syntax::{self, Overlay, Project};

/// The result of compiling a file.
#[derive(Debug)]
pub struct Compilation {
    /// Every text that was read, to show the problems with.
    pub sources: Sources,
    /// All errors and warnings.
    pub problems: Problems,
    /// The net; `None` if there are errors, or if the file has blocks only.
    pub net: Option<Checked>,
    /// What is known of a net that is wrong; `None` if there is a `net`, or if the file does not
    /// parse.
    pub unchecked: Option<Unchecked>,
    /// Seconds of reading and parsing, of resolving, and of checking.
    pub seconds: [f64; 3],
}

impl Compilation {
    /// Whether there are no errors.
    pub fn ok(&self) -> bool {
        !self.problems.has_errors()
    }

    /// The number of errors by stage: syntax, names and arguments, nodes without a shape, shapes,
    /// and claims. A change of the text is an improvement if this decreases in lexicographic
    /// order: errors of an earlier stage hide those of later ones.
    pub fn errors_by_stage(&self) -> [usize; 5] {
        let shapeless = self.unchecked.as_ref().map_or(0, |net| net.graph.len() - net.shapes.len());
        let mut counts = [0, 0, shapeless, 0, 0];
        for problem in self.problems.sorted().iter().filter(|p| p.severity() == Severity::Error) {
            let stage = match problem.code {
                Code::Syntax | Code::Unreadable => 0,
                Code::Shape | Code::Signature => 3,
                Code::Expect => 4,
                _ => 1,
            };
            counts[stage] += 1;
        }
        counts
    }
}

/// Reads, resolves and checks the net of a file. `set` overrides declared parameters by name, with
/// values as the language writes them.
///
/// The result has every problem of every stage; a later stage continues with what an earlier one
/// could make sense of.
pub fn compile(file: &Path, set: &[(String, String)]) -> Compilation {
    compile_over(file, set, &Overlay::new())
}

/// Compiles a text that is not in a file.
///
/// ```
/// let text = "
/// net small(width = 8) {
///   input image: [N, 3, 8, 8]
///   conv(width) -> bn -> relu -> globalmaxpool -> flatten -> linear(10)
///   output logits: [N, 10]
/// }";
/// let compilation = netc::compile_text(text, &[("width".into(), "16".into())]);
/// let net = compilation.net.expect("a valid net");
/// assert_eq!(net.params(), 3 * 16 * 9 + 2 * 16 + 16 * 10 + 10);
///
/// let wrong = netc::compile_text(&text.replace("bn", "bm"), &[]);
/// assert_eq!(wrong.problems.sorted()[0].message, "unknown op or block `bm`");
/// ```
pub fn compile_text(text: &str, set: &[(String, String)]) -> Compilation {
    let name = "text.net";
    compile_over(Path::new(name), set, &Overlay::from([(name.into(), text.into())]))
}

/// Like [`compile`], with the texts of `overlay` in place of the files with their paths.
pub fn compile_over(file: &Path, set: &[(String, String)], overlay: &Overlay) -> Compilation {
    let beside = Beside::default();
    let Attempted { mut compilation, samples, trees } = compile_once(file, set, overlay, &beside);
    let mut problems = std::mem::take(&mut compilation.problems);
    let known = compilation.net.as_ref().map(Checked::as_unchecked);
    let known = known.or(compilation.unchecked.as_ref());
    if let Some(net) = known.filter(|_| !problems.is_empty()) {
        let attempt = |edits: &[(Span, String)], other: &Setting| {
            let mut overlay = overlay.clone();
            overlay.extend(diag::edited(&compilation.sources, edits.iter().cloned())?);
            let mut set = set.to_vec();
            set.retain(|(name, _)| other.iter().all(|(varied, _)| varied != name));
            set.extend(other.iter().cloned());
            Some(Outcome::from(compile_once(file, &set, &overlay, &beside).compilation))
        };
        let settings: Vec<Setting> = samples.into_iter().map(|sample| vec![sample]).collect();
        let texts = Texts::of(&compilation.sources, &trees);
        repair::repair(&mut problems, net, &texts, &attempt, &settings);
    }
    problems.count_nodes();
    compilation.problems = problems;
    compilation
}

impl From<Compilation> for Outcome {
    fn from(compilation: Compilation) -> Outcome {
        Outcome {
            errors: compilation.errors_by_stage(),
            flat: compilation.net.map(|net| net.flat_text(None)),
            problems: compilation.problems,
            unchecked: compilation.unchecked,
        }
    }
}

/// A compilation without repairs, and what these are found with.
struct Attempted {
    compilation: Compilation,
    /// Other values of the net's parameters.
    samples: Vec<(String, String)>,
    trees: BTreeMap<FileId, ast::File>,
}

fn compile_once(
    file: &Path,
    set: &[(String, String)],
    overlay: &Overlay,
    beside: &Beside,
) -> Attempted {
    let mut clock = Clock { at: now(), seconds: [0.0; 3] };
    let failed = |sources, problems| {
        let (net, unchecked, seconds) = (None, None, [0.0; 3]);
        let compilation = Compilation { sources, problems, net, unchecked, seconds };
        Attempted { compilation, samples: Vec::new(), trees: BTreeMap::new() }
    };
    let (mut project, unread) = match syntax::load_readable(file, overlay) {
        Ok(read) => read,
        Err((sources, problems)) => return failed(sources, problems),
    };
    let overrides = match overrides(&mut project.sources, set) {
        Ok(overrides) => overrides,
        Err(problems) => return failed(project.sources, problems),
    };
    clock.end(0);
    let expanded = graph::expand(&project, &overrides);
    clock.end(1);
    let mut problems = expanded.problems;
    forgotten::imports(&mut problems, &expanded.undefined, &project, overlay, beside);
    let incomplete = problems.has_errors();
    problems.retain(|p| {
        p.code != Code::UnknownName || !p.span.is_some_and(|s| project.may_be_unread(s))
    });
    problems.extend(unread);
    let mut recipe = None;
    if let Some(graph) = &expanded.graph {
        let (resolved, found) = Recipe::resolve(&graph.settings, &[]);
        recipe = (!found.has_errors()).then_some(resolved);
        problems.extend(found);
    }
    let (mut net, mut unchecked) = (None, None);
    match expanded.graph.map(check::check) {
        Some(Ok(checked)) => {
            let mut warnings = checked.warnings().clone();
            // What a block computes and does not return is unused for this reason alone.
            let unchanged = problems.sorted().iter().any(|p| p.code == Code::UnchangedInput);
            warnings.retain(|p| !(unchanged && p.code == Code::UnusedBranch));
            problems.extend(warnings);
            problems.extend(recipe.map(|recipe| recipe.misfits(&checked)).unwrap_or_default());
            net = Some(checked);
        }
        Some(Err(error)) => {
            problems.extend(error.problems.about_the_text(incomplete));
            unchecked = Some(error.unchecked);
        }
        None => {}
    }
    clock.end(2);
    problems = diag::at_callers(problems, &project.sources);
    diag::allow(&mut problems, &project.sources);
    if problems.has_errors() {
        unchecked = unchecked.or(net.take().map(Unchecked::from));
    }
    let Project { sources, files: trees, .. } = project;
    let compilation = Compilation { sources, net, unchecked, problems, seconds: clock.seconds };
    Attempted { compilation, samples: expanded.samples, trees }
}

struct Clock {
    at: Option<Instant>,
    seconds: [f64; 3],
}

impl Clock {
    fn end(&mut self, stage: usize) {
        self.seconds[stage] = self.at.map_or(0.0, |at| at.elapsed().as_secs_f64());
        self.at = now();
    }
}

/// Where the values of the node at a path come from, with the texts that were read; `None` if the
/// file does not resolve, or has no such node.
pub(crate) fn trace(
    file: &Path,
    set: &[(String, String)],
    path: &str,
) -> Option<(Provenance, Sources)> {
    let mut project = syntax::load(file).ok()?;
    let overrides = overrides(&mut project.sources, set).ok()?;
    let found = graph::trace(&project, &overrides, path)?;
    Some((found, project.sources))
}

/// `--set name=value`, each as its own small text, so that a diagnostic can point into it.
fn overrides(sources: &mut Sources, set: &[(String, String)]) -> Result<Vec<Override>, Problems> {
    let (mut overrides, mut problems) = (Vec::new(), Problems::new());
    for (name, value) in set {
        let before = name.len() + 1;
        let file = sources.add("--set", format!("{}{value}", " ".repeat(before)));
        let parsed = syntax::parse_expr(sources, file);
        sources.replace(file, format!("{name}={value}"));
        match parsed {
            Ok(mut value) => {
                // A bare word can only be meant as a string.
                if let ExprKind::Name(word) = &value.node {
                    value.node = ExprKind::Str(word.clone());
                }
                let span = Span { file, start: 0, end: name.len() };
                overrides.push(Override { name: Spanned { node: name.clone(), span }, value });
            }
            Err(found) if is_list(value) => {
                let help = format!("a list stands in brackets: `{name}=[{value}]`");
                problems.extend(found.into_iter().map(|problem| problem.help(&help)).collect());
            }
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() { Ok(overrides) } else { Err(problems) }
}

/// Whether a value lacks nothing but the brackets of a list.
fn is_list(value: &str) -> bool {
    let mut sources = Sources::default();
    let file = sources.add("--set", format!("[{value}]"));
    value.contains(',') && syntax::parse_expr(&sources, file).is_ok()
}

/// WebAssembly in a page has no system clock.
fn now() -> Option<Instant> {
    cfg!(not(target_arch = "wasm32")).then(Instant::now)
}
