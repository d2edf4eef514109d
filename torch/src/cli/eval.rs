use std::path::Path;
use std::process::ExitCode;

use netc::cli::args::Format;
use netc::cli::export::source::net_of_run;
use netc::cli::out::{ended, print, print_json, quoted, warning, write_picture};
use netc::cli::table::{table, thousands, trimmed};
use netc::cli::train::args::EvalArgs;
use netc::cli::train::data::load_and_say;
use netc::run::data::Dataset;
use netc::run::{Confusion, RunFolder, RunInfo};
use netc::tools::plot;
use serde_json::{Value, json};

use super::advice::data_of_run;
use super::progress::scored;
use crate::run::{Machine, Score, confusion_of_run};

/// The maximum number of classes for which the whole matrix is printed.
const MOST_IN_A_TABLE: usize = 20;
/// The maximum number of mistakes that are listed otherwise.
const MOST_MISTAKES: usize = 12;

pub(super) fn run(args: &EvalArgs) -> ExitCode {
    ended(go(args))
}

/// The data to evaluate on: as requested, or else what the run was trained on.
fn data_of(args: &EvalArgs, info: &RunInfo) -> Result<Dataset, String> {
    let command = format!("netc eval {}", quoted(args.run.display()));
    let spec = data_of_run(args.data.as_deref(), info, &command)?;
    let data = load_and_say(&spec).map_err(|e| e.to_string())?;
    let other = info.data_sha256.as_ref().is_some_and(|was| *was != data.sha256());
    match args.data.is_none() && other {
        true => Err(format!(
            "{} was trained on other images or labels than those of {} now\nhelp: name what to evaluate on with --data",
            args.run.display(),
            data.name
        )),
        false => Ok(data),
    }
}

fn go(args: &EvalArgs) -> Result<(), String> {
    let info = RunFolder::info(&args.run).map_err(|e| e.to_string())?;
    let net = net_of_run(&args.run)?;
    let machine =
        Machine::choose(args.machine.device, args.machine.precision).map_err(|e| e.to_string())?;
    let mut data = data_of(args, &info)?;
    info.prepare(&mut data).map_err(|e| e.to_string())?;
    data.left_out([None, args.limit_test]).iter().for_each(|what| warning(what));
    if let Some(most) = args.limit_test {
        data.test.images.truncate(most.saturating_mul(data.image.iter().product()));
        data.test.labels.truncate(most);
    }
    let (score, confusion) =
        confusion_of_run(&args.run, &net, &data, machine).map_err(|e| e.to_string())?;
    if let Some(path) = &args.output {
        draw(&confusion, &info, &score, path)?;
    }
    let confusion = args.confusion.then_some(&confusion);
    match args.format {
        Format::Text => {
            let Score { examples, metrics } = score;
            let (scored, loss) = (scored(&metrics), metrics.loss());
            let first = format!(
                "{} on {examples} test images of {}: {scored}, loss {loss:.4}\n",
                info.net, data.name
            );
            print(&(first + &confusion.map_or_else(String::new, text)));
        }
        Format::Json => print_json(&line(&info, &data.name, &score, confusion)),
    }
    Ok(())
}

fn draw(confusion: &Confusion, info: &RunInfo, score: &Score, path: &Path) -> Result<(), String> {
    let title = format!(
        "{}: {:.2}% of {} test images",
        info.net,
        score.metrics.score(),
        thousands(score.examples as u64)
    );
    write_picture(path, &plot::confusion(&title, confusion))
}

fn line(info: &RunInfo, data: &str, score: &Score, confusion: Option<&Confusion>) -> Value {
    let mut object = json!({
        "net": info.net,
        "data": data,
        "examples": score.examples,
    });
    for (metric, value) in score.metrics.iter() {
        object[metric.title] = json!(value);
    }
    if let Some(confusion) = confusion {
        let accuracies: Vec<_> =
            (0..confusion.classes.len()).map(|class| confusion.accuracy(class)).collect();
        object["classes"] = json!(confusion.classes);
        object["class_accuracy"] = json!(accuracies);
        object["confusion"] = json!(confusion.counts);
    }
    object
}

fn percent(part: Option<f64>) -> String {
    part.map_or("-".into(), |part| format!("{:.2}", part * 100.0))
}

/// The matrix with the accuracy of each class, or for many classes a list of these and the most
/// frequent mistakes.
fn text(confusion: &Confusion) -> String {
    let classes = &confusion.classes;
    if classes.len() <= MOST_IN_A_TABLE {
        return matrix(confusion);
    }
    let mut order: Vec<usize> = (0..classes.len()).collect();
    order.sort_by(|&a, &b| {
        let of = |class| confusion.accuracy(class).unwrap_or(2.0);
        of(a).total_cmp(&of(b)).then(a.cmp(&b))
    });
    let mut accuracies = table(&["class", "images", "right %"], 1..3);
    for class in order {
        let images = confusion.examples(class).to_string();
        accuracies.add_row([classes[class].clone(), images, percent(confusion.accuracy(class))]);
    }
    let all = confusion.mistakes();
    let mut mistakes = table(&["class", "taken for", "images"], 2..3);
    for mistake in all.iter().take(MOST_MISTAKES) {
        let names = [mistake.class, mistake.answer].map(|class| classes[class].clone());
        mistakes.add_row([&names[..], &[mistake.count.to_string()]].concat());
    }
    format!("\n{}\n\nthe most frequent mistakes\n{}\n", trimmed(&accuracies), trimmed(&mistakes))
}

fn matrix(confusion: &Confusion) -> String {
    let classes = &confusion.classes;
    let numbers: Vec<String> = (0..classes.len()).map(|class| class.to_string()).collect();
    let mut header = vec!["", ""];
    header.extend(numbers.iter().map(String::as_str));
    header.extend(["images", "right %"]);
    let mut table = table(&header, 2..header.len());
    for (class, name) in classes.iter().enumerate() {
        let counts = confusion.counts[class]
            .iter()
            .map(|&n| if n == 0 { ".".into() } else { n.to_string() });
        let mut row = vec![numbers[class].clone(), name.clone()];
        row.extend(counts);
        row.extend([confusion.examples(class).to_string(), percent(confusion.accuracy(class))]);
        table.add_row(row);
    }
    format!("\n{}\n\na row for each true class, a column for each answer\n", trimmed(&table))
}
