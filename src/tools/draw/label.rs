//! What stands on a box: what it is for, and numbers as people say them.

use crate::graph::Shape;
use crate::graph::op::Category;

/// What a box stands for, which decides its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum BoxKind {
    /// An op.
    Op(Category),
    /// A block drawn as one box.
    Block,
}

impl BoxKind {
    /// Its name in the legend and in class names.
    pub fn name(self) -> &'static str {
        match self {
            BoxKind::Op(Category::Io) => "input, output",
            BoxKind::Op(Category::Conv) => "convolution",
            BoxKind::Op(Category::Activation) => "norm, activation",
            BoxKind::Op(Category::Pool) => "pool",
            BoxKind::Op(Category::Join) => "join",
            BoxKind::Op(Category::Linear) => "linear, reshape",
            BoxKind::Block => "block",
        }
    }

    /// Its class in a picture's styles.
    pub fn class(self) -> &'static str {
        match self {
            BoxKind::Op(Category::Io) => "io",
            BoxKind::Op(Category::Conv) => "conv",
            BoxKind::Op(Category::Activation) => "act",
            BoxKind::Op(Category::Pool) => "pool",
            BoxKind::Op(Category::Join) => "join",
            BoxKind::Op(Category::Linear) => "lin",
            BoxKind::Block => "block",
        }
    }

    /// Fill, border and text colour. Text on fill has a contrast of at least 7 to 1.
    pub fn colours(self) -> [&'static str; 3] {
        match self {
            BoxKind::Op(Category::Io) => ["#f1f5f9", "#94a3b8", "#1e293b"],
            BoxKind::Op(Category::Conv) => ["#dbeafe", "#7fb0f5", "#172f6b"],
            BoxKind::Op(Category::Activation) => ["#fef3c7", "#e8c15a", "#5c2f0a"],
            BoxKind::Op(Category::Pool) => ["#fee2e2", "#f0a0a0", "#701414"],
            BoxKind::Op(Category::Join) => ["#dcfce7", "#7fcf9b", "#0f4424"],
            BoxKind::Op(Category::Linear) => ["#ede9fe", "#b5a4f5", "#3d1678"],
            BoxKind::Block => ["#e0f2fe", "#7cc4ee", "#0b3c59"],
        }
    }
}

/// A shape without its batch: `64×32×32`.
pub fn shape(shape: &Shape) -> String {
    shape.dims().iter().map(u64::to_string).collect::<Vec<_>>().join("×")
}

/// A count with an SI prefix: `369 k`, `1.79 G`.
pub fn count(n: u64) -> String {
    let (value, unit) = match n {
        0..1_000 => return n.to_string(),
        1_000..1_000_000 => (n as f64 / 1e3, "k"),
        1_000_000..1_000_000_000 => (n as f64 / 1e6, "M"),
        _ => (n as f64 / 1e9, "G"),
    };
    let digits = if value < 10.0 {
        2
    } else if value < 100.0 {
        1
    } else {
        0
    };
    format!("{value:.digits$} {unit}")
}
