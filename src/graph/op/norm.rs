use super::args::init_value;
use super::{ArgError, Args, Default, Kind, Parameter, Rule, Signature, Tensor};
use crate::graph::{Init, Shape, ShapeError, Value};

/// Batch normalisation over all dimensions but the channels. Weight (gamma) and bias (beta)
/// `[channels]`; buffers `running_mean` and `running_var` `[channels]`.
#[derive(Debug, Clone, PartialEq)]
pub struct BatchNorm {
    /// How the scale starts.
    pub gamma: Init,
    /// How the offset starts.
    pub beta: Init,
    /// Added to the variance.
    pub eps: f64,
    /// Weight of the newest batch in the running statistics.
    pub momentum: f64,
}

impl Rule for BatchNorm {
    const SIGNATURE: Signature = Signature {
        name: "bn",
        doc: "batch normalisation",
        args: &[
            Parameter { name: "gamma", kind: Kind::Init, default: Default::Value(Value::Float(1.0)) },
            Parameter { name: "beta", kind: Kind::Init, default: Default::Value(Value::Float(0.0)) },
            Parameter { name: "eps", kind: Kind::Number, default: Default::Value(Value::Float(1e-5)) },
            Parameter { name: "momentum", kind: Kind::Number, default: Default::Value(Value::Float(0.1)) },
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
        Ok(BatchNorm { gamma: args.init("gamma")?, beta: args.init("beta")?, eps, momentum })
    }

    fn arguments(&self) -> Vec<Option<Value>> {
        vec![
            init_value(self.gamma),
            init_value(self.beta),
            Some(Value::Float(self.eps)),
            Some(Value::Float(self.momentum)),
        ]
    }

    fn shape(&self, operands: &[&Shape]) -> Result<Shape, ShapeError> {
        match operands[0].dims() {
            [_] | [_, _, _] => Ok(operands[0].clone()),
            _ => Err(ShapeError::new(format!("bn expected an image or a vector, got {}", operands[0]))),
        }
    }

    fn tensors(&self, operands: &[&Shape]) -> Vec<Tensor> {
        let dims = vec![operands[0].channels()];
        let tensor = |name, init, trained| Tensor { name, dims: dims.clone(), init, trained };
        vec![
            tensor("weight", self.gamma, true),
            tensor("bias", self.beta, true),
            tensor("running_mean", Init::Constant(0.0), false),
            tensor("running_var", Init::Constant(1.0), false),
        ]
    }
}
