"""Writes tests/cases/onnx/opsets.zip: ops as the opsets of ONNX have them, with what onnxruntime computes.

    python scripts/onnx/opsets.py tests/cases/onnx/opsets.zip                     writes them
    python scripts/onnx/opsets.py tests/cases/onnx/opsets.zip target/release/netc   judges what netc makes of them

Each model is NAME.onnx. NAME.safetensors has `images` and the `logits` of onnxruntime; of opsets that it does not run,
those of ONNX's reference or of a model of a later opset that says the same. A model without such a file is one that netc must refuse: there is no net for it.
"""

import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from safetensors.numpy import load_file, save_file

rng = np.random.default_rng(7)
IMAGE = (4, 6, 6)
# The first opset that onnxruntime runs.
RUNS_FROM = 7
OPSETS = range(1, 29)
MOST = 1e-5


def floats(*size):
    return (rng.standard_normal(size) * 0.5).astype(np.float32)


def ints(*values):
    return np.array(values, dtype=np.int64)


def scalar(x):
    return np.array(x, dtype=np.float32)


def flag(x):
    return np.array(x, dtype=np.bool_)


def expected(model, images):
    if model.opset_import[0].version < RUNS_FROM:
        return ReferenceEvaluator(model).run(None, {"x": images})[0]
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return session.run(None, {"x": images})[0]


def case(name, opset, nodes, weights=None, size=IMAGE, refused=False, output_rank=4, like=None):
    """`nodes`: (op, inputs, output or outputs, attributes); what is in `weights` is an initializer. `like` are nodes and
    weights of opset 13 that compute the same, for what neither onnxruntime nor the reference runs."""
    weights = weights or {}
    model = built(opset, nodes, weights, size)
    images = rng.standard_normal([2, *size]).astype(np.float32)
    judge = built(13, *like, size) if like else model
    logits = None if refused else expected(judge, images)
    rank = output_rank if refused else logits.ndim
    model.graph.output[0].CopyFrom(helper.make_tensor_value_info("y", TensorProto.FLOAT, [None] * rank))
    onnx.checker.check_model(model)
    name = f"{name}_{opset}"
    onnx.save(model, FOLDER / f"{name}.onnx")
    if not refused:
        save_file({"images": images, "logits": np.ascontiguousarray(logits)}, FOLDER / f"{name}.safetensors")
    WRITTEN.add(name)


def built(opset, nodes, weights, size):
    protos = []
    for i, (op, inputs, outputs, attributes) in enumerate(nodes):
        outputs = [outputs] if isinstance(outputs, str) else outputs
        protos.append(helper.make_node(op, inputs, outputs, name=f"n{i}", **attributes))
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", *size])
    inputs = [x]
    if opset < 9:
        # Before IR version 4 weights are inputs too.
        for key, values in weights.items():
            kind = helper.np_dtype_to_tensor_dtype(values.dtype)
            inputs.append(helper.make_tensor_value_info(key, kind, values.shape))
    graph = helper.make_graph(
        protos,
        "opsets",
        inputs,
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(values, key) for key, values in weights.items()],
    )
    ir = 3 if opset < 9 else 7 if opset < 13 else 8 if opset < 21 else 10
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=ir, producer_name="opsets.py")


def softmax():
    """Before version 13 over all dimensions from the axis on, later over one; with other defaults."""
    for opset in (1, 9, 11, 12):
        case("softmax_of_image_from_channels", opset, [("Softmax", ["x"], "y", {"axis": 1})], refused=True)
        case("softmax_of_image_by_default", opset, [("Softmax", ["x"], "y", {})], refused=True)
        case("softmax_of_image_over_last", opset, [("Softmax", ["x"], "y", {"axis": 3})], refused=True)
        case("softmax_of_pixel", opset, [("GlobalAveragePool", ["x"], "p", {}), ("Softmax", ["p"], "y", {"axis": 1})])
        case("softmax_of_vector", opset, [("Softmax", ["x"], "y", {})], size=(5,))
    case("softmax_counted_back", 11, [("Softmax", ["x"], "y", {"axis": -1})], size=(5,))
    for opset in (13, 20):
        case("softmax_of_image_over_channels", opset, [("Softmax", ["x"], "y", {"axis": 1})])
        case("softmax_of_image_counted_back", opset, [("Softmax", ["x"], "y", {"axis": -3})])
        case("softmax_of_image_by_default", opset, [("Softmax", ["x"], "y", {})], refused=True)
        case("softmax_of_vector", opset, [("Softmax", ["x"], "y", {})], size=(5,))


