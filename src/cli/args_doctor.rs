use clap::Args;

use super::args::Format;

/// Arguments of `netc doctor`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  netc doctor
  netc doctor --format json | jq '.findings[] | select(.status != \"good\")'

Exit codes: 0 training would work, 1 it would not, 2 wrong usage.")]
pub struct DoctorArgs {
    /// Output format: lines for people, or one JSON object
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Report what this program, which links libtorch, finds
    #[arg(long, hide = true)]
    pub probe: bool,
}
