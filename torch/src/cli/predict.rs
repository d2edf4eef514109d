//! `netc predict`: the classes of single images.

use std::path::Path;
use std::process::ExitCode;

use netc::cli::PROBLEMS;
use netc::cli::args::Format;
use netc::cli::export::source::net_of_run;
use netc::cli::out::{error, print, print_json};
use netc::cli::train::args::PredictArgs;
use netc::run::RunFolder;
use netc::run::data::Picture;
use serde_json::{Value, json};

use crate::run::{Machine, Trained};

/// Images per batch.
const BATCH: usize = 100;

pub(super) fn run(args: &PredictArgs) -> ExitCode {
    match go(args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(PROBLEMS),
        Err(message) => {
            error(&message);
            ExitCode::from(PROBLEMS)
        }
    }
}

/// Returns whether every image could be read; those that could are classified in any case.
fn go(args: &PredictArgs) -> Result<bool, String> {
    RunFolder::info(&args.run).map_err(|e| e.to_string())?;
    let net = net_of_run(&args.run)?;
    let machine =
        Machine::choose(args.machine.device, args.machine.precision).map_err(|e| e.to_string())?;
    let trained = Trained::load(&args.run, &net, machine).map_err(|e| e.to_string())?;
    let mut all = true;
    for paths in args.images.chunks(BATCH) {
        let (mut names, mut pictures) = (Vec::new(), Vec::new());
        for path in paths {
            match read(path, trained.image, args.resize) {
                Ok(picture) => {
                    names.push(path);
                    pictures.push(picture);
                }
                Err(message) => {
                    error(&message);
                    all = false;
                }
            }
        }
        if pictures.is_empty() {
            continue;
        }
        let answers = trained.classify(&pictures).map_err(|e| e.to_string())?;
        for (path, probabilities) in names.iter().zip(&answers) {
            let top = top(probabilities, args.top.into());
            match args.format {
                Format::Text => print(&text(path, &trained.classes, &top, args.images.len() > 1)),
                Format::Json => print_json(&line(path, &trained.classes, &top)),
            }
        }
    }
    Ok(all)
}

/// An image in the form that the net takes.
fn read(path: &Path, image: [usize; 3], resize: bool) -> Result<Picture, String> {
    let [channels, height, width] = image;
    let picture =
        Picture::read(path, resize.then_some([height, width])).map_err(|e| e.to_string())?;
    if picture.size[1..] != image[1..] {
        let [_, h, w] = picture.size;
        return Err(format!(
            "{}: it is {w} x {h} pixels, the net takes {width} x {height}; --resize scales it",
            path.display()
        ));
    }
    let refuse = || format!("{}: it has colours, the net takes grey images", path.display());
    match channels {
        1 | 3 => picture.with_channels(channels).ok_or_else(refuse),
        _ => Err(format!(
            "{}: the net takes {channels} channels, which no such file has",
            path.display()
        )),
    }
}

/// The most probable classes, with their probabilities.
fn top(probabilities: &[f32], count: usize) -> Vec<(usize, f32)> {
    let mut all: Vec<(usize, f32)> = probabilities.iter().copied().enumerate().collect();
    all.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    all.truncate(count);
    all
}

/// The classes of one image, one per line; below its name if there are several images.
fn text(path: &Path, classes: &[String], top: &[(usize, f32)], several: bool) -> String {
    let indent = if several { "  " } else { "" };
    let mut text = if several { format!("{}\n", path.display()) } else { String::new() };
    for (class, probability) in top {
        text += &format!("{indent}{:>6.2}%  {}\n", probability * 100.0, classes[*class]);
    }
    text
}

fn line(path: &Path, classes: &[String], top: &[(usize, f32)]) -> Value {
    let top: Vec<_> = top
        .iter()
        .map(|(class, probability)| json!({ "class": classes[*class], "index": class, "probability": probability }))
        .collect();
    json!({ "image": path.display().to_string(), "top": top })
}
