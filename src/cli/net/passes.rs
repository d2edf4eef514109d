use std::process::ExitCode;

use crate::check::Checked;
use crate::cli::net::args::{PassesArgs, PurposeArg};
use crate::cli::out::{PROBLEMS, error, print, show};
use crate::cli::table::{millions, table, trimmed};
use crate::compile;
use crate::diag::colour::{BOLD, PLAIN};
use crate::passes::{Optimised, PASSES, Purpose, optimise, traffic};

/// Where to find what a reader of passes may look for, too.
const FUSED: &str = "which ops a step computes together: `netc profile`, in its column `with it`\n";

/// The part of `netc passes` that needs no libtorch.
pub fn run(args: &PassesArgs) -> ExitCode {
    each(args, &mut |net, purpose| {
        let optimised = optimise(net, purpose, &args.passes).map_err(|e| e.to_string())?;
        Ok(text(&optimised))
    })
}

/// Prints a report for each net that compiles.
pub fn each(
    args: &PassesArgs,
    answer: &mut dyn FnMut(&Checked, Purpose) -> Result<String, String>,
) -> ExitCode {
    let (purpose, words) = match args.purpose {
        PurposeArg::Training => (Purpose::Training, "training"),
        PurposeArg::Evaluation => (Purpose::Evaluation, "evaluation"),
    };
    let mut code = ExitCode::SUCCESS;
    for (i, file) in args.files.iter().enumerate() {
        let compilation = compile(file, &args.set.set);
        show(&compilation.problems, &compilation.sources);
        let Some(net) = &compilation.net else {
            if !compilation.ok() {
                code = ExitCode::from(PROBLEMS);
            }
            continue;
        };
        match answer(net, purpose) {
            Ok(text) => {
                let gap = if i > 0 { "\n" } else { "" };
                print(&format!("{gap}{BOLD}{}{PLAIN} for {words}\n{text}", net.graph().name));
            }
            Err(message) => {
                error(&message);
                code = ExitCode::from(PROBLEMS);
            }
        }
    }
    code
}

fn text(optimised: &Optimised) -> String {
    if optimised.stages.is_empty() {
        return format!("no pass changes it\n{FUSED}");
    }
    let mut summary = table(&["pass", "changes", "MACs", "traffic", ""], 1..4);
    let row = |net: &Checked| [millions(net.macs()), millions(traffic(net))];
    let [macs, moved] = row(optimised.source());
    summary.add_row(["as written".into(), String::new(), macs, moved, String::new()]);
    let mut changes = String::new();
    for stage in &optimised.stages {
        let [macs, moved] = row(&stage.net);
        let about =
            PASSES.iter().find(|pass| pass.name == stage.pass).map_or("", |pass| pass.about);
        summary.add_row([
            stage.pass.into(),
            stage.changes.len().to_string(),
            macs,
            moved,
            about.into(),
        ]);
        for change in &stage.changes {
            changes += &format!("{}: {change}\n", stage.pass);
        }
    }
    format!("{}\n\n{changes}", trimmed(&summary))
}
