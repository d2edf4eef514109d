//! A net's source annotated with shapes, its stages, and the net in SSA form.

use std::collections::{BTreeMap, HashMap};

use crate::check::Checked;
use crate::diag::{FileId, Sources, Span};
use crate::graph::{NodeId, Shape};

/// More sizes than this in one dimension are shown as a range.
const MAX_LISTED: usize = 3;

/// One line of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnnotatedLine {
    /// The source text.
    pub text: String,
    /// The shape of the value at the end of the line, over all calls; empty if it has none.
    pub shape: String,
    /// The number of parameters of everything that the line adds to the net.
    pub params: u64,
}

/// A file that contributes to a net.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnnotatedFile {
    /// Its name as shown to the user.
    pub name: String,
    /// All its lines.
    pub lines: Vec<AnnotatedLine>,
}

/// For each line of a file the values at its end, by call.
#[derive(Debug, Default)]
struct LineValues {
    /// First byte of the last element on the line.
    last: usize,
    /// The value of each call of that element: the block calls and the path down to it.
    values: BTreeMap<(Vec<Span>, String), NodeId>,
    params: u64,
}

/// The files that contribute to a net, its own first, each line with the shape of its value and its
/// parameters.
///
/// A line in a block represents all calls of the block: sizes that differ are listed, `64|128`, or
/// given as a range, `64..512`.
pub fn annotated(net: &Checked, sources: &Sources) -> Vec<AnnotatedFile> {
    let mut found: BTreeMap<(FileId, usize), LineValues> = BTreeMap::new();
    for &id in net.order() {
        let Some(origin) = &net.node(id).origin else { continue };
        let calls: Vec<Span> = origin.calls.iter().map(|c| c.span).collect();
        let places: Vec<Span> = calls.iter().copied().chain([origin.span]).collect();
        let mut seen = Vec::new();
        for (depth, &span) in places.iter().enumerate() {
            let key = (span.file, last_line(sources, span));
            let at = found.entry(key).or_default();
            if !seen.contains(&key) {
                at.params += net.node_params(id);
                seen.push(key);
            }
            if span.start > at.last {
                (at.last, at.values) = (span.start, BTreeMap::new());
            }
            if span.start == at.last {
                at.values.insert((calls[..depth].to_vec(), round(&net.node(id).path)), id);
            }
        }
    }
    let output = net.output();
    let mut ids: Vec<FileId> = found.keys().map(|(file, _)| *file).collect();
    ids.dedup();
    let file = |id: FileId| {
        let source = sources.get(id);
        let line = |(i, text): (usize, &str)| match found.get(&(id, i + 1)) {
            Some(at) => {
                AnnotatedLine { text: text.into(), shape: shapes(net, at), params: at.params }
            }
            None if text.trim_start().starts_with("output ") => {
                AnnotatedLine { text: text.into(), shape: net.shape(output).to_string(), params: 0 }
            }
            None => AnnotatedLine { text: text.into(), shape: String::new(), params: 0 },
        };
        AnnotatedFile {
            name: source.name.clone(),
            lines: source.text.lines().enumerate().map(line).collect(),
        }
    };
    ids.into_iter().map(file).collect()
}

/// The line on which a span ends.
fn last_line(sources: &Sources, span: Span) -> usize {
    let end = Span { start: span.end.saturating_sub(1).max(span.start), ..span };
    sources.position(end).line
}

/// The iterations of `repeat` in a path: its segments that are numbers.
fn round(path: &str) -> String {
    let rounds = path.split('.').filter(|s| s.chars().all(|c| c.is_ascii_digit()));
    rounds.collect::<Vec<_>>().join(".")
}

/// The shapes of all calls, merged.
fn shapes(net: &Checked, found: &LineValues) -> String {
    let all: Vec<&[u64]> = found.values.values().map(|&id| net.shape(id).dims()).collect();
    let calls = if all.len() > 1 { format!(" x{}", all.len()) } else { String::new() };
    let Some(first) = all.first() else { return String::new() };
    if all.iter().any(|dims| dims.len() != first.len()) {
        let mut texts: Vec<String> = Vec::new();
        for &id in found.values.values() {
            let text = net.shape(id).to_string();
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
        return texts.join(" or ") + &calls;
    }
    let sizes = (0..first.len()).map(|i| one_size(all.iter().map(|dims| dims[i])));
    let sizes: String = sizes.map(|size| format!(", {size}")).collect();
    format!("[N{sizes}]{calls}")
}

/// `64`, `64|128` or `64..512`, in order of occurrence.
fn one_size(sizes: impl Iterator<Item = u64>) -> String {
    let mut distinct: Vec<u64> = Vec::new();
    for size in sizes {
        if !distinct.contains(&size) {
            distinct.push(size);
        }
    }
    match (distinct.iter().min(), distinct.iter().max()) {
        (Some(least), Some(most)) if distinct.len() > MAX_LISTED => format!("{least}..{most}"),
        _ => distinct.iter().map(u64::to_string).collect::<Vec<_>>().join("|"),
    }
}

/// The nodes whose paths share the first segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageCost {
    /// The segment.
    pub name: String,
    /// The shape of its last value.
    pub shape: Shape,
    /// The number of its trained parameters.
    pub params: u64,
    /// Its multiply-accumulate operations for one example.
    pub macs: u64,
}

/// The stages of a net, in the order in which they begin.
pub fn stages(net: &Checked) -> Vec<StageCost> {
    let mut stages: Vec<StageCost> = Vec::new();
    let mut known: HashMap<&str, usize> = HashMap::new();
    for &id in net.order() {
        let name = net.node(id).stage();
        let shape = net.shape(id).clone();
        let at = *known.entry(name).or_insert(stages.len());
        if at == stages.len() {
            stages.push(StageCost { name: name.into(), shape: shape.clone(), params: 0, macs: 0 });
        }
        let stage = &mut stages[at];
        stage.shape = shape;
        stage.params += net.node_params(id);
        stage.macs += net.node_macs(id);
    }
    stages
}

/// The net in static single assignment form: `%prep.conv = conv(%image, 64) : [N, 64, 32, 32]`.
pub fn ssa(net: &Checked) -> String {
    let mut text = String::new();
    for &id in net.order() {
        let node = net.node(id);
        let operands: Vec<String> =
            net.graph().operands(id).iter().map(|&o| format!("%{}", net.node(o).path)).collect();
        let names: Vec<&str> = operands.iter().map(String::as_str).collect();
        let call = node.op.call(&names, &node.op.stated(names.len().max(1)));
        text += &format!("%{} = {call} : {}\n", node.path, net.shape(id));
    }
    match net.graph().output() {
        Some((name, id)) => text + &format!("return %{} as {name}\n", net.node(id).path),
        None => text,
    }
}
