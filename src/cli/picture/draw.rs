use std::process::ExitCode;

use crate::check::Checked;
use crate::cli::net::compiled;
use crate::cli::out::{PROBLEMS, ended, print, write};
use crate::cli::picture::args::DrawArgs;
use crate::tools::draw::{self, DrawFormat};

pub(in crate::cli) fn run(args: &DrawArgs) -> ExitCode {
    match compiled(&args.file, &args.set.set, "draw") {
        Some((net, _)) => ended(draw(&net, args)),
        None => ExitCode::from(PROBLEMS),
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
