"""Writes tests/cases/onnx: small models with what exporters write, made with ONNX's own package.

    python scripts/onnx/cases.py tests/cases/onnx
"""

import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

rng = np.random.default_rng(0)


def floats(*size):
    return (rng.standard_normal(size) / np.sqrt(np.prod(size[1:], initial=1))).astype(np.float32)


def ints(*values):
    return np.array(values, dtype=np.int64)


def scalar(x):
    return np.array(x, dtype=np.float32)


def model(name, nodes, weights, size=(3, 8, 8), classes=5, opset=17, batch="N"):
    """`nodes`: (op, inputs, output, attributes); what is in `weights` is an initializer."""
    protos = [helper.make_node(op, inputs, [output], name=f"n{i}", **attributes) for i, (op, inputs, output, attributes) in enumerate(nodes)]
    initializers = [numpy_helper.from_array(np.asarray(values), name) for name, values in weights.items()]
    graph = helper.make_graph(
        protos,
        "main_graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [batch, *size])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [batch, classes])],
        initializers,
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8, producer_name="cases.py")
    onnx.checker.check_model(made, full_check=True)
    onnx.save(made, FOLDER / f"{name}.onnx")


def conv(x, w, y, b=None, **attributes):
    return ("Conv", [x, w] + ([b] if b else []), y, attributes)


