use std::process::ExitCode;

use crate::check::Checked;
use crate::cli::out::{PROBLEMS, complain, print, show, write};
use crate::cli::picture::args::DrawArgs;
use crate::compile;
use crate::tools::draw::{self, DrawFormat};

pub(in crate::cli) fn run(args: &DrawArgs) -> ExitCode {
    let compilation = compile(&args.file, &args.set.set);
    show(&compilation.problems, &compilation.sources);
    let result = match &compilation.net {
        Some(net) => draw(net, args),
        None if compilation.ok() => {
            Err(format!("{} holds blocks alone; there is no net to draw", args.file.display()))
        }
        None => return ExitCode::from(PROBLEMS),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            complain(&format!("{message}\n"));
            ExitCode::from(PROBLEMS)
        }
    }
}

fn draw(net: &Checked, args: &DrawArgs) -> Result<(), String> {
    let format = args.output.as_ref().map_or(DrawFormat::Svg, |(_, format)| *format);
    let drawing = draw::draw(net, format, args.look.options()).map_err(|e| e.to_string())?;
    match &args.output {
        Some((path, _)) => write(path, &drawing),
        None => {
            print(&String::from_utf8_lossy(&drawing));
            Ok(())
        }
    }
}
