"""The same nets in tract and in onnxruntime: one core, one thread each, alternating rounds.

    PYTHONPATH=assets/onnxruntime python3 matcher/benches/compare.py target/debug/matcher-eval assets

`make bench` does this. onnxruntime 1.32 refuses some block-quantized weights of these files (a block size beside one
scale for all), so weights are folded to floats here as well, by other code than ours; that both runtimes then give the
same outputs is checked.
"""

import os
import pathlib
import statistics
import subprocess
import sys
import time

import numpy
import onnx
import onnxruntime

NETS = {
    "detector": ("face_detection_yunet.onnx", (1, 3, 320, 320), "YuNet 320 x 320"),
    "embedder": ("face_recognition_sface.onnx", (1, 3, 112, 112), "SFace 112 x 112"),
}
ROUNDS, RUNS, WARM = 5, 20, 5


def folded(path, shape):
    """The model with plain weights and this input shape (opset 21: a scale holds for `block_size` elements of `axis`)."""
    model = onnx.load(path)
    graph = model.graph
    weights = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
    for node in [node for node in graph.node if node.op_type == "DequantizeLinear"]:
        values, *parameters = (weights[name] for name in node.input)
        attributes = {attribute.name: attribute.i for attribute in node.attribute}
        axis, block = attributes.get("axis", 1), attributes.get("block_size", 0)
        if parameters[0].size > 1 and block:
            parameters = [numpy.repeat(each, block, axis).take(range(values.shape[axis]), axis) for each in parameters]
        elif parameters[0].size > 1:
            along = [-1 if at == axis else 1 for at in range(values.ndim)]
            parameters = [each.reshape(along) for each in parameters]
        scale, zero = parameters if len(parameters) == 2 else (parameters[0], 0)
        floats = (values.astype("i4") - numpy.asarray(zero).astype("i4")).astype("f4") * scale
        graph.initializer.append(onnx.numpy_helper.from_array(floats.astype("f4"), node.output[0]))
        graph.node.remove(node)
    read = {name for node in graph.node for name in node.input}
    initialized = {tensor.name for tensor in graph.initializer}
    kept = [each for each in graph.input if each.name in read - initialized]
    del graph.input[:]
    graph.input.extend(kept)
    del graph.value_info[:]
    for output in graph.output:
        output.type.tensor_type.ClearField("shape")
    for dimension, length in zip(graph.input[0].type.tensor_type.shape.dim, shape, strict=True):
        dimension.dim_value = length
    return model.SerializeToString()


class Tract:
    """`matcher-eval nets`, pinned to the core of this process, which it inherits."""

    def __init__(self, program, models):
        command = [program, "nets", "--models", models]
        self.child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.load_ms = float(self.answer()[0])

    def ask(self, line, data=b""):
        self.child.stdin.write(line.encode() + b"\n" + data)
        self.child.stdin.flush()
        return self.answer()

    def answer(self):
        answer = self.child.stdout.readline().split()
        if not answer:
            sys.exit("matcher-eval ended: see its message above")
        return answer

    def run(self, name, data):
        ms, count = self.ask(name, data.tobytes())
        return float(ms), numpy.frombuffer(self.child.stdout.read(int(count) * 4), dtype="<f4")


class Onnxruntime:
    def __init__(self, models):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        files = {name: folded(os.path.join(models, file), shape) for name, (file, shape, _) in NETS.items()}
        began = time.perf_counter()
        load = lambda model: onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self.sessions = {name: load(model) for name, model in files.items()}
        self.load_ms = (time.perf_counter() - began) * 1e3

    def run(self, name, data):
        session = self.sessions[name]
        began = time.perf_counter()
        outputs = session.run(None, {session.get_inputs()[0].name: data})
        ms = (time.perf_counter() - began) * 1e3
        return ms, numpy.concatenate([output.ravel() for output in outputs])


def main():
    program, assets = sys.argv[1:]
    models = os.path.join(assets, "models")
    core = max(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})
    tract, reference = Tract(program, models), Onnxruntime(models)
    load = os.getloadavg()[0]
    print(f"One core ({core}), one thread; load of the machine {load:.1f}; onnxruntime {onnxruntime.__version__}.")
    print(f"Median of {ROUNDS} alternating rounds of {RUNS} runs, milliseconds.\n")
    print(f"{'net':<18}{'tract':>8}{'onnxruntime':>13}{'ratio':>7}   ratios of the rounds       greatest difference")
    for name, (_, shape, title) in NETS.items():
        data = numpy.random.default_rng(7).integers(0, 256, shape).astype("<f4")
        for runtime in (tract, reference):
            for _ in range(WARM):
                runtime.run(name, data)
        ours, theirs, ratios, difference = [], [], [], 0.0
        for _ in range(ROUNDS):
            # In turn run by run, so that whatever else the machine does meets both alike.
            pairs = [(tract.run(name, data), reference.run(name, data)) for _ in range(RUNS)]
            ours += [pair[0][0] for pair in pairs]
            theirs += [pair[1][0] for pair in pairs]
            ratios.append(statistics.median(ours[-RUNS:]) / statistics.median(theirs[-RUNS:]))
            difference = max(difference, max(float(abs(a[1] - b[1]).max()) for a, b in pairs))
        mine, other = statistics.median(ours), statistics.median(theirs)
        rounds = " ".join(f"{ratio:.2f}" for ratio in ratios)
        print(f"{title:<18}{mine:>8.1f}{other:>13.1f}{mine / other:>7.2f}   {rounds:<26} {difference:.1e}")
        if difference > 1e-2:
            sys.exit(f"{title}: the runtimes disagree by {difference}; these are not the same nets")
    print(f"{'load both nets':<18}{tract.load_ms:>8.0f}{reference.load_ms:>13.0f}\n")
    print("A face from its JPEG file, tract, milliseconds: decode, detect, align and embed, together")
    for path in sorted(pathlib.Path(assets, "faces").glob("*.jpg")):
        runs = [[float(part) for part in tract.ask(f"face {path}")] for _ in range(RUNS)]
        parts = [statistics.median(column) for column in zip(*runs)]
        print(f"{path.name:<18}" + "".join(f"{part:>8.1f}" for part in (*parts, statistics.median(map(sum, runs)))))


main()
