//! The PyTorch equivalent of each op.

use super::python::{number, size};
use crate::graph::op::{Conv, PadMode, PytorchArgument, PytorchModule, UpsampleMode, Window};
use crate::graph::{Op, Shape};
use crate::lower::Step;

/// A module for an op with one operand.
#[derive(Debug, Clone)]
pub(super) struct Module {
    /// Its class.
    pub class: &'static str,
    /// Its constructor arguments.
    pub settings: Vec<Setting>,
}

/// A constructor argument.
#[derive(Debug, Clone)]
pub(super) struct Setting {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: Kind,
    /// Whether it is positional.
    pub positional: bool,
    /// Its value as Python writes it.
    pub value: String,
    /// Its default.
    pub default: Option<String>,
}

/// The kind of an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A number of channels or features.
    Channels,
    /// A size for both dimensions, or one for each.
    Size,
    /// Left, right, top, bottom, or one number.
    Sides,
    /// A number.
    Number,
    /// True or false.
    Flag,
    /// A string.
    Word,
}

impl Kind {
    /// The type hint for arguments with these values.
    pub fn hint<'a>(self, mut values: impl Iterator<Item = &'a String>) -> &'static str {
        let several = values.any(|value| value.starts_with('('));
        match self {
            Kind::Channels => "int",
            Kind::Size if several => "int | tuple[int, int]",
            Kind::Sides if several => "int | tuple[int, int, int, int]",
            Kind::Size | Kind::Sides => "int",
            Kind::Number => "float",
            Kind::Flag => "bool",
            Kind::Word => "str",
        }
    }
}

impl Setting {
    fn given(name: &str, kind: Kind, value: impl ToString) -> Setting {
        let (name, value) = (name.to_string(), value.to_string());
        Setting { name, kind, positional: true, value, default: None }
    }

    fn or(name: &str, kind: Kind, value: impl ToString, default: impl ToString) -> Setting {
        let default = Some(default.to_string());
        Setting { positional: false, default, ..Setting::given(name, kind, value) }
    }
}

