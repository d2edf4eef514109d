//! A few training steps of one net in numbers, for comparison with another implementation, device
//! or arithmetic.

use std::fs;
use std::path::Path;

use netc::check::Checked;
use netc::graph::Init;
use netc::lower::init::draw;
use netc::lower::{Precision, seed};
use netc::passes::Purpose;
use netc::recipe::Recipe;
use netc::run::{Executor, Method, RunError};
use rand::RngExt;
use tch::{Device, Kind, TchError, Tensor};

use crate::lower::{At, Mode, Objective, Session, TorchNet};
use crate::run::store::checkpoint;
use crate::run::store::checkpoint::Entry;
use crate::run::store::checkpoint::NO_FACTS;
use crate::run::train::host_step::HostStep;
use crate::run::train::state::Position;
use crate::run::train::state::State;
use crate::run::train::statistics::Batching;
use crate::run::train::tuning::tuning;
use crate::run::{Batch, Machine};

/// What is computed.
#[derive(Debug, Clone, Copy)]
pub struct Trial<'a> {
    /// The seed of the weights and the images.
    pub seed: u64,
    /// A file of weights to use instead of initial ones.
    pub weights: Option<&'a Path>,
    /// Images in a step.
    pub batch: usize,
    /// Training steps.
    pub steps: usize,
    /// Device and precision.
    pub machine: Machine,
    /// How it is computed.
    pub method: &'a Method,
}

/// Tensors by name.
pub type Named = Vec<(String, Tensor)>;

/// The result of a trial, on the CPU, in the type of the weights: fp64 for an fp64 net, else fp32.
#[derive(Debug)]
pub struct Steps {
    /// Weights and buffers at the start, by path.
    pub before: Named,
    /// Of the first images in evaluation mode, before training.
    pub evaluated: Tensor,
    /// Of the first step in training mode.
    pub logits: Tensor,
    /// Its sum of losses.
    pub loss: Tensor,
    /// The gradients of that sum with respect to the trained weights.
    pub gradients: Named,
    /// Weights and buffers after all steps.
    pub after: Named,
}

impl Steps {
    /// Takes training steps on random images as a training would: with the method's executor and
    /// the recipe's optimiser, which divides the sum's gradient by the batch size. The steps form
    /// the recipe's first epoch, and dropout drops nothing.
    ///
    /// # Errors
    /// Errors of libtorch or the file system.
    pub fn of(net: &Checked, recipe: &Recipe, trial: &Trial<'_>) -> Result<Steps, RunError> {
        let Trial { seed, batch, steps, machine, method, .. } = *trial;
        Batching::alone(batch).has_variance(net)?;
        let recipe = Recipe { batch_size: batch, ..recipe.clone() };
        let (examples, schedule) = (Examples::new(net, trial), recipe.schedule());
        let mut net = TorchNet::new(net, seed, machine.device, machine.precision)?;
        net.drop_nothing();
        if let Some(weights) = trial.weights {
            checkpoint::load(weights, &net)?;
        }
        let batch_of = |step| examples.step(step, machine.device).at("the batch");
        let before = named(&net)?;
        let evaluated = evaluated(&net, &batch_of(0)?.images, trial)?;
        let mut state = State::new(net, &recipe).at("the state of the training")?;
        if method.without.plain_descent() {
            state.optimiser = state.optimiser.plain();
        }
        let mut stepper = HostStep::new(&state.net, batch, &recipe, method, machine)?;
        let mut first = None;
        for step in 0..steps {
            let objective = Objective::of(&recipe);
            let (stepped, gradients) = stepper.step(&state, &batch_of(step)?, objective, seed)?;
            if first.is_none() {
                let trained = state.net.trained().zip(&gradients);
                let gradients = trained.map(|(w, g)| Ok((w.name.clone(), host(g).at(&w.name)?)));
                let numbers = [&stepped.output, &stepped.loss].map(|t| host(t).at("the loss"));
                first = Some((numbers, gradients.collect::<Result<Named, RunError>>()?));
            }
            let progress = Position { epoch: 1, step: step + 1, steps };
            state.step(&gradients, &recipe, &schedule, progress)?;
        }
        let Some(([logits, loss], gradients)) = first else {
            return Err(RunError::Data("expected at least one step".into()));
        };
        let after = named(&state.net)?;
        Ok(Steps { before, evaluated, logits: logits?, loss: loss?, gradients, after })
    }

