//! Words of PyTorch, Keras, timm and ONNX, and how netc says the same.

/// What a word of another framework is here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Elsewhere {
    /// The same under this name.
    Named(&'static str),
    /// Nothing: it can be left out, for this reason.
    LeftOut(&'static str),
    /// Something that is written in another way, or that netc does not have.
    Otherwise(&'static str),
}

use Elsewhere::{LeftOut, Named, Otherwise};

type Words = (&'static [&'static str], Elsewhere);

/// Ops and layers. Those of the same name but for capitals, `_` and `2d` are not listed.
const OPS: &[Words] = &[
    (&["convolution", "conv2dlayer"], Named("conv")),
    (&["batchnorm", "batchnormalization", "batchnormalisation", "syncbatchnorm"], Named("bn")),
    (&["dense", "fc", "fullyconnected", "innerproduct", "gemm", "lazylinear"], Named("linear")),
    (&["maxpooling"], Named("maxpool")),
    (&["averagepool", "averagepooling", "meanpool"], Named("avgpool")),
    (
        &[
            "globalaveragepool",
            "globalaveragepooling",
            "adaptiveavgpool",
            "gap",
            "selectadaptivepool",
            "reducemean",
        ],
        Named("globalavgpool"),
    ),
    (&["globalmaxpooling", "adaptivemaxpool"], Named("globalmaxpool")),
    (&["swish"], Named("silu")),
    (&["lrelu", "leaky"], Named("leakyrelu")),
    (&["hswish", "hardsilu"], Named("hardswish")),
    (&["hsigmoid"], Named("hardsigmoid")),
    (&["cat", "concatenate", "concatenation"], Named("concat")),
    (&["plus", "sum", "addition"], Named("add")),
    (&["multiply", "times", "product"], Named("mul")),
    (&["subtract", "minus"], Named("sub")),
    (&["zeropad", "zeropadding", "padding"], Named("pad")),
    (&["upsampling", "resize", "interpolate", "upsamplingnearest"], Named("upsample")),
    (&["noop", "passthrough"], Named("identity")),
    (&["relu6", "clip", "clamp"], Otherwise("write `relu(max = 6)`")),
    (&["batchnormact"], Otherwise("write `bn -> relu`")),
    (&["mlp", "feedforward"], Otherwise("write `linear(256) -> gelu -> linear(64)`")),
    (
        &["input", "inputlayer"],
        Otherwise("an input is a statement of its own: `input image: [N, 3, 32, 32]`"),
    ),
    (
        &["rescaling", "normalize"],
        Otherwise("no part of a net: `netc train` normalises the images of a data set"),
    ),
    (
        &["slice", "split", "chunk", "gather", "narrow", "unbind"],
        Otherwise("netc has no parts of a value yet"),
    ),
    (&["layerscale", "gamma"], Otherwise("netc has no trained scale of channels but `bn` yet")),
    (&["prelu"], Otherwise("netc has no trained slope: `leakyrelu(slope = 0.25)` has a fixed one")),
    (&["rrelu"], Otherwise("netc has no random slope: `leakyrelu(slope = 0.25)` has a fixed one")),
    (
        &[
            "selu",
            "softplus",
            "softsign",
            "softmin",
            "softshrink",
            "hardshrink",
            "hardtanh",
            "tanhshrink",
            "glu",
            "swiglu",
            "geglu",
            "reglu",
            "crelu",
            "squaredrelu",
            "logsoftmax",
            "logsigmoid",
        ],
        Otherwise("netc has no such activation yet"),
    ),
    (&["tan", "atan"], Otherwise("netc has no tangent; the activation is `tanh`")),
    (
        &["sin", "cos", "exp", "log", "sqrt", "square", "pow", "abs", "erf"],
        Otherwise("netc has no such function of a value yet"),
    ),
    (&["reflectionpad"], Otherwise("write `pad(1, mode = \"reflect\")`")),
    (
        &["view", "reshape", "squeeze", "unflatten"],
        Otherwise("the one reshape is `flatten`, an image as a vector"),
    ),
    (
        &["permute", "transpose", "rearrange", "einsum"],
        Otherwise("netc has no reordering of axes: an image is always [N, C, H, W]"),
    ),
    (
        &["pixelshuffle", "depthtospace", "spacetodepth", "pixelunshuffle", "channelshuffle"],
        Otherwise("netc has no shuffling of pixels or channels yet"),
    ),
    (
        &[
            "convtranspose",
            "convt",
            "tconv",
            "upconv",
            "transposedconv",
            "conv2dtranspose",
            "deconv",
            "deconvolution",
        ],
        Otherwise(
            "netc has no transposed convolution yet: `upsample(2) -> conv(32)` enlarges an image",
        ),
    ),
    (
        &[
            "minpool",
            "globalminpool",
            "adaptiveminpool",
            "lppool",
            "fractionalmaxpool",
            "maxunpool",
            "blurpool",
            "softpool",
            "stochasticpool",
        ],
        Otherwise("netc has max pools and average pools only"),
    ),
    (
        &["pwconv", "pointwise", "pointwiseconv", "conv1x1"],
        Otherwise("a pointwise convolution is `conv(64, k = 1)`"),
    ),
    (
        &["gconv", "groupconv", "groupedconv", "groupedconvolution"],
        Otherwise("a grouped convolution is `conv(64, groups = 8)`"),
    ),
    (
        &["dilatedconv", "atrousconv"],
        Otherwise("a dilated convolution is `conv(64, dilation = 2)`"),
    ),
    (
        &["dconv", "dcn", "deformconv", "deformableconv", "condconv", "coordconv", "octconv"],
        Otherwise("netc has no such convolution yet"),
    ),
    (
        &["conv1d", "conv3d", "maxpool1d", "maxpool3d", "avgpool1d", "avgpool3d"],
        Otherwise("netc has images of two dimensions only"),
    ),
    (
        &["depthwiseconv", "depthwise", "dwconv"],
        Otherwise("a depthwise convolution has as many groups as channels: `conv(groups = same)`"),
    ),
    (
        &["separableconv", "sepconv", "sconv"],
        Otherwise("write `separable`, which `import std: separable` gives"),
    ),
    (
        &["seblock", "squeezeexcite", "squeezeexcitation", "semodule", "se"],
        Otherwise("write `squeeze_excite`, which `import std: squeeze_excite` gives"),
    ),
    (
        &["basicblock", "resblock", "residualblock"],
        Otherwise("write `basic`, which `import std: basic` gives"),
    ),
    (
        &["convbnrelu", "convbnact", "convnormact", "basicconv", "conv2dnormactivation"],
        Otherwise("write `conv_bn`, which `import std: conv_bn` gives"),
    ),
    (
        &[
            "ln",
            "gn",
            "in",
            "layernorm",
            "layernormalization",
            "groupnorm",
            "groupnormalization",
            "instancenorm",
            "instancenormalization",
            "rmsnorm",
            "globalresponsenorm",
            "localresponsenorm",
            "lrn",
            "weightnorm",
            "spectralnorm",
            "normalization",
        ],
        Otherwise("netc has no normalisation but `bn` yet"),
    ),
    (
        &[
            "attention",
            "multiheadattention",
            "selfattention",
            "mha",
            "scaleddotproductattention",
            "transformer",
            "transformerencoder",
            "transformerencoderlayer",
            "transformerblock",
        ],
        Otherwise("netc has no attention yet"),
    ),
    (&["embedding", "positionalencoding", "patchembed"], Otherwise("netc has no embeddings yet")),
    (&["lstm", "gru", "rnn", "bidirectional"], Otherwise("netc has no recurrent layers yet")),
    (&["droppath", "stochasticdepth"], Otherwise("netc has no stochastic depth yet")),
    (
        &["dropout1d", "dropout2d", "dropout3d", "spatialdropout", "alphadropout", "dropblock"],
        Otherwise("`dropout(p)` zeroes single elements, and is the one dropout of netc"),
    ),
    (
        &["sequential", "moduledict", "modulelist"],
        Otherwise("ops follow one another by `->`: `conv(64) -> bn -> relu`"),
    ),
    (
        &["crossentropyloss", "crossentropy", "mseloss", "nllloss", "loss"],
        Otherwise("the loss is no part of a net: `netc train` adds it to the output"),
    ),
    (&["divide", "div", "truediv"], Otherwise("write `mul(1/2)` for a division by 2")),
    (
        &["matmul", "bmm", "dot", "bilinear"],
        Otherwise("netc has no product of two values but `mul`, by elements"),
    ),
];

/// Arguments of ops.
const ARGUMENTS: &[Words] = &[
    (
        &[
            "kernelsize",
            "kernel",
            "ksize",
            "ks",
            "kernelshape",
            "filtersize",
            "poolsize",
            "windowsize",
            "window",
        ],
        Named("k"),
    ),
    (&["padding", "pads", "paddingsize", "p"], Named("pad")),
    (&["strides", "s"], Named("stride")),
    (&["dilations", "dilationrate", "d"], Named("dilation")),
    (
        &[
            "outchannels",
            "outfeatures",
            "filters",
            "numfilters",
            "features",
            "units",
            "channels",
            "width",
            "out",
            "outdim",
            "outplanes",
            "planes",
        ],
        Named("c"),
    ),
    (&["group", "numgroups", "g"], Named("groups")),
    (&["usebias", "b"], Named("bias")),
    (&["epsilon"], Named("eps")),
    (&["ceilmode"], Named("ceil")),
    (&["scalefactor", "scale", "scales"], Named("factor")),
    (&["negativeslope", "alpha"], Named("slope")),
    (&["rate", "prob", "ratio", "dropprob"], Named("p")),
    (&["weightinit", "kernelinitializer"], Named("init")),
    (
        &["reduction", "reductionratio", "rdratio"],
        Otherwise("the share of the channels that is left is given: `ratio = 1/16`"),
    ),
    (
        &[
            "inchannels",
            "infeatures",
            "numfeatures",
            "inputshape",
            "inputdim",
            "inplanes",
            "indim",
            "inputchannels",
        ],
        LeftOut("the size of what comes in is known"),
    ),
    (
        &["inplace", "device", "dtype", "trackrunningstats", "dataformat", "training"],
        LeftOut("netc does that itself"),
    ),
    (&["dim", "axis"], LeftOut("it is always along the channels")),
    (&["activation", "act"], Otherwise("an activation is an op of its own: `conv(64) -> relu`")),
    (&["name"], Otherwise("a name stands before the stage: `stem: conv(64)`")),
    (
        &["paddingmode"],
        Otherwise(
            "other padding than zeros is an op of its own: `pad(1, mode = \"reflect\") -> conv(64, pad = 0)`",
        ),
    ),
    (&["affine"], Otherwise("`train_gamma = false` keeps the scale as it is")),
];

/// Keys of recipes.
const SETTINGS: &[Words] = &[
    (&["lr", "learningrate", "maxlr", "baselr", "initiallr"], Named("peak_lr")),
    (&["optimizer", "optim", "opt"], Named("optimiser")),
    (&["batch", "bs", "batchsize"], Named("batch_size")),
    (&["numepochs", "nepochs", "maxepochs"], Named("epochs")),
    (&["wd", "l2", "decay"], Named("weight_decay")),
    (&["smoothing", "labelsmooth"], Named("label_smoothing")),
    (&["warmup", "warmupepochs"], Named("peak_epoch")),
    (&["beta1"], Named("adam_beta1")),
    (&["beta2"], Named("adam_beta2")),
    (&["betas"], Otherwise("they are two keys: `adam_beta1 = 0.9, adam_beta2 = 0.999`")),
    (&["emadecay"], Named("ema")),
    (&["hflip", "randomflip", "horizontalflip"], Named("flip")),
    (&["padding", "randomcrop", "crop"], Named("crop_pad")),
    (&["tta"], Named("test_views")),
    (
        &["scheduler", "schedule", "lrscheduler", "milestones", "gamma"],
        Otherwise(
            "the learning rate rises to `peak_lr` at `peak_epoch` and falls to 0; `lr_epochs` and `lr_values` give any other course",
        ),
    ),
    (
        &["loss", "criterion"],
        Otherwise("the loss is the cross-entropy of the output, with `label_smoothing`"),
    ),
    (&["steps", "numsteps", "maxsteps"], Otherwise("the length is given in epochs: `epochs = 24`")),
];

/// What an op or layer of another framework is here.
pub fn op(word: &str) -> Option<Elsewhere> {
    let last = word.rsplit('.').next().unwrap_or(word);
    let word = plain(last);
    find(OPS, &word).or_else(|| find(OPS, word.strip_suffix("2d")?))
}

/// The name of another framework's op as ops here are named, if there is one.
pub fn op_name(word: &str) -> String {
    let last = word.rsplit('.').next().unwrap_or(word);
    let word = plain(last);
    word.strip_suffix("2d").unwrap_or(&word).to_owned()
}

/// What an argument of another framework's op is here.
pub fn argument(word: &str) -> Option<Elsewhere> {
    find(ARGUMENTS, &plain(word))
}

/// What a value of another language is here.
pub fn value(word: &str) -> Option<&'static str> {
    ["true", "false"].into_iter().find(|value| value.eq_ignore_ascii_case(word))
}

