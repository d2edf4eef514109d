//! Trains a small net from a library call, on generated images, and reads its run back.
//!
//! cargo run --example train_in_code

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use netc::diag::FileId;
use netc::recipe::Recipe;
use netc::run::data::synthetic;
use netc::run::{DeviceChoice, Method, PrecisionChoice, RunFolder};
use netc_torch::run::{Event, Job, Machine, evaluate_run, train};

#[allow(clippy::print_stdout)]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let width = [("width".to_string(), "8".to_string())];
    let net =
        netc::compile("nets/resnet9.net".as_ref(), &width).net.ok_or("the net is not sound")?;
    let settings = (FileId(0), "batch_size: 64\npeak_lr: 0.2\nepochs: 2\n");
    let (recipe, problems) = Recipe::resolve(&[], &[settings]);
    assert!(problems.is_empty());

    let data = synthetic::generate(&synthetic::Options { seed: 0, train: 256, test: 128 });
    let machine = Machine::choose(DeviceChoice::Auto, PrecisionChoice::Auto)?;
    let job = Job {
        net: &net,
        recipe: &recipe,
        data: &data,
        limit_train: None,
        limit_test: None,
        seed: 1,
        machine,
        save_every: Duration::from_secs(60),
        resume: None,
        group: None,
        method: &Method::default(),
        stop: &AtomicBool::new(false),
    };
    let place = tempfile::tempdir()?;
    let folder = place.path().join("run");
    let mut journal = RunFolder::new(&folder, net.flat_text(None), recipe.to_yaml());
    let report = train(&job, &mut journal, &mut |event| {
        if let Event::Epoch(row) = event {
            println!("epoch {}: training loss {:.4}", row.epoch, row.train.loss());
        }
    })?;
    let score = evaluate_run(&folder, &net, &data, machine)?;
    println!(
        "{:?} after {} epochs: test accuracy {:.1}%",
        report.outcome,
        report.rows.len(),
        score.metrics.score()
    );
    Ok(())
}