def norm():
    weights = lambda: {"s": floats(4) + 1, "b": floats(4), "m": floats(4), "v": np.abs(floats(4)) + 0.5}
    reads = ["x", "s", "b", "m", "v"]
    for opset, attributes in ((6, {"is_test": 1}), (6, {"is_test": 1, "spatial": 1}), (7, {}), (8, {"spatial": 1}), (9, {}), (14, {}), (15, {"training_mode": 0})):
        name = "norm" if len(attributes) < 2 else "norm_spatial"
        case(name, opset, [("BatchNormalization", reads, "y", {"epsilon": 1e-3, **attributes})], weights())
    case("norm_trains", 6, [("BatchNormalization", reads, "y", {})], weights(), refused=True)
    for opset in (7, 9):
        case("norm_trains", opset, [("BatchNormalization", reads, ["y", "mean", "var", "a", "c"], {})], weights(), refused=True)
    case("norm_trains", 15, [("BatchNormalization", reads, ["y", "mean", "var"], {"training_mode": 1})], weights(), refused=True)
    pixels = {key: np.abs(floats(4, 6, 6)) + 0.5 for key in "sbmv"}
    case("norm_of_pixels", 7, [("BatchNormalization", reads, "y", {"spatial": 0})], pixels, refused=True)


def dropout():
    case("dropout", 6, [("Dropout", ["x"], "y", {"is_test": 1, "ratio": 0.3})], like=([("Identity", ["x"], "y", {})], {}))
    case("dropout_trains", 6, [("Dropout", ["x"], "y", {"ratio": 0.3})], refused=True)
    for opset in (7, 10):
        case("dropout", opset, [("Dropout", ["x"], "y", {"ratio": 0.3})])
    for opset in (12, 13, 22):
        case("dropout", opset, [("Dropout", ["x"], "y", {"seed": 3})])
        case("dropout_with_ratio", opset, [("Dropout", ["x", "r"], "y", {})], {"r": scalar(0.3)})
        case("dropout_with_flag", opset, [("Dropout", ["x", "r", "t"], "y", {})], {"r": scalar(0.3), "t": flag(False)})
    case("dropout_flag_alone", 17, [("Dropout", ["x", "", "t"], "y", {})], {"t": flag(False)})
    case("dropout_trains", 17, [("Dropout", ["x", "r", "t"], "y", {})], {"r": scalar(0.3), "t": flag(True)}, refused=True)
    case("dropout_mask_is_read", 17, [("Dropout", ["x"], ["d", "mask"], {}), ("Cast", ["mask"], "c", {"to": 1}), ("Add", ["d", "c"], "y", {})], refused=True)


