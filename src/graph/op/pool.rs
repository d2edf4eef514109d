use super::args::{ArgError, ArgKind, Args, Default, Parameter, Signature, int_pair};
use super::image::{image, too_large, windows};
use super::label;
use super::rule::Rule;
use super::traits::{Category, Demand, Saved, Traits};
use crate::graph::{Shape, ShapeError, Value};

/// The window of a pool.
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    /// Height and width.
    pub kernel: [u64; 2],
    /// Vertical and horizontal stride.
    pub stride: [u64; 2],
    /// Padding: rows above and below, columns left and right. Max pooling ignores it, average
    /// pooling counts it as zeros.
    pub pad: [u64; 2],
    /// Whether the last window may extend beyond the edge (PyTorch's `ceil_mode`).
    pub ceil: bool,
}

const WINDOWS: &str = "`[N, C, H, W]` to `[N, C, (H + 2 * pad - k) // stride + 1, ...]`, the width alike; rounded up with `ceil`";

const ARGS: &[Parameter] = &[
    Parameter::new("k", ArgKind::Size, Default::Required),
    Parameter::new("stride", ArgKind::Size, Default::Rule("k")),
    Parameter::new("pad", ArgKind::Amount, Default::Value(Value::Int(0))),
    Parameter::new("ceil", ArgKind::Bool, Default::Value(Value::Bool(false))),
];

impl Window {
    fn build(args: &Args) -> Result<Window, ArgError> {
        let kernel = args.size("k")?;
        let stride = if args.has("stride") { args.size("stride")? } else { kernel };
        let pad = args.amount("pad")?;
        if pad[0] * 2 > kernel[0] || pad[1] * 2 > kernel[1] {
            return Err(ArgError::new("pad", "`pad` may be at most half of `k`"));
        }
        Ok(Window { kernel, stride, pad, ceil: args.bool("ceil")? })
    }

    fn arguments(&self) -> Vec<Option<Value>> {
        vec![
            int_pair(self.kernel),
            int_pair(self.stride),
            int_pair(self.pad),
            Some(Value::Bool(self.ceil)),
        ]
    }

    fn is_one(&self) -> bool {
        self.kernel == [1, 1] && self.stride == [1, 1] && self.pad == [0, 0]
    }

    fn shape(&self, op: &str, operand: &Shape) -> Result<Shape, ShapeError> {
        let [channels, h, w] = image(op, operand)?;
        let mut size = [0; 2];
        for (i, length) in [h, w].into_iter().enumerate() {
            size[i] = windows(length, self.kernel[i], self.stride[i], self.pad[i], self.ceil)
                .ok_or_else(|| too_large("window", self.kernel[i], operand, self.pad))?;
        }
        Shape::new([channels, size[0], size[1]])
    }
}

macro_rules! pool {
    ($(#[doc = $doc:literal])+ $op:ident, $name:literal, $line:literal, $saved:expr) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, PartialEq)]
        pub struct $op(
            /// The window.
            pub Window,
        );

        impl Rule for $op {
            const SIGNATURE: Signature = Signature { name: $name, doc: $line, shape: WINDOWS, args: ARGS, operands: (1, 1) };

            fn build(args: &Args) -> Result<$op, ArgError> {
                Window::build(args).map($op)
            }

            fn arguments(&self) -> Vec<Option<Value>> {
                self.0.arguments()
            }

            fn traits(&self) -> Traits {
                Traits {
                    category: Category::Pool,
                    identity: self.0.is_one(),
                    saved: $saved,
                    demand: Demand::Window { position: 0 },
                    ..Traits::PURE
                }
            }

            fn label(&self) -> String {
                label::window($name, self.0.kernel, self.0.stride, self.0.kernel)
            }

            fn shape(&self, operands: &[&Shape]) -> Result<Shape, ShapeError> {
                self.0.shape($name, operands[0])
            }
        }
    };
}

pool! {
    /// The maximum of each window.
    MaxPool, "maxpool", "maximum of each window", Saved::INDICES
}
pool! {
    /// The mean of each window, padding counted as zeros.
    AvgPool, "avgpool", "mean of each window, padding included", Saved::OPERANDS
}

macro_rules! global_pool {
    ($(#[doc = $doc:literal])+ $op:ident, $name:literal, $line:literal, $saved:expr) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, PartialEq)]
        pub struct $op;

        impl Rule for $op {
            const SIGNATURE: Signature = Signature { name: $name, doc: $line, shape: "`[N, C, H, W]` to `[N, C, 1, 1]`", args: &[], operands: (1, 1) };

            fn build(_args: &Args) -> Result<$op, ArgError> {
                Ok($op)
            }

            fn arguments(&self) -> Vec<Option<Value>> {
                Vec::new()
            }

            fn traits(&self) -> Traits {
                Traits {
                    category: Category::Pool,
                    reshapes: true,
                    saved: $saved,
                    ..Traits::PURE
                }
            }

            fn shape(&self, operands: &[&Shape]) -> Result<Shape, ShapeError> {
                image($name, operands[0]).and_then(|[channels, _, _]| Shape::new([channels, 1, 1]))
            }
        }
    };
}

global_pool! {
    /// The maximum of each channel: `[N, channels, 1, 1]`.
    GlobalMaxPool, "globalmaxpool", "maximum of each channel, to [N, C, 1, 1]", Saved::INDICES
}
global_pool! {
    /// The mean of each channel: `[N, channels, 1, 1]`.
    GlobalAvgPool, "globalavgpool", "mean of each channel, to [N, C, 1, 1]", Saved::OPERANDS
}
