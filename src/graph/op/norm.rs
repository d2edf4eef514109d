use super::args::{ArgError, ArgKind, Args, Default, Parameter, Signature, UNCHANGED, init_value};
use super::rule::Rule;
use super::tensor::{Role, TensorSpec};
use super::traits::{Saved, Traits};
use crate::graph::{Init, Shape, ShapeError, Value};

/// Batch normalisation over all dimensions but the channels. Weight (gamma) and bias (beta)
/// `[channels]`; buffers `running_mean` and `running_var` `[channels]`.
#[derive(Debug, Clone, PartialEq)]
pub struct BatchNorm {
    /// Initialisation of the weight.
    pub gamma: Init,
    /// Initialisation of the bias.
    pub beta: Init,
    /// Added to the variance.
    pub eps: f64,
    /// Weight of the current batch in the running statistics, as in PyTorch.
    pub momentum: f64,
    /// Whether the weight is trained.
    pub train_gamma: bool,
}

impl Rule for BatchNorm {
    const SIGNATURE: Signature = Signature {
        name: "bn",
        doc: "batch normalisation",
        shape: "`[N, C, H, W]` or `[N, F]`, unchanged",
        args: &[
            Parameter::by_name("gamma", ArgKind::Init, Default::Value(Value::Float(1.0))),
            Parameter::by_name("beta", ArgKind::Init, Default::Value(Value::Float(0.0))),
            Parameter::by_name("eps", ArgKind::Number, Default::Value(Value::Float(1e-5))),
            Parameter::by_name("momentum", ArgKind::Number, Default::Value(Value::Float(0.1))),
            Parameter::by_name("train_gamma", ArgKind::Bool, Default::Value(Value::Bool(true))),
        ],
        operands: (1, 1),
    };

    fn build(args: &Args) -> Result<BatchNorm, ArgError> {
        let (eps, momentum) = (args.number("eps")?, args.number("momentum")?);
        if eps <= 0.0 {
            return Err(ArgError::new("eps", format!("expected `eps` above 0, got {eps}")));
        }
        if !(0.0..=1.0).contains(&momentum) {
            let message = format!("expected `momentum` between 0 and 1, got {momentum}");
            return Err(ArgError::new("momentum", message));
        }
        let (gamma, beta, train_gamma) =
            (args.init("gamma")?, args.init("beta")?, args.bool("train_gamma")?);
        Ok(BatchNorm { gamma, beta, eps, momentum, train_gamma })
    }

    fn arguments(&self) -> Vec<Option<Value>> {
        vec![
            init_value(self.gamma),
            init_value(self.beta),
            Some(Value::Float(self.eps)),
            Some(Value::Float(self.momentum)),
            (!self.train_gamma).then_some(Value::Bool(false)),
        ]
    }

    fn traits(&self) -> Traits {
        Traits { pure: false, saved: Saved::OPERANDS, ..Traits::PURE }
    }

    fn label(&self) -> String {
        Self::SIGNATURE.name.into()
    }

    fn shape(&self, operands: &[&Shape]) -> Result<Shape, ShapeError> {
        match operands[0].dims() {
            [_] | [_, _, _] => Ok(operands[0].clone()),
            _ => Err(ShapeError::new(format!(
                "bn expected an image or a vector, got {}",
                operands[0]
            ))),
        }
    }

    fn tensors(&self, operands: &[&Shape]) -> Vec<TensorSpec> {
        let dims = vec![operands[0].channels()];
        let tensor = |name, init, role, trained| TensorSpec {
            name,
            dims: dims.clone(),
            init,
            role,
            trained,
        };
        vec![
            tensor("weight", self.gamma, Role::Norm, self.train_gamma),
            tensor("bias", self.beta, Role::Norm, true),
            tensor("running_mean", Init::Constant(0.0), Role::Statistic, false),
            tensor("running_var", Init::Constant(1.0), Role::Statistic, false),
        ]
    }
}

/// Softmax over the channels.
#[derive(Debug, Clone, PartialEq)]
pub struct Softmax;

impl Rule for Softmax {
    const SIGNATURE: Signature = Signature {
        name: "softmax",
        doc: "softmax over the channels",
        shape: UNCHANGED,
        args: &[],
        operands: (1, 1),
    };

    fn build(_args: &Args) -> Result<Softmax, ArgError> {
        Ok(Softmax)
    }

    fn arguments(&self) -> Vec<Option<Value>> {
        Vec::new()
    }

    fn traits(&self) -> Traits {
        Traits { saved: Saved::VALUE, ..Traits::PURE }
    }

    fn shape(&self, operands: &[&Shape]) -> Result<Shape, ShapeError> {
        Ok(operands[0].clone())
    }
}