def sums():
    """Before version 7 an attribute said how shapes are brought together."""
    for opset in (4, 6):
        for op in ("Add", "Sub", "Mul", "Div"):
            channels = {"c": np.abs(floats(4)) + 0.5}
            like = [(op, ["x", "c"], "y", {})], {"c": channels["c"].reshape(4, 1, 1)}
            case(f"{op.lower()}_at_axis", opset, [(op, ["x", "c"], "y", {"broadcast": 1, "axis": 1})], channels, like=like)
        case("add_values", opset, [("Relu", ["x"], "r", {}), ("Add", ["x", "r"], "y", {})])
        case("mul_number", opset, [("Mul", ["x", "c"], "y", {"broadcast": 1})], {"c": scalar([0.5])})
        case("add_rows", opset, [("Add", ["x", "c"], "y", {"broadcast": 1, "axis": 2})], {"c": floats(6)}, refused=True)
        case("sum", opset, [("Relu", ["x"], "r", {}), ("Sum", ["x", "r", "x"], "y", {})])
        gemm = {"w": floats(3, 5), "b": floats(3)}
        like = [("Gemm", ["x", "w", "b"], "y", {"transB": 1})], gemm
        case("gemm", opset, [("Gemm", ["x", "w", "b"], "y", {"broadcast": 1, "transB": 1})], gemm, size=(5,), like=like)
    for opset in (7, 13, 14):
        for op in ("Add", "Sub", "Mul", "Div"):
            channels = {"c": np.abs(floats(4, 1, 1)) + 0.5}
            case(f"{op.lower()}_channels", opset, [(op, ["x", "c"], "y", {})], channels)
        case("add_columns", opset, [("Add", ["x", "c"], "y", {})], {"c": floats(6)}, refused=True)
        case("mul_of_higher_rank", opset, [("Mul", ["x", "c"], "y", {})], {"c": floats(1, 1, 1, 1, 1)}, refused=True)
    for opset in (7, 9, 11, 13):
        case("gemm", opset, [("Gemm", ["x", "w", "b"], "y", {"alpha": 0.5, "beta": 2.0})], {"w": floats(5, 3), "b": floats(1, 3)}, size=(5,))
        case("gemm_plus_examples", opset, [("Gemm", ["x", "w", "b"], "y", {})], {"w": floats(5, 2), "b": floats(2, 1)}, size=(5,), refused=True)
    case("gemm_without_bias", 11, [("Gemm", ["x", "w"], "y", {})], {"w": floats(5, 3)}, size=(5,))
    for opset in (8, 13):
        case("sum", opset, [("Relu", ["x"], "r", {}), ("Sum", ["x", "r", "x"], "y", {})])


def bounds():
    for opset in (4, 6, 10):
        like = [("Clip", ["x", "low", "high"], "y", {})], {"low": scalar(0), "high": scalar(0.7)}
        case("clip", opset, [("Clip", ["x"], "y", {"min": 0.0, "max": 0.7})], like=like)
        case("clip_both", opset, [("Clip", ["x"], "y", {"min": -0.5, "max": 0.7})], refused=True)
    for opset in (11, 12, 13):
        case("clip", opset, [("Clip", ["x", "low", "high"], "y", {})], {"low": scalar(0), "high": scalar(0.7)})
        case("clip_from_0", opset, [("Clip", ["x", "low"], "y", {})], {"low": scalar(0)})
        case("clip_both", opset, [("Clip", ["x", "low", "high"], "y", {})], {"low": scalar(-0.5), "high": scalar(0.7)}, refused=True)


def shapes():
    flat, weights = {"axis": 1}, {"w": floats(144, 3)}
    for opset in (1, 9, 11, 13, 21):
        case("flatten", opset, [("Flatten", ["x"], "f", flat), ("MatMul", ["f", "w"], "y", {})], weights)
    case("flatten_counted_back", 11, [("Flatten", ["x"], "f", {"axis": -3}), ("MatMul", ["f", "w"], "y", {})], weights)
    case("reshape", 4, [("Reshape", ["x"], "f", {"shape": [0, -1]}), ("MatMul", ["f", "w"], "y", {})], weights, like=([("Flatten", ["x"], "f", {}), ("MatMul", ["f", "w"], "y", {})], weights))
    for opset in (5, 13, 14, 21):
        case("reshape", opset, [("Reshape", ["x", "t"], "f", {}), ("MatMul", ["f", "w"], "y", {})], {**weights, "t": ints(0, -1)})
    pool = ("GlobalAveragePool", ["x"], "p", {})
    for opset in (1, 11):
        case("squeeze", opset, [pool, ("Squeeze", ["p"], "y", {"axes": [2, 3]})])
        case("unsqueeze", opset, [("Unsqueeze", ["c"], "u", {"axes": [1, 2]}), ("Conv", ["x", "w", "b"], "k", {}), ("Identity", ["k"], "y", {})],
             {"c": floats(4), "w": floats(2, 4, 1, 1), "b": floats(2)})
    for opset in (13, 21):
        case("squeeze", opset, [pool, ("Squeeze", ["p", "a"], "y", {})], {"a": ints(-1, -2)})
        case("unsqueeze", opset, [("Unsqueeze", ["c", "a"], "u", {}), ("Add", ["x", "u"], "y", {})], {"c": floats(4), "a": ints(1, 2)})
    for opset in (1, 11, 13):
        case("mean_of_pixels", opset, [("ReduceMean", ["x"], "y", {"axes": [2, 3], "keepdims": 0})])
        case("maximum_of_pixels", opset, [("ReduceMax", ["x"], "y", {"axes": [2, 3]})])
    case("mean_of_pixels", 18, [("ReduceMean", ["x", "a"], "y", {"keepdims": 0})], {"a": ints(2, 3)})
    for opset in (18, 20):
        case("maximum_of_pixels", opset, [("ReduceMax", ["x", "a"], "y", {})], {"a": ints(-1, -2)})
    case("mean_of_all", 13, [("ReduceMean", ["x"], "y", {})], refused=True)
    case("concat", 4, [("Concat", ["x", "x"], "y", {"axis": 1})])
    case("concat_by_default", 1, [("Concat", ["x", "x"], "y", {})], like=([("Concat", ["x", "x"], "y", {"axis": 1})], {}))
    case("concat_counted_back", 11, [("Concat", ["x", "x"], "y", {"axis": -3})])


