//! What calls of PyTorch, Keras and ONNX leave unsaid: names of arguments, and defaults.

use crate::diag::elsewhere;
use crate::graph::op::Signature;
use crate::syntax::ast::{Arg, Call};

/// Whose words a call is in: their order of arguments, and their defaults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framework {
    Pytorch,
    Keras,
    Onnx,
    /// netc's own, but for capitals.
    Own,
}

use Framework::{Keras, Onnx, Own, Pytorch};

/// The order in which ops take arguments without a name.
const ORDER: &[(Framework, &[&str], &[&str])] = &[
    (
        Pytorch,
        &["conv"],
        &[
            "in_channels",
            "out_channels",
            "kernel_size",
            "stride",
            "padding",
            "dilation",
            "groups",
            "bias",
        ],
    ),
    (Pytorch, &["linear"], &["in_features", "out_features", "bias"]),
    (Pytorch, &["bn"], &["num_features", "eps", "momentum", "affine"]),
    (Pytorch, &["maxpool"], &["kernel_size", "stride", "padding", "dilation"]),
    (Pytorch, &["avgpool"], &["kernel_size", "stride", "padding", "ceil_mode"]),
    (Pytorch, &["globalavgpool", "globalmaxpool"], &["output_size"]),
    (Pytorch, &["upsample"], &["size", "scale_factor", "mode"]),
    (Pytorch, &["pad"], &["padding"]),
    (Pytorch, &["flatten"], &["start_dim", "end_dim"]),
    (Pytorch, &["softmax"], &["dim"]),
    (Pytorch, &["dropout"], &["p", "inplace"]),
    (Pytorch, &["leakyrelu"], &["negative_slope", "inplace"]),
    (Pytorch, &["elu", "celu"], &["alpha", "inplace"]),
    (Pytorch, &["relu", "silu", "mish", "hardsigmoid", "hardswish"], &["inplace"]),
    (
        Keras,
        &["conv"],
        &[
            "filters",
            "kernel_size",
            "strides",
            "padding",
            "data_format",
            "dilation_rate",
            "groups",
            "activation",
            "use_bias",
        ],
    ),
    (Keras, &["linear"], &["units", "activation", "use_bias"]),
    (Keras, &["bn"], &["axis", "momentum", "epsilon"]),
    (Keras, &["maxpool", "avgpool"], &["pool_size", "strides", "padding"]),
    (Keras, &["upsample"], &["size", "data_format", "interpolation"]),
    (Keras, &["pad"], &["padding"]),
    (Keras, &["softmax"], &["axis"]),
    (Keras, &["dropout"], &["rate"]),
    (Keras, &["relu"], &["max_value"]),
    (Keras, &["leakyrelu"], &["negative_slope"]),
];

/// Of some ops of a framework: arguments with what they are where they are not given.
type Defaults = (Framework, &'static [&'static str], &'static [(&'static str, &'static str)]);

/// What others compute where nothing is said and netc computes something else.
const DEFAULTS: &[Defaults] = &[
    (Pytorch, &["conv"], &[("pad", "0"), ("bias", "true")]),
    (Keras, &["conv"], &[("pad", "0"), ("bias", "true")]),
    (Onnx, &["conv"], &[("pad", "0")]),
    (Onnx, &["maxpool", "avgpool"], &[("stride", "1")]),
    (Keras, &["maxpool", "avgpool"], &[("k", "2")]),
    (Keras, &["bn"], &[("eps", "1e-3"), ("momentum", "0.01")]),
    (Keras, &["leakyrelu"], &[("slope", "0.3")]),
];

impl Framework {
    pub(super) fn of(call: &Call, signature: &Signature) -> Framework {
        let name = call.name.node.as_str();
        let (path, layer) = name.rsplit_once('.').unwrap_or(("", name));
        let of_keras = ["dense", "batchnormalization"].contains(&layer.to_lowercase().as_str());
        let named = |name: &str| {
            call.args.iter().any(|arg| arg.name.as_ref().is_some_and(|own| own.node == name))
        };
        let own = path.is_empty() && signature.name == "conv";
        match () {
            () if path.contains("layers") || path.contains("keras") => Keras,
            () if of_keras || layer.ends_with("2D") => Keras,
            () if named("kernel_shape") => Onnx,
            () if own && !layer.ends_with("2d") => Own,
            () => Pytorch,
        }
    }
}

/// The names of the arguments that an op takes without one.
pub(super) fn order(framework: Framework, signature: &Signature) -> Vec<&'static str> {
    let listed =
        ORDER.iter().find(|(of, ops, _)| *of == framework && ops.contains(&signature.name));
    let own = signature.args.iter().filter(|arg| !arg.by_name).map(|arg| arg.name);
    listed.map_or_else(|| own.collect(), |(_, _, names)| names.to_vec())
}

/// The defaults of an op that are not those of netc.
pub(super) fn defaults(framework: Framework, op: &str) -> &'static [(&'static str, &'static str)] {
    let listed = DEFAULTS.iter().find(|(of, ops, _)| *of == framework && ops.contains(&op));
    listed.map_or(&[], |(_, _, defaults)| defaults)
}

/// Whether a call of PyTorch leaves out one of the sizes that it needs: that of what comes in.
pub(super) fn lacks_a_size(call: &Call, signature: &Signature, unnamed: usize) -> bool {
    let sizes: &[&str] = match signature.name {
        "conv" => &["in_channels", "out_channels", "kernel_size"],
        "linear" => &["in_features", "out_features"],
        _ => return false,
    };
    let is_size = |arg: &&Arg| {
        arg.name.as_ref().is_some_and(|name| {
            let meant = elsewhere::argument(&name.node);
            let alike = |size: &&str| elsewhere::argument(size) == meant;
            ["c", "k"].contains(&name.node.as_str()) || sizes.iter().any(alike)
        })
    };
    unnamed + call.args.iter().filter(is_size).count() < sizes.len()
}
