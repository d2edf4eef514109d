//! What each op is in PyTorch.

use super::python::{number, size};
use crate::graph::op::{Conv, PadMode, UpsampleMode, Window};
use crate::graph::{Op, Shape};
use crate::lower::Step;

/// A module that computes an op of one operand.
#[derive(Debug, Clone)]
pub(super) struct Module {
    /// Its class.
    pub class: &'static str,
    /// What it is made with.
    pub settings: Vec<Setting>,
}

/// An argument of a class.
#[derive(Debug, Clone)]
pub(super) struct Setting {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// Whether it is given by position.
    pub positional: bool,
    /// Its value as Python writes it.
    pub value: String,
    /// The value that it has if none is given.
    pub default: Option<String>,
}

/// What an argument is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A number of channels or features.
    Channels,
    /// A size along both dimensions, or one for each.
    Size,
    /// Left, right, top, bottom, or one number.
    Sides,
    /// A number.
    Number,
    /// True or false.
    Flag,
    /// A word.
    Word,
}

impl Kind {
    /// The type of arguments with these values.
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

/// The module of an op; `None` for an input and for what joins several values.
pub(super) fn module(step: &Step) -> Option<Module> {
    let channels = |i: usize| step.operand_shapes.get(i).map_or(1, Shape::channels);
    let image = step.shape.image().is_some();
    let (class, settings) = match &step.op {
        Op::Input(_) | Op::Add(_) | Op::Mul(_) | Op::Concat(_) => return None,
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
        Op::Relu(op) => match op.max {
            None => ("nn.ReLU", Vec::new()),
            Some(6.0) => ("nn.ReLU6", Vec::new()),
            Some(max) => (
                "nn.Hardtanh",
                vec![
                    Setting::or("min_val", Kind::Number, number(0.0), number(-1.0)),
                    Setting::or("max_val", Kind::Number, number(max), number(1.0)),
                ],
            ),
        },
        Op::Gelu(_) => ("nn.GELU", Vec::new()),
        Op::Celu(op) => ("nn.CELU", vec![Setting::or("alpha", Kind::Number, number(op.alpha), number(1.0))]),
        Op::Silu(_) => ("nn.SiLU", Vec::new()),
        Op::Sigmoid(_) => ("nn.Sigmoid", Vec::new()),
        Op::Softmax(_) => {
            ("nn.Softmax", vec![Setting { positional: false, ..Setting::given("dim", Kind::Number, 1) }])
        }
        Op::Dropout(op) => ("nn.Dropout", vec![Setting::given("p", Kind::Number, number(op.p))]),
        Op::Identity(_) => ("nn.Identity", Vec::new()),
        Op::MaxPool(op) => ("nn.MaxPool2d", window(&op.0)),
        Op::AvgPool(op) => ("nn.AvgPool2d", window(&op.0)),
        Op::GlobalMaxPool(_) => ("nn.AdaptiveMaxPool2d", vec![Setting::given("output_size", Kind::Size, 1)]),
        Op::GlobalAvgPool(_) => ("nn.AdaptiveAvgPool2d", vec![Setting::given("output_size", Kind::Size, 1)]),
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
    Some(Module { class, settings })
}

/// The class of a product with a number, which PyTorch has no module for.
pub(super) const SCALE: &str = "Scale";

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