def windows():
    weights = {"w": floats(3, 4, 3, 3)}
    conv = lambda **attributes: [("Conv", ["x", "w"], "y", attributes)]
    case("conv", 1, conv(pads=[1, 1, 1, 1]), weights)
    for opset in (11, 22):
        case("conv", opset, conv(pads=[1, 1, 1, 1], strides=[2, 1]), weights)
        case("conv_uneven", opset, conv(pads=[0, 1, 1, 0]), weights)
        for stride in (1, 2, 3):
            case(f"conv_same_upper_by_{stride}", opset, conv(auto_pad="SAME_UPPER", strides=[stride, stride]), weights)
            case(f"conv_same_lower_by_{stride}", opset, conv(auto_pad="SAME_LOWER", strides=[stride, stride]), weights)
        case("conv_dilated_uneven", opset, conv(pads=[0, 0, 2, 2], strides=[2, 2], dilations=[2, 2]), weights, size=(4, 9, 9))
    even = {"w": floats(3, 4, 2, 4)}
    case("conv_even_kernel", 13, conv(auto_pad="SAME_UPPER"), even)
    case("conv_even_kernel_lower", 13, conv(auto_pad="SAME_LOWER"), even)
    case("conv_grouped_uneven", 13, conv(pads=[0, 0, 1, 1], strides=[2, 2], group=2), {"w": floats(6, 2, 3, 3)})
    case("pad_before_conv", 13, [("Pad", ["x", "p"], "q", {}), ("Conv", ["q", "w"], "y", {"strides": [2, 2]})], {**weights, "p": ints(0, 0, 0, 0, 0, 0, 1, 1)})
    case("pad_before_relu", 13, [("Pad", ["x", "p"], "q", {}), ("Relu", ["q"], "y", {})], {"p": ints(0, 0, 0, 0, 0, 0, 1, 1)}, refused=True)
    case("pad", 1, [("Pad", ["x"], "y", {"paddings": [0, 0, 1, 2, 0, 0, 1, 2]})])
    for opset in (2, 10):
        case("pad", opset, [("Pad", ["x"], "y", {"pads": [0, 0, 1, 2, 0, 0, 1, 2], "mode": "reflect"})])
    for opset in (11, 13, 18, 21):
        case("pad", opset, [("Pad", ["x", "p"], "y", {})], {"p": ints(0, 0, 1, 2, 0, 0, 1, 2)})
        case("pad_with_ones", opset, [("Pad", ["x", "p", "c"], "y", {})], {"p": ints(0, 0, 1, 2, 0, 0, 1, 2), "c": scalar(1)}, refused=True)
    case("pad_of_axes", 18, [("Pad", ["x", "p", "", "a"], "y", {})], {"p": ints(2, 1, 2, 1), "a": ints(-1, 2)})
    case("pad_wraps", 19, [("Pad", ["x", "p"], "y", {"mode": "wrap"})], {"p": ints(0, 0, 1, 1, 0, 0, 1, 1)}, refused=True)


