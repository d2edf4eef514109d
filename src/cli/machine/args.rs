use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::cli::args::Format;

/// Arguments of `netc doctor`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  netc doctor
  netc doctor --format json | jq '.findings[] | select(.status != \"good\")'

Exit codes: 0 training would work, 1 it would not, 2 wrong usage.")]
pub struct DoctorArgs {
    /// Print in this format
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Compile the kernels for GPUs of these architectures, without a GPU, and print the files
    #[arg(long, hide = true, value_name = "ARCHITECTURE", value_delimiter = ',')]
    pub compile_kernels: Vec<String>,
    /// Report what this program, which links libtorch, finds
    #[arg(long, hide = true)]
    pub probe: bool,
}

impl DoctorArgs {
    /// Whether it is the program with libtorch that is asked.
    pub fn is_for_tensors(&self) -> bool {
        self.probe || !self.compile_kernels.is_empty()
    }
}

/// Arguments of `netc completions`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  netc completions bash > ~/.local/share/bash-completion/completions/netc
  netc completions zsh > ~/.zfunc/_netc
                     with `fpath+=~/.zfunc` before `compinit` in ~/.zshrc
  netc completions fish > ~/.config/fish/completions/netc.fish
  netc completions elvish >> ~/.config/elvish/rc.elv
  netc completions powershell >> $PROFILE

Exit codes: 0 printed, 2 wrong usage.")]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

/// Arguments of `netc man`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  netc man | man -l -
  netc man -o ~/.local/share/man/man1     then `man netc-check` works
  netc man --format markdown              every command on one page

Exit codes: 0 written, 1 the folder cannot be written, 2 wrong usage.")]
pub struct ManArgs {
    /// Write the man page of netc and of each command into this folder, creating it if needed
    #[arg(short, long, alias = "out", value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// Print in this format
    #[arg(long, value_enum, default_value_t = ManFormat::Roff, conflicts_with = "output")]
    pub format: ManFormat,
}

/// How the manual is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ManFormat {
    /// The man page of netc
    Roff,
    /// The reference of every command
    Markdown,
}