    /// Writes them into a folder, as fp32 whatever their type:
    ///
    /// - `before.safetensors`, `after.safetensors`: weights and buffers;
    /// - `batch.safetensors`: `images` fp32 `[steps, batch, channels, rows, columns]`, standard
    ///   normal; `labels` int64 `[steps, batch]`; `lr` fp32 `[steps]`, the rates on the mean loss;
    /// - `eval.safetensors`: `logits` in evaluation mode;
    /// - `train.safetensors`: `logits`, `loss`, and `grad.NAME` for each trained weight.
    ///
    /// # Errors
    /// Files that cannot be written.
    pub fn write(
        &self,
        net: &Checked,
        recipe: &Recipe,
        trial: &Trial<'_>,
        folder: &Path,
    ) -> Result<(), RunError> {
        fs::create_dir_all(folder).map_err(RunError::io(folder))?;
        let file = |name: &str| folder.join(format!("{name}.safetensors"));
        let schedule = recipe.schedule();
        let rate = |step| schedule.at(step as f64 / trial.steps as f64) as f32;
        let lr: Vec<f32> = (1..=trial.steps).map(rate).collect();
        let facts = serde_json::json!({ "precision": trial.machine.precision });
        checkpoint::write(&file("batch"), Examples::new(net, trial).entries(&lr), Some(&facts))?;
        let entry = |(name, tensor): &(String, Tensor)| entry(name, tensor);
        for (name, tensors) in [("before", &self.before), ("after", &self.after)] {
            checkpoint::write(
                &file(name),
                tensors.iter().map(entry).collect::<Result<_, _>>()?,
                NO_FACTS,
            )?;
        }
        checkpoint::write(&file("eval"), vec![self::entry("logits", &self.evaluated)?], NO_FACTS)?;
        let mut entries =
            vec![self::entry("logits", &self.logits)?, self::entry("loss", &self.loss)?];
        for (name, gradient) in &self.gradients {
            entries.push(self::entry(&format!("grad.{name}"), gradient)?);
        }
        checkpoint::write(&file("train"), entries, NO_FACTS)
    }
}

/// The logits of images in evaluation mode.
fn evaluated(net: &TorchNet, images: &Tensor, trial: &Trial<'_>) -> Result<Tensor, RunError> {
    let Trial { batch, machine, method, .. } = *trial;
    let logits = match method.executor {
        Executor::Eager => tch::no_grad(|| net.forward(images, Mode::Eval))?,
        Executor::Compiled => {
            Session::new(net, Purpose::Evaluation, batch, &tuning(method, machine))?
                .evaluate(images)?
        }
    };
    host(&logits).at("the logits").map_err(RunError::from)
}

/// A copy of every weight and buffer.
fn named(net: &TorchNet) -> Result<Named, RunError> {
    let copy = |w: &crate::lower::Weight| Ok((w.name.clone(), host(&w.tensor).at(&w.name)?));
    net.weights().iter().map(copy).collect()
}

/// A copy on the CPU.
fn host(tensor: &Tensor) -> Result<Tensor, TchError> {
    tensor.f_detach()?.f_to_device(Device::Cpu)?.f_mul_scalar(1.0)
}

/// Images and labels of all steps, on the host.
struct Examples {
    images: Vec<f32>,
    labels: Vec<i64>,
    /// Steps, batch, and the sizes of an image.
    dims: Vec<usize>,
}

impl Examples {
    fn new(net: &Checked, trial: &Trial<'_>) -> Examples {
        let mut rng = seed::rng(trial.seed, "parity");
        let classes = net.shape(net.output()).channels();
        let image = net.shape(net.input()).dims().iter().map(|&d| d as usize);
        let dims: Vec<usize> = [trial.steps, trial.batch].into_iter().chain(image).collect();
        let sizes: Vec<i64> = dims.iter().map(|&size| size as i64).collect();
        let images = draw(Init::Normal(0.0, 1.0), &sizes, trial.seed, "parity images");
        let labels =
            (0..trial.steps * trial.batch).map(|_| rng.random_range(0..classes as i64)).collect();
        Examples { images, labels, dims }
    }