def pools():
    for opset in (1, 8, 10, 11, 12, 22):
        pool = lambda **attributes: [("MaxPool", ["x"], "y", {"kernel_shape": [3, 3], "strides": [2, 2], **attributes})]
        case("maxpool", opset, pool(pads=[1, 1, 1, 1]))
        case("maxpool_uneven", opset, pool(pads=[0, 0, 1, 1]))
        case("maxpool_same_upper", opset, pool(auto_pad="SAME_UPPER"))
        # The reference pads as SAME_UPPER says.
        lower = pool(auto_pad="SAME_LOWER")
        case("maxpool_same_lower", opset, lower, like=(lower, {}) if opset < RUNS_FROM else None)
        if opset >= 10:
            case("maxpool_ceil", opset, pool(ceil_mode=1))
            case("maxpool_dilated", opset, pool(dilations=[2, 2]), refused=True)
    case("maxpool_indices_are_read", 12, [("MaxPool", ["x"], ["p", "i"], {"kernel_shape": [2, 2]}), ("Cast", ["i"], "c", {"to": 1}), ("Add", ["p", "c"], "y", {})], refused=True)
    for opset in (1, 7, 10, 11, 19, 22):
        pool = lambda **attributes: [("AveragePool", ["x"], "y", {"kernel_shape": [3, 3], "strides": [2, 2], **attributes})]
        case("avgpool", opset, pool())
        case("avgpool_leaves_padding_out", opset, pool(pads=[1, 1, 1, 1]), refused=True)
        case("avgpool_hangs_over", opset, pool(pads=[0, 0, 1, 1]), refused=opset < 7)
        if opset >= 7:
            case("avgpool_counts_padding", opset, pool(pads=[1, 1, 1, 1], count_include_pad=1))
        if opset >= 10:
            case("avgpool_ceil", opset, pool(ceil_mode=1))
            case("avgpool_ceil_counts_padding", opset, pool(ceil_mode=1, pads=[1, 1, 1, 1], count_include_pad=1), size=(4, 7, 7))
        if opset >= 19:
            case("avgpool_dilated", opset, pool(dilations=[2, 2]), refused=True)
    for opset in (1, 22):
        case("global_pools", opset, [("GlobalMaxPool", ["x"], "a", {}), ("GlobalAveragePool", ["x"], "b", {}), ("Concat", ["a", "b"], "y", {"axis": 1})])


def resize():
    for opset, scale in ((7, {}), (9, None)):
        scales = [1.0, 1.0, 2.0, 3.0]
        node = ("Upsample", ["x"], "y", {"scales": scales}) if opset < 9 else ("Upsample", ["x", "s"], "y", {})
        case("upsample", opset, [node], {} if opset < 9 else {"s": scalar(scales)})
    case("resize", 10, [("Resize", ["x", "s"], "y", {"mode": "nearest"})], {"s": scalar([1, 1, 2, 3])})
    case("resize_linear", 10, [("Resize", ["x", "s"], "y", {"mode": "linear"})], {"s": scalar([1, 1, 2, 2])}, refused=True)
    for opset in (11, 13, 18, 19):
        empty = {"roi": np.array([], dtype=np.float32), "s": scalar([1, 1, 2, 3])}
        case("resize", opset, [("Resize", ["x", "roi", "s"], "y", {"mode": "nearest"})], empty)
        case("resize_linear", opset, [("Resize", ["x", "roi", "s"], "y", {"mode": "linear"})], empty)
        case("resize_cubic", opset, [("Resize", ["x", "roi", "s"], "y", {"mode": "cubic"})], empty, refused=True)
        case("resize_corners", opset, [("Resize", ["x", "roi", "s"], "y", {"mode": "linear", "coordinate_transformation_mode": "align_corners"})], empty, refused=True)


