//! Whether a net accepts a data set's images and outputs its classes, and what to change if not.

use netc::check::Checked;
use netc::graph::{Op, Value};
use netc::lower::plan;
use netc::recipe::unfrozen;
use netc::run::RunError;
use netc::run::data::Dataset;

/// The usual names of parameters for what a data set decides.
const CHANNELS: [&str; 3] = ["channels", "in_channels", "image_channels"];
const SIDE: [&str; 5] = ["size", "side", "image_size", "resolution", "input_size"];
const CLASSES: [&str; 3] = ["classes", "num_classes", "n_classes"];

/// Refuses a net that does not fit.
pub(in crate::run) fn fits(net: &Checked, data: &Dataset) -> Result<(), RunError> {
    let refuse =
        |(message, help): (String, String)| RunError::Data(format!("{message}\nhelp: {help}"));
    misfit(net, data).map_or(Ok(()), |found| Err(refuse(found)))
}

/// Refuses images that a trained net, which cannot be changed, does not take.
pub(in crate::run) fn takes(net: &Checked, data: &Dataset) -> Result<(), RunError> {
    let help = "a trained net takes images and classes such as it was trained on: give others with \
                --data, or train on these";
    misfit(net, data)
        .map_or(Ok(()), |(message, _)| Err(RunError::Data(format!("{message}\nhelp: {help}"))))
}

/// Where a net and a data set differ, and how to change the net.
fn misfit(net: &Checked, data: &Dataset) -> Option<(String, String)> {
    let (input, output) = (net.shape(net.input()), net.shape(net.output()));
    let (name, classes) = (&data.name, data.classes.len() as u64);
    let image = data.image.map(|d| d as u64);
    if input.image() != Some(image) {
        let [c, h, w] = image;
        let path = &net.node(net.input()).path;
        let help = set_image(net, input.image(), image)
            .unwrap_or_else(|| format!("write `input {path}: [N, {c}, {h}, {w}]` in the net"));
        let message = format!("the images of {name} are [N, {c}, {h}, {w}], the net takes {input}");
        return Some((message, help));
    }
    if output.dims() != [classes] {
        let help = match (set(net, &CLASSES, output.channels(), classes), last_linear(net)) {
            (Some(set), _) => set,
            (None, Some(path)) => format!(
                "`{path}` decides that: make it `linear({classes})`, or `linear(classes)` with a parameter `classes`"
            ),
            (None, None) => format!("end the net with `linear({classes})`"),
        };
        let message = format!(
            "{name} has {classes} classes: expected an output [N, {classes}], got {output}"
        );
        return Some((message, help));
    }
    None
}

/// Refuses a data set of which no image would be left to train on, or to test on.
pub(in crate::run) fn has_images(
    data: &Dataset,
    limits: [Option<usize>; 2],
) -> Result<(), RunError> {
    let splits = [("training", "train", &data.train), ("test", "test", &data.test)];
    for ((what, flag, split), limit) in splits.into_iter().zip(limits) {
        if split.is_empty() {
            return Err(RunError::Data(format!("{} has no {what} images", data.name)));
        }
        if limit == Some(0) {
            let message = format!("--limit-{flag} 0 leaves no {what} image\nhelp: take 1 or more");
            return Err(RunError::Data(message));
        }
    }
    Ok(())
}

/// `--set` of the parameter with one of these names and this value.
fn set(net: &Checked, names: &[&str], is: u64, wanted: u64) -> Option<String> {
    let is = i64::try_from(is).ok()?;
    let mut params = net.graph().params.iter();
    let (name, _) =
        params.find(|(name, value)| names.contains(&name.as_str()) && *value == Value::Int(is))?;
    Some(format!("--set {name}={wanted}"))
}

/// `--set` for all sizes of the image that differ, if there is a parameter for each.
fn set_image(net: &Checked, is: Option<[u64; 3]>, wanted: [u64; 3]) -> Option<String> {
    let (is, mut sets) = (is?, Vec::new());
    if is[0] != wanted[0] {
        sets.push(set(net, &CHANNELS, is[0], wanted[0])?);
    }
    if is[1..] != wanted[1..] {
        let square = is[1] == is[2] && wanted[1] == wanted[2];
        sets.push(set(net, &SIDE, is[1], wanted[1]).filter(|_| square)?);
    }
    Some(sets.join(" "))
}

/// The path of the linear layer that the output comes from, through ops of one operand.
fn last_linear(net: &Checked) -> Option<&str> {
    let mut id = net.output();
    loop {
        if let Op::Linear(_) = net.node(id).op {
            return Some(&net.node(id).path);
        }
        let operands = net.graph().operands(id);
        id = *operands.first().filter(|_| operands.len() == 1)?;
    }
}

/// Refuses patterns of frozen paths of which one holds no weight, or that leave none to be trained.
pub(in crate::run) fn frozen(net: &Checked, patterns: &[String]) -> Result<(), RunError> {
    let mut plan = plan(net);
    let weighted = plan.steps().iter().filter(|step| step.is_trained());
    let paths: Vec<&str> = weighted.map(|step| step.path.as_str()).collect();
    if let Some((message, help)) = unfrozen(patterns, &paths).next() {
        return Err(RunError::Data(format!("{message}\nhelp: {help}")));
    }
    plan.freeze(patterns);
    match plan.steps().iter().any(|step| step.is_trained()) {
        true => Ok(()),
        false => Err(RunError::Data("`freeze` leaves nothing to train".into())),
    }
}