/// What a word for the channels of the current value is here.
pub fn channels(word: &str) -> Option<&'static str> {
    ["in", "channels", "in_channels", "C"].contains(&word).then_some("same")
}

/// What a setting of another framework is among the keys of a recipe.
pub fn setting(word: &str) -> Option<Elsewhere> {
    find(SETTINGS, &plain(word))
}

/// Whether a dotted name begins with a module of another framework, as `nn.ReLU` does.
pub fn is_of_a_module(name: &str) -> bool {
    let modules = ["nn", "F", "torch", "layers", "keras", "tf", "flax", "timm"];
    name.split_once('.').is_some_and(|(module, _)| modules.contains(&module))
}

/// Whether a name is that of PyTorch's or Keras's container of layers that follow one another.
pub fn is_sequence(name: &str) -> bool {
    op_name(name).ends_with("sequential")
}

/// Whether two words differ in capitals and `_` at most.
pub fn is_same(word: &str, other: &str) -> bool {
    plain(word) == plain(other)
}

fn plain(word: &str) -> String {
    word.to_ascii_lowercase().replace('_', "")
}

fn find(table: &[Words], word: &str) -> Option<Elsewhere> {
    table.iter().find(|(words, _)| words.contains(&word)).map(|(_, meaning)| *meaning)
}
