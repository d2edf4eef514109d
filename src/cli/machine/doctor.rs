use std::process::{ExitCode, Stdio};

use super::{libtorch, sibling};
use crate::cli::args::Format;
use crate::cli::machine::args::DoctorArgs;
use crate::cli::out::{PROBLEMS, print, print_json};
use crate::diag::colour::{GREEN, PLAIN, RED, YELLOW};
use crate::tools::doctor::{DoctorReport, Finding, FindingStatus, NoProbe, Probe, examine};

/// `netc doctor`, which needs no libtorch itself.
pub(in crate::cli) fn run(args: &DoctorArgs) -> ExitCode {
    let report = examine(ask());
    match args.format {
        Format::Text => print(&text(&report)),
        Format::Json => print_json(&report),
    }
    if report.ok { ExitCode::SUCCESS } else { ExitCode::from(PROBLEMS) }
}

/// Starts `netc-torch` and asks it what it finds.
fn ask() -> Result<Probe, NoProbe> {
    let Some(program) = sibling::sibling() else {
        return Err(NoProbe {
            subject: "netc-torch",
            found: "not beside netc; what needs no tensors works".into(),
            repair: libtorch::how_to_get_netc_torch(),
        });
    };
    let no = |found: String| {
        let repair = libtorch::how_to_get();
        let subject =
            if found.contains("netc-torch cannot be started") { "netc-torch" } else { "libtorch" };
        NoProbe { subject, found, repair }
    };
    let mut command = sibling::command(&program);
    command.args(["doctor", "--probe"]).stdin(Stdio::null());
    let output =
        command.output().map_err(|error| no(format!("netc-torch cannot be started: {error}")))?;
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it said nothing");
    if !output.status.success() {
        let place = libtorch::find();
        let place = place
            .map_or_else(|| "none found".into(), |path| format!("found in {}", path.display()));
        return Err(no(format!(
            "{place}; netc-torch ended with {}: {}",
            output.status,
            shortened(last)
        )));
    }
    serde_json::from_slice(&output.stdout)
        .map_err(|error| no(format!("netc-torch gave no answer ({error}): {}", shortened(last))))
}

/// A line from another program, without that program's path before the message.
fn shortened(line: &str) -> &str {
    line.split_once("netc-torch: ").map_or(line, |(_, message)| message)
}

fn text(report: &DoctorReport) -> String {
    let lines: String = report.findings.iter().map(line).collect();
    let end = match report.ok {
        true => "training would work here",
        false => "training would not work here; what needs no tensors does",
    };
    format!("{lines}{end}\n")
}

fn line(finding: &Finding) -> String {
    let (colour, word) = match finding.status {
        FindingStatus::Good => (GREEN, "good"),
        FindingStatus::Warning => (YELLOW, "warning"),
        FindingStatus::Failure => (RED, "failure"),
    };
    let repair =
        finding.repair.as_ref().map_or_else(String::new, |repair| format!("{:21}{repair}\n", ""));
    format!("{colour}{word:<8}{PLAIN} {:<11} {}\n{repair}", finding.subject, finding.found)
}
