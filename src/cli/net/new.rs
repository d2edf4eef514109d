use std::path::PathBuf;
use std::process::ExitCode;

use crate::cli::net::args::NewArgs;
use crate::cli::out::{self, ended, print};
use crate::cli::table::{table, trimmed};
use crate::diag::did_you_mean;
use crate::tools::shipped::{SHIPPED, Shipped};

pub(in crate::cli) fn run(args: &NewArgs) -> ExitCode {
    let Some(name) = &args.name else {
        print(&listing());
        return ExitCode::SUCCESS;
    };
    let result = match SHIPPED.iter().find(|net| net.name == name) {
        Some(net) => write(net, args),
        None => Err(unknown(name)),
    };
    ended(result)
}

fn listing() -> String {
    let mut nets = table(&["net", "what"], 0..0);
    for net in SHIPPED {
        nets.add_row([net.name.to_owned(), net.about()]);
    }
    trimmed(&nets) + "\n"
}

fn unknown(name: &str) -> String {
    let names = SHIPPED.iter().map(|net| net.name);
    let lists = || "`netc new` lists the nets that come with netc".to_owned();
    let help = did_you_mean(name, names).question().unwrap_or_else(lists);
    format!("there is no net `{name}`\nhelp: {help}")
}

fn write(net: &Shipped, args: &NewArgs) -> Result<(), String> {
    let file = args
        .output
        .as_ref()
        .or(args.file.as_ref())
        .cloned()
        .unwrap_or_else(|| PathBuf::from(format!("{}.net", net.name)));
    let shown = file.display();
    if file.symlink_metadata().is_ok() {
        return Err(format!("{shown} exists\nhelp: name another file"));
    }
    out::write(&file, net.text().as_bytes())?;
    print(&format!("{shown} is written: {}\n", net.about()));
    Ok(())
}
