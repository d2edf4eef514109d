use netc::recipe::{Recipe, Task};
use tch::{Kind, Reduction, TchError, Tensor};

/// The training objective, summed over the examples of a batch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Objective {
    /// The cross-entropy of logits `[N, classes]` and labels `[N]`.
    CrossEntropy {
        /// The fraction of each label that is spread evenly over the classes.
        label_smoothing: f64,
    },
}

impl Objective {
    /// The objective of a recipe.
    pub fn of(recipe: &Recipe) -> Objective {
        match recipe.task() {
            Task::Classification => {
                Objective::CrossEntropy { label_smoothing: recipe.label_smoothing }
            }
        }
    }

    /// The objective for testing the nets of a task.
    pub fn tested(task: Task) -> Objective {
        match task {
            Task::Classification => Objective::CrossEntropy { label_smoothing: 0.0 },
        }
    }

    /// The loss, for autograd.
    ///
    /// # Errors
    /// Errors of libtorch.
    pub fn loss(&self, output: &Tensor, targets: &Tensor) -> Result<Tensor, TchError> {
        match *self {
            Objective::CrossEntropy { label_smoothing } => output.f_cross_entropy_loss(
                targets,
                None::<&Tensor>,
                Reduction::Sum,
                -100,
                label_smoothing,
            ),
        }
    }

    /// The loss and its gradient with respect to the output.
    ///
    /// # Errors
    /// Errors of libtorch.
    pub fn loss_and_gradient(
        &self,
        output: &Tensor,
        targets: &Tensor,
    ) -> Result<(Tensor, Tensor), TchError> {
        match *self {
            Objective::CrossEntropy { label_smoothing } => {
                cross_entropy(output, targets, label_smoothing)
            }
        }
    }

    /// The sums of the [metrics](Task::metrics) over a batch of a given loss, `[metrics]`, fp64.
    ///
    /// # Errors
    /// Errors of libtorch.
    pub fn sums(
        &self,
        output: &Tensor,
        targets: &Tensor,
        loss: &Tensor,
    ) -> Result<Tensor, TchError> {
        let loss = loss.f_detach()?.f_to_kind(Kind::Double)?;
        match self {
            Objective::CrossEntropy { .. } => {
                let right = output.f_argmax(1, false)?.f_eq_tensor(targets)?;
                Tensor::f_stack(&[loss, right.f_sum(Kind::Double)?], 0)
            }
        }
    }
}

/// The sum of the cross-entropies, and its gradient with respect to the logits.
fn cross_entropy(
    logits: &Tensor,
    labels: &Tensor,
    smoothing: f64,
) -> Result<(Tensor, Tensor), TchError> {
    let kind = logits.kind();
    let logs = logits.f_log_softmax(1, kind)?;
    let places = labels.f_unsqueeze(1)?;
    let mut loss = logs.f_gather(1, &places, false)?.f_sum(kind)?.f_mul_scalar(smoothing - 1.0)?;
    // By a mask, since libtorch has no scattered sum on GPUs that gives the same bits each time.
    let classes = Tensor::f_arange(logits.size()[1], (labels.kind(), logits.device()))?;
    let own = classes.f_eq_tensor(&places)?.f_to_kind(kind)?.f_mul_scalar(smoothing - 1.0)?;
    let mut gradient = logs.f_exp()?.f_add(&own)?;
    if smoothing > 0.0 {
        let each = smoothing / logits.size()[1] as f64;
        loss = loss.f_sub(&logs.f_sum(kind)?.f_mul_scalar(each)?)?;
        gradient = gradient.f_sub_scalar(each)?;
    }
    Ok((loss, gradient))
}
