use super::args::{
    ArgError, ArgKind, Args, Default, Parameter, Signature, init_value, int, int_pair,
};
use super::image::{image, too_large, windows};
use super::label;
use super::rule::Rule;
use super::tensor::{Role, TensorSpec};
use super::traits::{Category, Demand, Saved, Traits};
use crate::graph::{Init, Shape, ShapeError, Value};

/// A 2-d convolution. Weight `[out, in / groups, kernel]`, bias `[out]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Conv {
    /// Output channels.
    pub out: u64,
    /// Height and width of the kernel.
    pub kernel: [u64; 2],
    /// Vertical and horizontal stride.
    pub stride: [u64; 2],
    /// Zero padding: rows above and below, columns left and right.
    pub pad: [u64; 2],
    /// Dilation of the kernel.
    pub dilation: [u64; 2],
    /// Number of groups.
    pub groups: u64,
    /// Whether a bias is added.
    pub bias: bool,
    /// Initialisation of the weight; `None` for PyTorch's default.
    pub init: Option<Init>,
    /// Whether the weight is trained.
    pub train_weight: bool,
}

impl Conv {
    /// Extent of the dilated kernel in rows (axis 0) or columns (axis 1).
    fn reach(&self, axis: usize) -> u64 {
        self.dilation[axis].saturating_mul(self.kernel[axis] - 1) + 1
    }

    /// Rows and columns of the output for those of an image, 0 where the kernel does not fit.
    pub fn output(&self, image: [u64; 2]) -> [u64; 2] {
        [0, 1].map(|axis| {
            let (stride, pad) = (self.stride[axis], self.pad[axis]);
            windows(image[axis], self.reach(axis), stride, pad, false).unwrap_or(0)
        })
    }

    /// Whether the padding is at least as large as the kernel, so that a window may lie in it
    /// entirely.
    pub fn pads_past_its_reach(&self) -> bool {
        (0..2).any(|axis| self.pad[axis] >= self.reach(axis))
    }
}

impl Rule for Conv {
    const SIGNATURE: Signature = Signature {
        name: "conv",
        doc: "2-d convolution",
        shape: "`[N, C, H, W]` to `[N, c, (H + 2 * pad - dilation * (k - 1) - 1) // stride + 1, ...]`, the width alike",
        args: &[
            Parameter::new("c", ArgKind::Count, Default::Value(Value::Same)),
            Parameter::new("k", ArgKind::Size, Default::Value(Value::Int(3))),
            Parameter::new("stride", ArgKind::Size, Default::Value(Value::Int(1))),
            Parameter::new("pad", ArgKind::Amount, Default::Rule("dilation * (k - 1) / 2")),
            Parameter::new("dilation", ArgKind::Size, Default::Value(Value::Int(1))),
            Parameter::new("groups", ArgKind::Count, Default::Value(Value::Int(1))),
            Parameter::new("bias", ArgKind::Bool, Default::Value(Value::Bool(false))),
            Parameter::new("init", ArgKind::FilterInit, Default::Rule(DEFAULT_INIT)),
            Parameter::new("train_weight", ArgKind::Bool, Default::Value(Value::Bool(true))),
        ],
        operands: (1, 1),
    };

    fn build(args: &Args) -> Result<Conv, ArgError> {
        let kernel = args.size("k")?;
        let dilation = args.size("dilation")?;
        let pad = match args.has("pad") {
            true => args.amount("pad")?,
            false if kernel.iter().all(|k| k % 2 == 1) => {
                [dilation[0] * (kernel[0] - 1) / 2, dilation[1] * (kernel[1] - 1) / 2]
            }
            false => {
                return Err(ArgError::new(
                    "k",
                    "an even `k` needs an explicit `pad`, such as `pad = 0` for patches",
                ));
            }
        };
        let (out, groups) = (args.count("c")?, args.count("groups")?);
        if out % groups != 0 {
            let message = format!("`groups` must divide the output channels: {out} / {groups}");
            return Err(ArgError::new("groups", message));
        }
        let init = args.filter_init("init")?;
        if groups > 1 && matches!(init, Some(Init::Dirac | Init::Whiten)) {
            return Err(ArgError::new(
                "init",
                "\"dirac\" and \"whiten\" are for a convolution of one group",
            ));
        }
        Ok(Conv {
            out,
            kernel,
            stride: args.size("stride")?,
            pad,
            dilation,
            groups,
            bias: args.bool("bias")?,
            init,
            train_weight: args.bool("train_weight")?,
        })
    }

    fn arguments(&self) -> Vec<Option<Value>> {
        vec![
            int(self.out),
            int_pair(self.kernel),
            int_pair(self.stride),
            int_pair(self.pad),
            int_pair(self.dilation),
            int(self.groups),
            Some(Value::Bool(self.bias)),
            self.init.and_then(init_value),
            (!self.train_weight).then_some(Value::Bool(false)),
        ]
    }

    fn traits(&self) -> Traits {
        // Such a convolution is refused for its padding, whatever its kernel size.
        let demand = if self.pads_past_its_reach() {
            Demand::Nothing
        } else {
            Demand::Window { position: 1 }
        };
        Traits {
            category: Category::Conv,
            pure: false,
            saved: Saved::OPERANDS,
            demand,
            ..Traits::PURE
        }
    }

    fn label(&self) -> String {
        let mut text =
            label::window(&format!("conv {}", self.out), self.kernel, self.stride, [1, 1]);
        if self.groups != 1 {
            text += &format!(", {} groups", self.groups);
        }
        if self.dilation != [1, 1] {
            text += &format!(", dilated {}", label::square(self.dilation));
        }
        text
    }