def constants():
    """What is computed of constants alone is a constant."""
    for opset in (9, 13):
        unsqueeze = ("Unsqueeze", ["n"], "u", {"axes": [0]}) if opset < 13 else ("Unsqueeze", ["n", "zero"], "u", {})
        slice_ = ("Slice", ["s"], "tail", {"starts": [1], "ends": [4]}) if opset < 10 else ("Slice", ["s", "one", "four"], "tail", {})
        # x.view(x.size(0), c * h * w)
        case("view", opset, [
            ("Shape", ["x"], "s", {}), ("Gather", ["s", "first"], "n", {}), unsqueeze,
            slice_, ("Gather", ["tail", "i0"], "c", {}), ("Gather", ["tail", "i1"], "h", {}), ("Gather", ["tail", "i2"], "w", {}),
            ("Mul", ["c", "h"], "ch", {}), ("Mul", ["ch", "w"], "chw", {}),
            ("Unsqueeze", ["chw"], "v", {"axes": [0]}) if opset < 13 else ("Unsqueeze", ["chw", "zero"], "v", {}),
            ("Concat", ["u", "v"], "t", {"axis": 0}), ("Reshape", ["x", "t"], "f", {}), ("MatMul", ["f", "k"], "y", {}),
        ], {"first": np.array(0), "i0": np.array(0), "i1": np.array(1), "i2": np.array(-1), "zero": ints(0), "one": ints(1), "four": ints(4), "k": floats(144, 3)})
        case("weight_by_nodes", opset, [
            ("ConstantOfShape", ["t"], "a", {"value": numpy_helper.from_array(scalar([0.25]))}),
            ("Transpose", ["w"], "tw", {"perm": [3, 2, 0, 1]}),
            ("Add", ["a", "tw"], "k", {}), ("Mul", ["k", "half"], "k2", {}), ("Sqrt", ["four"], "two", {}), ("Div", ["k2", "two"], "k3", {}),
            ("Neg", ["k3"], "k4", {}), ("Reshape", ["b", "rb"], "b1", {}), ("Squeeze", ["b1"], "b2", {}),
            ("Conv", ["x", "k4", "b2"], "y", {}),
        ], {"t": ints(2, 4, 1, 1), "w": floats(2, 4, 1, 1).transpose(2, 3, 1, 0).copy(), "half": scalar(0.5), "four": scalar(4), "b": floats(2), "rb": ints(1, -1)})
    case("range_and_where", 13, [
        ("Range", ["i0", "i4", "i1"], "r", {}), ("Cast", ["r"], "f", {"to": 1}),
        ("Equal", ["r", "i1"], "e", {}), ("Where", ["e", "two", "f"], "c", {}),
        ("Unsqueeze", ["c", "a"], "u", {}), ("Expand", ["u", "t"], "v", {}), ("Add", ["x", "v"], "y", {}),
    ], {"i0": np.array(0), "i1": np.array(1), "i4": np.array(4), "two": scalar(2), "a": ints(1, 2), "t": ints(1, 1, 1, 1)})
    case("slices", 13, [("Slice", ["c", "s", "e", "a", "st"], "d", {}), ("Unsqueeze", ["d", "ax"], "u", {}), ("Mul", ["x", "u"], "y", {})],
         {"c": floats(9), "s": ints(-1), "e": ints(-100), "a": ints(0), "st": ints(-2), "ax": ints(1, 2)} | {"c": floats(7)})
    case("size_by_arithmetic", 11, [
        ("Shape", ["x"], "s", {}), ("Slice", ["s", "two", "four"], "hw", {}), ("Cast", ["hw"], "f", {"to": 1}), ("Mul", ["f", "scale"], "g", {}), ("Floor", ["g"], "h", {}),
        ("Cast", ["h"], "i", {"to": 7}), ("Slice", ["s", "zero", "two"], "nc", {}), ("Concat", ["nc", "i"], "sizes", {"axis": 0}),
        ("Resize", ["x", "none", "none", "sizes"], "y", {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}),
    ], {"zero": ints(0), "two": ints(2), "four": ints(4), "scale": scalar([2, 2]), "none": np.array([], dtype=np.float32)})
    case("cast_by_name", 5, [("Cast", ["x"], "c", {"to": "FLOAT"}), ("Relu", ["c"], "y", {})], like=([("Relu", ["x"], "y", {})], {}))
    for opset in (6, 9, 13, 19):
        case("cast", opset, [("Cast", ["x"], "c", {"to": 1}), ("Relu", ["c"], "y", {})])
    case("cast_to_halves", 13, [("Cast", ["x"], "c", {"to": 10}), ("Cast", ["c"], "y", {"to": 1})], refused=True)
    case("dead_nodes", 14, [("LRN", ["x"], "l", {"size": 3}), ("HardSwish", ["l"], "m", {}), ("Relu", ["x"], "y", {})])