def cases():
    model(
        "linear_layers",
        [
            conv("x", "w", "a", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]),
            ("Add", ["a", "cb"], "b", {}),
            ("Clip", ["b", "zero", "six"], "c", {}),
            ("GlobalAveragePool", ["c"], "d", {}),
            ("Reshape", ["d", "flat"], "e", {}),
            ("MatMul", ["e", "m"], "f", {}),
            ("Add", ["mb", "f"], "g", {}),
            ("Relu", ["g"], "h", {}),
            ("Gemm", ["h", "k", "kb"], "y", {"alpha": 0.5, "beta": 2.0}),
        ],
        {"w": floats(6, 3, 3, 3), "cb": floats(1, 6, 1, 1), "zero": scalar(0), "six": scalar(6), "flat": ints(0, -1),
         "m": floats(6, 4), "mb": floats(4), "k": floats(4, 5), "kb": floats(5)},
    )
    model(
        "shape_arithmetic",
        [
            conv("x", "w", "a", "b", auto_pad="SAME_UPPER"),
            ("MaxPool", ["a"], "p", {"kernel_shape": [2, 2], "strides": [2, 2]}),
            ("Shape", ["p"], "s", {}),
            ("Gather", ["s", "first"], "n", {"axis": 0}),
            ("Unsqueeze", ["n", "zero"], "u", {}),
            ("Constant", [], "rest", {"value_ints": [-1]}),
            ("Concat", ["u", "rest"], "target", {"axis": 0}),
            ("Reshape", ["p", "target"], "f", {}),
            ("Dropout", ["f", "ratio"], "d", {}),
            ("Gemm", ["d", "k", "kb"], "y", {"transB": 1}),
        ],
        {"w": floats(4, 3, 3, 3), "b": floats(4), "first": np.array(0, dtype=np.int64), "zero": ints(0), "ratio": scalar(0.2), "k": floats(5, 64), "kb": floats(5)},
    )
    model(
        "constants",
        [
            ("Sub", ["x", "mean"], "s", {}),
            ("Div", ["s", "std"], "t", {}),
            conv("t", "w", "a", "b", kernel_shape=[1, 1]),
            ("Sigmoid", ["a"], "g", {}),
            ("Mul", ["a", "g"], "h", {}),
            ("Mul", ["h", "half"], "i", {}),
            ("ReduceMean", ["i"], "j", {"axes": [-1, -2], "keepdims": 0}),
            ("Identity", ["k0"], "k", {}),
            ("MatMul", ["j", "k"], "l", {}),
            ("Div", ["l", "four"], "m", {}),
            ("Softmax", ["m"], "y", {"axis": -1}),
        ],
        {"mean": floats(1, 3, 1, 1), "std": np.abs(floats(3, 1, 1)) + 0.5, "w": floats(6, 3, 1, 1), "b": floats(6), "half": scalar(0.5), "k0": floats(6, 5), "four": scalar(4)},
    )
    norm = {f"{k}{i}": v for i in range(3) for k, v in (("g", floats(4) + 1), ("o", floats(4)), ("m", floats(4)), ("v", np.abs(floats(4)) + 0.5))}
    blocks, x = [], "r"
    for i in range(3):
        blocks += [
            conv(x, f"w{i}", f"a{i}", kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
            ("BatchNormalization", [f"a{i}", f"g{i}", f"o{i}", f"m{i}", f"v{i}"], f"b{i}", {}),
            ("Relu", [f"b{i}"], f"c{i}", {}),
            ("Add", [f"c{i}", x], f"d{i}", {}),
        ]
        x = f"d{i}"
    model(
        "residual_blocks",
        [
            ("Pad", ["x", "pads"], "p", {"mode": "reflect"}),
            conv("p", "w", "r", kernel_shape=[3, 3]),
            *blocks,
            ("GlobalMaxPool", [x], "e", {}),
            ("Squeeze", ["e", "axes"], "f", {}),
            ("Gemm", ["f", "k"], "y", {"transB": 1}),
        ],
        {"pads": ints(0, 0, 1, 1, 0, 0, 1, 1), "w": floats(4, 3, 3, 3), **{f"w{i}": floats(4, 4, 3, 3) for i in range(3)}, **norm, "axes": ints(2, 3), "k": floats(5, 4)},
    )
    grown, names = [], ["a"]
    for i in range(3):
        x = "a" if i == 0 else f"c{i}"
        if i:
            grown.append(("Concat", list(names), x, {"axis": 1}))
        grown += [conv(x, f"w{i}", f"n{i}", kernel_shape=[3, 3], pads=[1, 1, 1, 1]), ("Relu", [f"n{i}"], f"r{i}", {})]
        names.append(f"r{i}")
    model(
        "dense_block",
        [
            conv("x", "w", "a", kernel_shape=[1, 1]),
            *grown,
            ("Concat", list(names), "all", {"axis": 1}),
            ("Resize", ["all", "", "scales"], "z", {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}),
            ("AveragePool", ["z"], "p", {"kernel_shape": [16, 16]}),
            ("Flatten", ["p"], "f", {}),
            ("Gemm", ["f", "k"], "y", {"transB": 1}),
        ],
        {"w": floats(4, 3, 1, 1), **{f"w{i}": floats(2, 4 + 2 * i, 3, 3) for i in range(3)}, "scales": np.array([1, 1, 2, 2], dtype=np.float32), "k": floats(5, 10)},
    )
    model(
        "old_opset",
        [
            conv("x", "w", "a", "b", kernel_shape=[3, 3], dilations=[2, 2], pads=[2, 2, 2, 2], group=3),
            ("Clip", ["a"], "c", {"min": 0.0, "max": 6.0}),
            ("Dropout", ["c"], "d", {"ratio": 0.1}),
            ("Pad", ["d"], "p", {"pads": [0, 0, 1, 1, 0, 0, 1, 1], "mode": "constant"}),
            ("AveragePool", ["p"], "q", {"kernel_shape": [10, 10]}),
            ("Squeeze", ["q"], "s", {"axes": [2, 3]}),
            ("Gemm", ["s", "k", "kb"], "y", {"transB": 1}),
        ],
        {"w": floats(6, 1, 3, 3), "b": floats(6), "k": floats(5, 6), "kb": floats(5)},
        opset=9,
        batch=1,
    )
    model(
        "unsupported",
        [
            ("Transpose", ["x"], "t", {"perm": [0, 1, 3, 2]}),
            conv("x", "w", "a", kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
            ("Softsign", ["a"], "h", {}),
            conv("h", "v", "b", kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
            ("Softsign", ["b"], "c", {}),
            ("ThresholdedRelu", ["x"], "l", {"alpha": 0.1}),
            ("Clip", ["x", "low", "high"], "m", {}),
            ("MaxPool", ["x"], "p", {"kernel_shape": [3, 3], "dilations": [2, 2], "pads": [2, 2, 2, 2]}),
            ("Concat", ["t", "c", "l", "m", "p"], "all", {"axis": 1}),
            ("GlobalAveragePool", ["all"], "e", {}),
            ("Flatten", ["e"], "f", {}),
            ("Gemm", ["f", "k"], "y", {"transB": 1}),
        ],
        {"w": floats(4, 3, 3, 3), "v": floats(4, 4, 3, 3), "low": scalar(-1), "high": scalar(1), "k": floats(5, 16)},
    )
    open_net = [conv("x", "w", "a", pads=[1, 1, 1, 1]), ("Relu", ["a"], "b", {}), ("GlobalAveragePool", ["b"], "c", {}), ("Flatten", ["c"], "f", {}), ("Gemm", ["f", "k"], "y", {"transB": 1})]
    weights = {"w": floats(4, 3, 3, 3), "k": floats(5, 4)}
    model("open_sizes", open_net, weights, size=(3, "height", "width"))
    lacking = [("Softsign", *node[1:]) if node[0] == "Relu" else node for node in open_net]
    model("open_sizes_and_missing_op", lacking, weights, size=(3, "height", "width"))


if __name__ == "__main__":
    FOLDER = Path(sys.argv[1])
    FOLDER.mkdir(parents=True, exist_ok=True)
    cases()
