use std::path::Path;
use std::process::ExitCode;

use serde::Serialize;

use crate::check::Checked;
use crate::cli::args::Format;
use crate::cli::net::args::CheckArgs;
use crate::cli::net::fix::repair;
use crate::cli::net::memory::MemoryEstimate;
use crate::cli::out::{
    PROBLEMS, complain, echo_overrides, millions, print, print_json, show_of, table, thousands,
    trimmed,
};
use crate::diag::{Problem, Sources};
use crate::limits::MAX_PREDICTED_NODES;
use crate::syntax::Overlay;
use crate::tools::show::stages;
use crate::{Compilation, compile_over};

pub(in crate::cli) fn run(args: &CheckArgs) -> ExitCode {
    let texts = match if args.fix { repair(args) } else { Ok(Overlay::new()) } {
        Ok(texts) => texts,
        Err(message) => {
            complain(&format!("{message}\n"));
            return ExitCode::from(PROBLEMS);
        }
    };
    let compile = |file| compile_over(file, &args.set.set, &texts);
    let mut compiled: Vec<(&Path, Compilation)> =
        args.files.iter().map(|f| (f.as_path(), compile(f))).collect();
    for (_, compilation) in &mut compiled {
        compilation.problems.retain(|p| !args.allow.iter().any(|code| code == p.code.as_str()));
    }
    match args.format {
        Format::Json => compiled.iter().for_each(|(file, c)| print_json(&json(file, c, args))),
        Format::Text => {
            compiled.iter().for_each(|(_, c)| show_of(&c.problems, &c.sources, args.all));
            if let [(file, compilation)] = compiled.as_slice() {
                print(&one(file, compilation, args));
            } else {
                print(&many(&compiled, args));
            }
        }
    }
    if compiled.iter().all(|(_, c)| passes(c, args)) {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(PROBLEMS)
    }
}

/// Verdict and table of one file.
fn one(file: &Path, compilation: &Compilation, args: &CheckArgs) -> String {
    let mut text = verdict(file, compilation, args) + "\n";
    if let Some(net) = &compilation.net {
        text += &echo_overrides(net, &args.set.set);
        text += &format!("\n{}\n", stage_table(net));
        let memory = MemoryEstimate::of(net, args).map(|memory| memory.line());
        let large = || {
            format!(
                "memory: not predicted for more than {} ops",
                thousands(MAX_PREDICTED_NODES as u64)
            )
        };
        let large = || (net.order().len() > MAX_PREDICTED_NODES).then(large);
        text += &memory.or_else(large).map_or_else(String::new, |line| format!("\n{line}\n"));
    }
    text
}

/// Whether a file has no problems, counting warnings if they are denied.
fn passes(compilation: &Compilation, args: &CheckArgs) -> bool {
    compilation.ok() && (args.deny.is_none() || compilation.problems.is_empty())
}

fn verdict(file: &Path, compilation: &Compilation, args: &CheckArgs) -> String {
    let file = file.display();
    match (&compilation.net, passes(compilation, args)) {
        (_, false) => format!("{file}: {}", count_of(compilation, "problem")),
        (Some(net), true) => {
            format!("{file}: {} is sound{}", net.graph().name, and_warnings(compilation))
        }
        (None, true) => format!("{file}: sound, blocks alone{}", and_warnings(compilation)),
    }
}

fn and_warnings(compilation: &Compilation) -> String {
    match compilation.problems.is_empty() {
        true => String::new(),
        false => format!(", {}", count_of(compilation, "warning")),
    }
}

fn count_of(compilation: &Compilation, what: &str) -> String {
    match compilation.problems.len() {
        1 => format!("1 {what}"),
        n => format!("{n} {what}s"),
    }
}

fn stage_table(net: &Checked) -> String {
    let mut table = table(&["stage", "output", "params", "MACs"], 2..4);
    for stage in stages(net) {
        table.add_row(vec![
            stage.name,
            stage.shape.to_string(),
            thousands(stage.params),
            millions(stage.macs),
        ]);
    }
    table.add_row(vec![
        "total".into(),
        net.shape(net.output()).to_string(),
        thousands(net.params()),
        millions(net.macs()),
    ]);
    trimmed(&table)
}

/// A row for each file.
fn many(compiled: &[(&Path, Compilation)], args: &CheckArgs) -> String {
    let mut table = table(&["file", "verdict", "params", "MACs", "memory of a step"], 2..5);
    for (file, compilation) in compiled {
        let file = file.display().to_string();
        match (&compilation.net, passes(compilation, args)) {
            (_, false) => table.add_row(vec![file, count_of(compilation, "problem")]),
            (Some(net), true) => table.add_row(vec![
                file,
                format!("sound{}", and_warnings(compilation)),
                thousands(net.params()),
                millions(net.macs()),
                MemoryEstimate::of(net, args).map_or_else(String::new, |memory| memory.short()),
            ]),
            (None, true) => table
                .add_row(vec![file, format!("sound, blocks alone{}", and_warnings(compilation))]),
        };
    }
    trimmed(&table) + "\n"
}

#[derive(Serialize)]
struct FileJson<'a> {
    file: String,
    net: Option<&'a str>,
    ok: bool,
    params: Option<u64>,
    macs: Option<u64>,
    memory: Option<MemoryEstimate>,
    output: Option<&'a [u64]>,
    nodes: Vec<NodeJson<'a>>,
    problems: Vec<ProblemJson<'a>>,
}

#[derive(Serialize)]
struct NodeJson<'a> {
    path: &'a str,
    op: &'a str,
    inputs: Vec<&'a str>,
    shape: &'a [u64],
    params: u64,
    macs: u64,
}

#[derive(Serialize)]
struct ProblemJson<'a> {
    severity: &'a str,
    code: &'a str,
    message: &'a str,
    file: Option<&'a str>,
    line: Option<usize>,
    column: Option<usize>,
    help: Option<&'a str>,
}

fn json<'a>(file: &Path, compilation: &'a Compilation, args: &CheckArgs) -> FileJson<'a> {
    let net = compilation.net.as_ref();
    let problem = |p| problem_json(p, &compilation.sources);
    FileJson {
        file: file.display().to_string(),
        net: net.map(|n| n.graph().name.as_str()),
        ok: passes(compilation, args),
        params: net.map(Checked::params),
        macs: net.map(Checked::macs),
        memory: net.and_then(|net| MemoryEstimate::of(net, args)),
        output: net.map(|n| n.shape(n.output()).dims()),
        nodes: net.map_or_else(Vec::new, nodes_json),
        problems: compilation.problems.sorted().into_iter().map(problem).collect(),
    }
}

fn nodes_json(net: &Checked) -> Vec<NodeJson<'_>> {
    let node = |&id| NodeJson {
        path: &net.node(id).path,
        op: net.node(id).op.name(),
        inputs: net.graph().operands(id).iter().map(|&o| net.node(o).path.as_str()).collect(),
        shape: net.shape(id).dims(),
        params: net.node_params(id),
        macs: net.node_macs(id),
    };
    net.order().iter().map(node).collect()
}

fn problem_json<'a>(problem: &'a Problem, sources: &'a Sources) -> ProblemJson<'a> {
    let at =
        problem.span.map(|span| (sources.get(span.file).name.as_str(), sources.position(span)));
    ProblemJson {
        severity: problem.severity().as_str(),
        code: problem.code.as_str(),
        message: &problem.message,
        file: at.map(|(name, _)| name),
        line: at.map(|(_, position)| position.line),
        column: at.map(|(_, position)| position.column),
        help: problem.help.as_deref(),
    }
}
