use crate::cli::table::{table, trimmed};
use crate::run::trace::{KernelTime, KernelTimes};

/// How many kernels are listed; the others share a line.
const LISTED: usize = 30;
/// Columns of a name.
const NAME: usize = 44;

/// The kernels of a step with their times and parts of the machine's peaks, and the gaps between
/// them, in lines under 100 columns.
pub fn kernel_table(times: &KernelTimes) -> String {
    if times.kernels.is_empty() {
        return "no kernel was recorded\n".into();
    }
    let mut rows =
        table(&["kernel", "launches", "ms", "share", "matrix", "memory", "ranges"], 1..7);
    let (listed, others) = times.kernels.split_at(times.kernels.len().min(LISTED));
    for kernel in listed {
        rows.add_row(row(short(&kernel.name), [kernel].into_iter(), kernel));
    }
    if let Some(first) = others.first() {
        let blank = KernelTime { matrix: None, memory: None, ranges: Vec::new(), ..first.clone() };
        rows.add_row(row(format!("{} others", others.len()), others.iter(), &blank));
    }
    let KernelTimes { step, covered, overlapped, gaps, .. } = times;
    format!(
        "{}\n\nkernels run in {} of a step of {} ms, others beside them in {} of their time\n\
         {} gaps between them, {} ms together, {} ms the median\n",
        trimmed(&rows),
        percent(*covered, 1),
        ms(*step),
        percent(*overlapped, 1),
        tenths(gaps.count),
        ms(gaps.seconds),
        ms(gaps.median),
    )
}

fn row<'k>(
    name: String,
    kernels: impl Iterator<Item = &'k KernelTime> + Clone,
    shown: &KernelTime,
) -> [String; 7] {
    let sum = |of: fn(&KernelTime) -> f64| kernels.clone().map(of).sum::<f64>();
    let part = |part: Option<f64>| part.map_or_else(String::new, |part| percent(part, 0));
    [
        name,
        tenths(sum(|kernel| kernel.launches)),
        ms(sum(|kernel| kernel.seconds)),
        percent(sum(|kernel| kernel.share), 1),
        part(shown.matrix),
        part(shown.memory),
        match shown.ranges.len() {
            0 => String::new(),
            ranges => ranges.to_string(),
        },
    ]
}

fn ms(seconds: f64) -> String {
    format!("{:.3}", seconds * 1e3)
}

fn percent(part: f64, digits: usize) -> String {
    format!("{:.digits$}%", part * 100.0)
}

/// With one decimal where it is not whole.
fn tenths(count: f64) -> String {
    ((count * 10.0).round() / 10.0).to_string()
}

/// The name of a kernel of C++ without its return type, namespaces and parameters, and not longer
/// than its column.
fn short(name: &str) -> String {
    let text = match name.contains(['<', '(']) {
        true => unqualified(name),
        false => name.to_string(),
    };
    match text.char_indices().nth(NAME) {
        Some(_) => text.chars().take(NAME - 2).chain("..".chars()).collect(),
        None => text,
    }
}

fn unqualified(name: &str) -> String {
    let name = name.replace("(anonymous namespace)::", "");
    let name = name.strip_prefix("void ").unwrap_or(&name);
    let mut depth = 0usize;
    let parameters = name.char_indices().find(|&(_, c)| {
        match c {
            '<' => depth += 1,
            '>' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == '(' && depth == 0
    });
    let name = &name[..parameters.map_or(name.len(), |(at, _)| at)];
    let mut parts: Vec<&str> = name.split("::").collect();
    let last = parts.pop().unwrap_or_default();
    let names = |c: char| c.is_alphanumeric() || c == '_';
    parts.into_iter().map(|part| part.trim_end_matches(names)).chain([last]).collect()
}
