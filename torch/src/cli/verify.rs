use std::process::ExitCode;

use netc::check::Checked;
use netc::cli::net::args::PassesArgs;
use netc::cli::net::passes::each;
use netc::passes::{Choice, Purpose};

/// The largest difference that rounding in fp64 explains.
const MOST: f64 = 1e-9;

/// `netc passes --verify`.
pub(super) fn verify(args: &PassesArgs) -> ExitCode {
    each(args, &mut |net, purpose| {
        let verified = trusted(net, purpose, &args.passes)?;
        let lines =
            verified.iter().map(|(pass, difference)| format!("  {pass}: {difference:.1e}\n"));
        Ok(match verified.is_empty() {
            true => "  no pass changes it\n".to_string(),
            false => lines.collect(),
        })
    })
}

/// How much each pass changes the results of a net; an error names the first one that changes them
/// too much.
pub(super) fn trusted(
    net: &Checked,
    purpose: Purpose,
    choice: &Choice,
) -> Result<Vec<(&'static str, f64)>, String> {
    let verified = crate::lower::verify(net, purpose, choice).map_err(|error| error.to_string())?;
    // A difference that is no number is not within bounds either.
    match verified
        .iter()
        .find(|verified| verified.difference.is_nan() || verified.difference > MOST)
    {
        Some(wrong) => Err(format!(
            "the pass `{}` changes the result of {} by {:.1e}: leave it out with --passes, and please report it",
            wrong.pass,
            net.graph().name,
            wrong.difference
        )),
        None => {
            Ok(verified.into_iter().map(|verified| (verified.pass, verified.difference)).collect())
        }
    }
}
