"""One measurement of a program that evaluates ONNX models: whole evaluations of random images.

usage: bench/onnx_peer.py onnxruntime|openvino MODEL --tests N --image C H W [--bf16]

Images are bytes in memory, normalised batch by batch, as by bench/peer.py. Prints one line of JSON: images per second of `tests`
images in batches of at most 1000, after a warm-up of one batch.
"""

import argparse
import json
import time

import numpy

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("program", choices=["onnxruntime", "openvino"])
parser.add_argument("model")
parser.add_argument("--tests", type=int, required=True)
parser.add_argument("--image", type=int, nargs=3, required=True)
parser.add_argument("--threads", type=int, required=True)
parser.add_argument("--bf16", action="store_true")
args = parser.parse_args()


def onnxruntime():
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = args.threads
    session = onnxruntime.InferenceSession(args.model, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda images: session.run(None, {name: images})[0]


def openvino():
    import openvino

    core = openvino.Core()
    if args.bf16 and "BF16" not in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        raise SystemExit("this processor has no bf16 for OpenVINO")
    hints = {"INFERENCE_PRECISION_HINT": "bf16" if args.bf16 else "f32", "PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": args.threads}
    model = core.read_model(args.model)
    model.reshape([tested, *args.image])
    compiled = core.compile_model(model, "CPU", hints)
    return lambda images: compiled(images)[0]


tested = min(args.tests, 1000)
run = {"onnxruntime": onnxruntime, "openvino": openvino}[args.program]()
images = numpy.random.default_rng(0).integers(0, 256, (args.tests, *args.image), dtype=numpy.uint8)
mean = numpy.array([125.31, 122.95, 113.87], numpy.float32).reshape(3, 1, 1)
std = numpy.array([62.99, 62.09, 66.70], numpy.float32).reshape(3, 1, 1)


def test(count):
    start = time.perf_counter()
    for first in range(0, count, tested):
        run((images[first : first + tested] - mean) / std).argmax(1)
    return time.perf_counter() - start


test(tested)
print(json.dumps({"test": args.tests / test(args.tests)}))
