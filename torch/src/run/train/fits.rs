//! Whether a net can be trained on a data set by a recipe, and what to change if not.

use netc::check::Checked;
use netc::diag::number_of;
use netc::graph::{Op, Value};
use netc::lower::plan;
use netc::recipe::{Recipe, unfrozen};
use netc::run::RunError;
use netc::run::data::Dataset;

use super::batches::augmentable;
use super::epoch::augmentation;
use super::statistics::Batching;

/// The usual names of parameters for what a data set decides.
const CHANNELS: [&str; 3] = ["channels", "in_channels", "image_channels"];
const SIDE: [&str; 5] = ["size", "side", "image_size", "resolution", "input_size"];
const CLASSES: [&str; 3] = ["classes", "num_classes", "n_classes"];

/// What is known of the images of a data set before they are loaded.
#[derive(Debug, Clone, Copy)]
pub struct Images<'a> {
    /// The data set.
    pub name: &'a str,
    /// Channels, height and width.
    pub image: [usize; 3],
    /// How many classes there are.
    pub classes: usize,
    /// Training images.
    pub count: usize,
}

impl<'a> Images<'a> {
    /// Those of a data set, or its first training images, this many.
    pub fn of(data: &'a Dataset, limit: Option<usize>) -> Images<'a> {
        let count = limit.unwrap_or(usize::MAX).min(data.train.len());
        Images { name: &data.name, image: data.image, classes: data.classes.len(), count }
    }
}

/// Refuses images that a net cannot be trained on by a recipe.
///
/// # Errors
/// A recipe that is not valid; a net that does not take the images, or has another number of
/// classes; patterns of `freeze` that hold nothing or everything; more padding than the images
/// have pixels; an epoch without a step of lookahead, or with a batch that has no variance.
pub fn trainable(net: &Checked, recipe: &Recipe, images: Images<'_>) -> Result<(), RunError> {
    recipe.validate()?;
    let refuse =
        |(message, help): (String, String)| Err(RunError::Data(format!("{message}\nhelp: {help}")));
    misfit(net, images).map_or(Ok(()), refuse)?;
    frozen(net, &recipe.freeze)?;
    augmentable(augmentation(recipe), recipe.test_views, images.image)?;
    let steps = images.count.div_ceil(recipe.batch_size);
    if steps > 0 && recipe.lookahead_every as usize > steps {
        return refuse((
            format!(
                "`lookahead_every` is {}, and an epoch has {}: each epoch ends with the slow \
                 weights, which would not be updated in every one",
                recipe.lookahead_every,
                number_of(steps, "step"),
            ),
            format!("make it {steps} or less"),
        ));
    }
    Batching::of(images, recipe).has_variance(net)
}

/// Refuses images that a trained net, which cannot be changed, does not take.
pub(in crate::run) fn takes(net: &Checked, data: &Dataset) -> Result<(), RunError> {
    let help = "a trained net takes images and classes such as it was trained on: give others with \
                --data, or train on these";
    misfit(net, Images::of(data, None))
        .map_or(Ok(()), |(message, _)| Err(RunError::Data(format!("{message}\nhelp: {help}"))))
}

/// Where a net and a data set differ, and how to change the net.
fn misfit(net: &Checked, images: Images<'_>) -> Option<(String, String)> {
    let (input, output) = (net.shape(net.input()), net.shape(net.output()));
    let (name, classes) = (images.name, images.classes as u64);
    let image = images.image.map(|d| d as u64);
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
    if paths.is_empty() {
        return Err(RunError::Data(format!("{} has no weights to train", net.graph().name)));
    }
    if let Some((message, help)) = unfrozen(patterns, &paths).next() {
        return Err(RunError::Data(format!("{message}\nhelp: {help}")));
    }
    plan.freeze(patterns);
    match plan.steps().iter().any(|step| step.is_trained()) {
        true => Ok(()),
        false => Err(RunError::Data("`freeze` leaves nothing to train".into())),
    }
}