def gelu():
    """`x / sqrt(2)`, `Erf`, `+ 1`, `* x`, `* 0.5` in the orders that exporters write."""
    root, half, one = {"r": scalar(2**0.5)}, {"h": scalar(0.5)}, {"one": scalar(1)}
    start = [("Div", ["x", "r"], "a", {}), ("Erf", ["a"], "b", {}), ("Add", ["b", "one"], "c", {})]
    weights = root | half | one
    case("gelu_value_then_half", 13, [*start, ("Mul", ["x", "c"], "d", {}), ("Mul", ["d", "h"], "y", {})], weights)
    case("gelu_half_then_value", 13, [*start, ("Mul", ["h", "c"], "d", {}), ("Mul", ["d", "x"], "y", {})], weights)
    case("gelu_half_of_value", 9, [("Mul", ["x", "h"], "e", {}), *start, ("Mul", ["e", "c"], "y", {})], weights)
    times = [("Mul", ["x", "r"], "a", {}), ("Erf", ["a"], "b", {}), ("Add", ["one", "b"], "c", {})]
    case("gelu_by_factor", 13, [*times, ("Mul", ["c", "x"], "d", {}), ("Div", ["d", "two"], "y", {})], {"r": scalar(2**-0.5), "two": scalar(2)} | one)
    case("gelu", 20, [("Gelu", ["x"], "y", {})])
    case("gelu_by_tanh", 20, [("Gelu", ["x"], "y", {"approximate": "tanh"})], refused=True)
    case("erf_alone", 13, [("Erf", ["x"], "y", {})], refused=True)
    case("erf_of_another_factor", 13, [*start, ("Mul", ["x", "c"], "d", {}), ("Mul", ["d", "h"], "y", {})], {"r": scalar(1.5)} | half | one, refused=True)
    case("gelu_twice_as_large", 13, [*start, ("Mul", ["x", "c"], "y", {})], weights, refused=True)
    case("gelu_gate_of_another", 13, [*start, ("Relu", ["x"], "e", {}), ("Mul", ["e", "c"], "d", {}), ("Mul", ["d", "h"], "y", {})], weights, refused=True)


def elementwise():
    for opset in (1, 6, 13, 14):
        case("relu", opset, [("Relu", ["x"], "y", {})])
    for opset in (1, 6, 13):
        case("sigmoid", opset, [("Sigmoid", ["x"], "y", {})])
    for opset in (1, 13, 14, 16, 19, 21):
        case("identity", opset, [("Identity", ["x"], "i", {}), ("Relu", ["i"], "y", {})])
    for opset in (12, 28):
        case("celu", opset, [("Celu", ["x"], "y", {"alpha": 0.7})])
    case("swish", 24, [("Swish", ["x"], "y", {})])
    case("swish_of_alpha", 24, [("Swish", ["x"], "y", {"alpha": 0.5})], refused=True)
    case("relu_in_place", 5, [("Relu", ["x"], "y", {"consumed_inputs": [0]})])
    for opset in (1, 6, 13):
        case("tanh", opset, [("Tanh", ["x"], "y", {})])
    for opset in (1, 6, 16):
        case("leaky_relu", opset, [("LeakyRelu", ["x"], "y", {})])
        case("leaky_relu_of_alpha", opset, [("LeakyRelu", ["x"], "y", {"alpha": 0.3})])
    for opset in (1, 6, 22):
        case("elu", opset, [("Elu", ["x"], "y", {})])
        case("elu_of_alpha", opset, [("Elu", ["x"], "y", {"alpha": 0.3})])
    sixth = {"alpha": 1 / 6}
    for opset in (1, 6, 22):
        case("hard_sigmoid", opset, [("HardSigmoid", ["x"], "y", sixth)])
        case("hard_sigmoid_by_default", opset, [("HardSigmoid", ["x"], "y", {})], refused=True)
    case("hard_swish_in_two", 13, [("HardSigmoid", ["x"], "g", sixth), ("Mul", ["x", "g"], "y", {})])
    for opset in (14, 22):
        case("hard_swish", opset, [("HardSwish", ["x"], "y", {})])
    for opset in (18, 22):
        case("mish", opset, [("Mish", ["x"], "y", {})])
    for opset in (7, 13):
        case("difference", opset, [("Relu", ["x"], "r", {}), ("Sub", ["x", "r"], "y", {})])
        case("number_added", opset, [("Relu", ["x"], "r", {}), ("Add", ["half", "r"], "y", {})], {"half": scalar(0.5)})
        case("number_subtracted", opset, [("Relu", ["x"], "r", {}), ("Sub", ["r", "half"], "y", {})], {"half": scalar(0.5)})