    fn shape(&self, operands: &[&Shape]) -> Result<Shape, ShapeError> {
        let [channels, h, w] = image("conv", operands[0])?;
        if channels % self.groups != 0 {
            return Err(ShapeError::new(format!(
                "expected channels divisible by groups = {}, got {channels} in {}",
                self.groups, operands[0]
            )));
        }
        let patch =
            [channels, self.kernel[0], self.kernel[1]].into_iter().fold(1u64, u64::saturating_mul);
        let filters = [patch, patch.saturating_mul(2)];
        if self.init == Some(Init::Whiten) && !filters.contains(&self.out) {
            let [kh, kw] = self.kernel;
            return Err(ShapeError::new(format!(
                "a whitened conv has one filter for each number of a patch, or two of opposite signs: expected c = {channels} * {kh} * {kw} = {}, or twice that, {}, got {}",
                filters[0], filters[1], self.out
            )));
        }
        let mut size = [0; 2];
        for (i, length) in [h, w].into_iter().enumerate() {
            let reach = self.reach(i);
            // oneDNN crashes on some windows that lie entirely in the padding.
            if self.pad[i] >= reach {
                let message = format!(
                    "expected padding smaller than the kernel's reach of {reach}, got {}: some windows would see nothing else",
                    self.pad[i]
                );
                return Err(ShapeError::new(message).help("put `pad` ahead of `conv`, or pad less"));
            }
            size[i] = windows(length, reach, self.stride[i], self.pad[i], false)
                .ok_or_else(|| too_large("kernel", reach, operands[0], self.pad))?;
        }
        Shape::new([self.out, size[0], size[1]])
    }

    fn tensors(&self, operands: &[&Shape]) -> Vec<TensorSpec> {
        let per_group = operands[0].channels() / self.groups;
        let fan_in = per_group.saturating_mul(self.kernel[0]).saturating_mul(self.kernel[1]);
        let dims = vec![self.out, per_group, self.kernel[0], self.kernel[1]];
        let mut tensors = weight_and_bias(dims, fan_in, self.bias, self.init);
        tensors[0].trained = self.train_weight;
        tensors
    }

    fn macs(&self, operands: &[&Shape], output: &Shape) -> u64 {
        let per_group = operands[0].channels() / self.groups;
        [per_group, self.kernel[0], self.kernel[1]]
            .into_iter()
            .fold(output.elements(), u64::saturating_mul)
    }
}

/// A linear layer. Weight `[out, in]`, bias `[out]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Linear {
    /// Output features.
    pub out: u64,
    /// Whether a bias is added.
    pub bias: bool,
    /// Initialisation of the weight; `None` for PyTorch's default.
    pub init: Option<Init>,
}

impl Rule for Linear {
    const SIGNATURE: Signature = Signature {
        name: "linear",
        doc: "fully connected layer on a vector",
        shape: "`[N, F]` to `[N, c]`",
        args: &[
            Parameter::new("c", ArgKind::Count, Default::Required),
            Parameter::new("bias", ArgKind::Bool, Default::Value(Value::Bool(true))),
            Parameter::new("init", ArgKind::Init, Default::Rule(DEFAULT_INIT)),
        ],
        operands: (1, 1),
    };

    fn build(args: &Args) -> Result<Linear, ArgError> {
        let init = args.has("init").then(|| args.init("init")).transpose()?;
        Ok(Linear { out: args.count("c")?, bias: args.bool("bias")?, init })
    }

    fn arguments(&self) -> Vec<Option<Value>> {
        vec![int(self.out), Some(Value::Bool(self.bias)), self.init.and_then(init_value)]
    }

    fn traits(&self) -> Traits {
        Traits {
            category: Category::Linear,
            pure: false,
            saved: Saved::OPERANDS,
            demand: Demand::Vector,
            ..Traits::PURE
        }
    }

    fn shape(&self, operands: &[&Shape]) -> Result<Shape, ShapeError> {
        match operands[0].dims() {
            [_] => Shape::new([self.out]),
            _ => Err(ShapeError::new(format!(
                "linear expected a vector [N, features], got {}",
                operands[0]
            ))
            .help("put `flatten` ahead of it")),
        }
    }

    fn tensors(&self, operands: &[&Shape]) -> Vec<TensorSpec> {
        let features = operands[0].channels();
        weight_and_bias(vec![self.out, features], features, self.bias, self.init)
    }

    fn macs(&self, operands: &[&Shape], _output: &Shape) -> u64 {
        operands[0].channels().saturating_mul(self.out)
    }
}

const DEFAULT_INIT: &str = "uniform within 1 / sqrt(inputs of an output)";

/// PyTorch's default: Kaiming uniform with a = sqrt 5, which is uniform within 1 / sqrt(fan_in);
/// the bias has the same bound (torch.nn.Conv2d and torch.nn.Linear, `reset_parameters`). `init`
/// applies to the weight only.
fn weight_and_bias(dims: Vec<u64>, fan_in: u64, bias: bool, init: Option<Init>) -> Vec<TensorSpec> {
    let bound = 1.0 / (fan_in as f64).sqrt();
    let uniform = Init::Uniform(-bound, bound);
    let out = dims[0];
    let role = if dims.len() == 4 { Role::Filters } else { Role::Matrix };
    let mut tensors = vec![TensorSpec {
        name: "weight",
        dims,
        init: init.unwrap_or(uniform),
        role,
        trained: true,
    }];
    if bias {
        tensors.push(TensorSpec {
            name: "bias",
            dims: vec![out],
            init: uniform,
            role: Role::Bias,
            trained: true,
        });
    }
    tensors
}