    fn step(&self, step: usize, device: Device) -> Result<Batch, TchError> {
        let batch = self.dims[1];
        let size = self.images.len() / self.dims[0];
        let dims: Vec<i64> = self.dims[1..].iter().map(|&d| d as i64).collect();
        let images = Tensor::f_from_slice(&self.images[step * size..][..size])?.f_reshape(dims)?;
        let targets = Tensor::f_from_slice(&self.labels[step * batch..][..batch])?;
        Ok(Batch { images: images.f_to_device(device)?, targets: targets.f_to_device(device)? })
    }

    fn entries(&self, lr: &[f32]) -> Vec<(String, Entry)> {
        vec![
            ("images".into(), Entry::floats(self.dims.clone(), &self.images)),
            ("labels".into(), Entry::integers(self.dims[..2].to_vec(), &self.labels)),
            ("lr".into(), Entry::floats(vec![lr.len()], lr)),
        ]
    }
}

fn entry(name: &str, tensor: &Tensor) -> Result<(String, Entry), RunError> {
    Ok((name.to_string(), checkpoint::entry(tensor).at(name)?))
}

/// How far a result is from the exact one: the root mean square of the differences, relative to
/// that of the exact values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Distance {
    /// Of the logits in evaluation mode.
    pub evaluated: f64,
    /// Of the logits in training mode.
    pub logits: f64,
    /// Of the gradients, all together.
    pub gradients: f64,
    /// Of what the steps changed, weights and buffers all together.
    pub changes: f64,
}

impl Distance {
    /// From `exact` to `found`, of the same trial.
    ///
    /// # Errors
    /// Trials of two nets.
    pub fn between(found: &Steps, exact: &Steps) -> Result<Distance, RunError> {
        let one = |found: &Tensor, exact: &Tensor| relative([(found, exact)]).at("the logits");
        let tensors = |named: &'_ Named| -> Vec<Tensor> {
            named.iter().map(|(_, tensor)| tensor.shallow_clone()).collect()
        };
        let (found_by, exact_by) = (tensors(&found.gradients), tensors(&exact.gradients));
        let changes = changes(found, exact).at("the weights")?;
        Ok(Distance {
            evaluated: one(&found.evaluated, &exact.evaluated)?,
            logits: one(&found.logits, &exact.logits)?,
            gradients: relative(found_by.iter().zip(&exact_by)).at("the gradients")?,
            changes: relative(changes.iter().map(|[found, exact]| (found, exact)))
                .at("the weights")?,
        })
    }

    /// Whether it is within what rounding explains in this precision. In half precision, nearly
    /// equal values go either way in a max pool or a ReLU, so the gradients of a deep net say
    /// little.
    pub fn within(&self, precision: Precision) -> bool {
        let [logits, gradients] = match precision {
            Precision::Fp64 => [1e-10, 1e-8],
            Precision::Fp32 => [1e-3, 0.1],
            Precision::Fp16 => [0.1, 1.0],
            Precision::Bf16 => [0.5, 2.0],
        };
        let Distance { evaluated, logits: trained, .. } = *self;
        [evaluated, trained].iter().all(|&x| x <= logits)
            && [self.gradients, self.changes].iter().all(|&x| x <= gradients)
    }
}

/// The change of each weight and buffer by the steps.
fn changes(found: &Steps, exact: &Steps) -> Result<Vec<[Tensor; 2]>, TchError> {
    let of = |after: &Tensor, before: &Tensor| after.f_to_kind(Kind::Double)?.f_sub(before);
    let rows = exact.before.iter().zip(&exact.after).zip(&found.after);
    rows.map(|(((_, before), (_, after)), (_, own))| Ok([of(own, before)?, of(after, before)?]))
        .collect()
}

fn relative<'a>(
    pairs: impl IntoIterator<Item = (&'a Tensor, &'a Tensor)>,
) -> Result<f64, TchError> {
    let square = |t: &Tensor| t.f_square()?.f_sum(Kind::Double)?.f_double_value(&[]);
    let (mut apart, mut size) = (0.0, 0.0);
    for (found, exact) in pairs {
        let exact = exact.f_to_kind(Kind::Double)?;
        apart += square(&found.f_to_kind(Kind::Double)?.f_sub(&exact)?)?;
        size += square(&exact)?;
    }
    Ok(if apart == 0.0 { 0.0 } else { (apart / size).sqrt() })
}