def write(archive):
    for group in (softmax, norm, dropout, sums, bounds, shapes, windows, pools, resize, constants, gelu, elementwise):
        group()
    with zipfile.ZipFile(archive, "w") as out:
        for file in sorted(FOLDER.iterdir()):
            # The same bytes, whenever it is written.
            info = zipfile.ZipInfo(file.name, date_time=(2026, 1, 1, 0, 0, 0))
            out.writestr(info, file.read_bytes(), zipfile.ZIP_DEFLATED, 9)
    print(f"{len(WRITTEN)} models in {archive}")


def judged(netc, model):
    """What is wrong with netc's reading of a model; None if nothing is."""
    run = lambda *arguments: subprocess.run([netc, *map(str, arguments)], capture_output=True, text=True)
    net, weights, out = (FOLDER / f"it.{ending}" for ending in ("net", "safetensors", "logits"))
    done = run("import", model, "-o", net, "-o", weights)
    vectors = model.with_suffix(".safetensors")
    if not vectors.exists():
        return None if done.returncode == 1 and "does not have" in done.stderr else f"is not refused: {done.stderr}"
    done = done if done.returncode else run("logits", net, "--weights", weights, "--images", vectors, "--output", out)
    if done.returncode:
        return done.stderr
    found, right = load_file(out)["logits"], load_file(vectors)["logits"]
    if found.shape != right.shape:
        return f"gives {found.shape}, not {right.shape}"
    far = float(np.abs(found - right).max() / max(1, np.abs(right).max()))
    return None if far <= MOST else f"is off by {far:.1e}"


def judge(archive, netc):
    zipfile.ZipFile(archive).extractall(FOLDER / "models")
    models = sorted((FOLDER / "models").glob("*.onnx"))
    wrong = {model.stem: judged(netc, model) for model in models}
    wrong = {name: what for name, what in wrong.items() if what}
    for name, what in wrong.items():
        print(f"{name} {what}")
    print(f"{len(models)} models of opsets {OPSETS[0]} to {OPSETS[-1]}, {len(wrong)} read wrong")
    missing = unlisted()
    for what in missing:
        print(what)
    sys.exit(bool(wrong or missing))


def unlisted():
    """Versions of ops in docs/onnx.md's table that are not those of ONNX."""
    history = {}
    for schema in onnx.defs.get_all_schemas_with_history():
        if schema.domain == "":
            history.setdefault(schema.name, set()).add(schema.since_version)
    rows = re.findall(r"^\| `(\w+)` \| ([\d, ]+) \| ([\d, ]*)\|$", Path("docs/onnx.md").read_text(), re.MULTILINE)
    assert rows, "docs/onnx.md has no table of versions"
    versions = lambda text: {int(version) for version in text.split(",") if version.strip()}
    listed = {op: versions(read) | versions(refused) for op, read, refused in rows}
    return [f"{op}: ONNX has the versions {sorted(history[op])}, netc {sorted(found)}" for op, found in listed.items() if found != history[op]]


if __name__ == "__main__":
    WRITTEN = set()
    with tempfile.TemporaryDirectory() as folder:
        FOLDER = Path(folder)
        write(sys.argv[1]) if len(sys.argv) == 2 else judge(*sys.argv[1:3])