/// The syntax of an op in PyTorch.
#[derive(Debug, Clone)]
pub(super) enum Syntax {
    /// A module.
    Module(Module),
    /// An infix operator.
    Operator(&'static str),
    /// `torch.cat`.
    Cat,
    /// Nothing: it is the input.
    Given,
}

/// The module of an op; `None` for inputs and joins.
pub(super) fn module(step: &Step) -> Option<Module> {
    match syntax(step) {
        Syntax::Module(module) => Some(module),
        Syntax::Operator(_) | Syntax::Cat | Syntax::Given => None,
    }
}

/// The syntax of a step in PyTorch.
pub(super) fn syntax(step: &Step) -> Syntax {
    let channels = |i: usize| step.operand_shapes.get(i).map_or(1, Shape::channels);
    let image = step.shape.image().is_some();
    let (class, settings) = match &step.op {
        Op::Input(_) => return Syntax::Given,
        Op::Add(_) => return Syntax::Operator(" + "),
        Op::Sub(_) => return Syntax::Operator(" - "),
        Op::Mul(_) => return Syntax::Operator(" * "),
        Op::Concat(_) => return Syntax::Cat,
        Op::Conv(op) => ("nn.Conv2d", conv(op, channels(0))),
        Op::Linear(op) => (
            "nn.Linear",
            vec![
                Setting::given("in_features", Kind::Channels, channels(0)),
                Setting::given("out_features", Kind::Channels, op.out),
                flag("bias", op.bias, true),
            ],
        ),
        Op::BatchNorm(op) => (
            if image { "nn.BatchNorm2d" } else { "nn.BatchNorm1d" },
            vec![
                Setting::given("num_features", Kind::Channels, channels(0)),
                Setting::or("eps", Kind::Number, number(op.eps), number(1e-5)),
                Setting::or("momentum", Kind::Number, number(op.momentum), number(0.1)),
            ],
        ),
        Op::Activation(op) => {
            let PytorchModule { class, arguments } = op.pytorch();
            let setting = |PytorchArgument { name, value, default }| {
                Setting::or(name, Kind::Number, number(value), number(default))
            };
            (class, arguments.into_iter().map(setting).collect())
        }
        Op::Softmax(_) => (
            "nn.Softmax",
            vec![Setting { positional: false, ..Setting::given("dim", Kind::Number, 1) }],
        ),
        Op::Dropout(op) => ("nn.Dropout", vec![Setting::given("p", Kind::Number, number(op.p))]),
        Op::Identity(_) => ("nn.Identity", Vec::new()),
        Op::MaxPool(op) => ("nn.MaxPool2d", window(&op.0)),
        Op::AvgPool(op) => ("nn.AvgPool2d", window(&op.0)),
        Op::GlobalMaxPool(_) => {
            ("nn.AdaptiveMaxPool2d", vec![Setting::given("output_size", Kind::Size, 1)])
        }
        Op::GlobalAvgPool(_) => {
            ("nn.AdaptiveAvgPool2d", vec![Setting::given("output_size", Kind::Size, 1)])
        }
        Op::Offset(op) => (OFFSET, vec![Setting::given("number", Kind::Number, number(op.by))]),
        Op::Scale(op) => (SCALE, vec![Setting::given("factor", Kind::Number, number(op.by))]),
        Op::Flatten(_) => ("nn.Flatten", Vec::new()),
        Op::Pad(op) => {
            let [h, w] = op.amount;
            let sides = if h == w { h.to_string() } else { format!("({w}, {w}, {h}, {h})") };
            let class = match op.mode {
                PadMode::Zeros => "nn.ZeroPad2d",
                PadMode::Reflect => "nn.ReflectionPad2d",
            };
            (class, vec![Setting::given("padding", Kind::Sides, sides)])
        }
        Op::Upsample(op) => {
            let mode = match op.mode {
                UpsampleMode::Nearest => "nearest",
                UpsampleMode::Bilinear => "bilinear",
            };
            let factor = Setting::given("scale_factor", Kind::Size, size(op.factor));
            let mode = Setting::or("mode", Kind::Word, format!("{mode:?}"), "\"nearest\"");
            ("nn.Upsample", vec![Setting { positional: false, ..factor }, mode])
        }
    };
    Syntax::Module(Module { class, settings })
}

/// The class for a product with a number, which is not a PyTorch module.
pub(super) const SCALE: &str = "Scale";

/// The class for a sum with a number, likewise.
pub(super) const OFFSET: &str = "Offset";

fn flag(name: &str, value: bool, default: bool) -> Setting {
    let word = |value| if value { "True" } else { "False" };
    Setting::or(name, Kind::Flag, word(value), word(default))
}

fn conv(op: &Conv, channels: u64) -> Vec<Setting> {
    vec![
        Setting::given("in_channels", Kind::Channels, channels),
        Setting::given("out_channels", Kind::Channels, op.out),
        Setting::given("kernel_size", Kind::Size, size(op.kernel)),
        Setting::or("stride", Kind::Size, size(op.stride), 1),
        Setting::or("padding", Kind::Size, size(op.pad), 0),
        Setting::or("dilation", Kind::Size, size(op.dilation), 1),
        Setting::or("groups", Kind::Channels, op.groups, 1),
        flag("bias", op.bias, true),
    ]
}

fn window(window: &Window) -> Vec<Setting> {
    let kernel = size(window.kernel);
    vec![
        Setting::given("kernel_size", Kind::Size, &kernel),
        Setting::or("stride", Kind::Size, size(window.stride), &kernel),
        Setting::or("padding", Kind::Size, size(window.pad), 0),
        flag("ceil_mode", window.ceil, false),
    ]
}

/// A step in evaluation mode as a TorchScript expression. `of` gives the attribute of one of the
/// step's tensors.
pub fn torchscript(step: &Step, operands: &[String], of: &dyn Fn(&str) -> String) -> String {
    let x = operands.first().map_or("", String::as_str);
    let biased = |bias: bool| if bias { of("bias") } else { "None".to_string() };
    match &step.op {
        Op::Input(_) | Op::Dropout(_) | Op::Identity(_) => x.to_string(),
        Op::Conv(op) => format!(
            "torch.conv2d({x}, {}, {}, {:?}, {:?}, {:?}, {})",
            of("weight"),
            biased(op.bias),
            op.stride,
            op.pad,
            op.dilation,
            op.groups
        ),
        Op::Linear(op) => format!("torch.linear({x}, {}, {})", of("weight"), biased(op.bias)),
        Op::BatchNorm(op) => {
            let owned = ["weight", "bias", "running_mean", "running_var"].map(of).join(", ");
            format!("torch.batch_norm({x}, {owned}, False, {:?}, {:?}, True)", op.momentum, op.eps)
        }
        Op::Activation(op) => op.torchscript(x),
        Op::Softmax(_) => format!("torch.softmax({x}, 1)"),
        Op::MaxPool(op) => {
            let Window { kernel, stride, pad, ceil } = &op.0;
            format!(
                "torch.max_pool2d({x}, {kernel:?}, {stride:?}, {pad:?}, [1, 1], {})",
                truth(*ceil)
            )
        }
        Op::AvgPool(op) => {
            let Window { kernel, stride, pad, ceil } = &op.0;
            format!(
                "torch.avg_pool2d({x}, {kernel:?}, {stride:?}, {pad:?}, {}, True)",
                truth(*ceil)
            )
        }
        Op::GlobalMaxPool(_) => format!("torch.amax({x}, [2, 3], True)"),
        Op::GlobalAvgPool(_) => format!("torch.adaptive_avg_pool2d({x}, [1, 1])"),
        Op::Add(_) => operands.join(" + "),
        Op::Offset(op) => format!("{x} + {:?}", op.by),
        Op::Sub(_) => operands.join(" - "),
        Op::Mul(_) => operands.join(" * "),
        Op::Scale(op) => format!("{x} * {:?}", op.by),
        Op::Concat(_) => format!("torch.cat([{}], 1)", operands.join(", ")),
        Op::Flatten(_) => format!("torch.flatten({x}, 1)"),
        Op::Pad(op) => {
            let [h, w] = op.amount;
            match op.mode {
                PadMode::Zeros => format!("torch.constant_pad_nd({x}, [{w}, {w}, {h}, {h}])"),
                PadMode::Reflect => format!("torch.reflection_pad2d({x}, [{w}, {w}, {h}, {h}])"),
            }
        }
        Op::Upsample(op) => {
            let sizes =
                step.shape.dims().iter().skip(1).map(u64::to_string).collect::<Vec<_>>().join(", ");
            match op.mode {
                UpsampleMode::Nearest => format!("torch.upsample_nearest2d({x}, [{sizes}])"),
                UpsampleMode::Bilinear => {
                    format!("torch.upsample_bilinear2d({x}, [{sizes}], False)")
                }
            }
        }
    }
}

fn truth(value: bool) -> &'static str {
    if value { "True" } else { "False" }
}
